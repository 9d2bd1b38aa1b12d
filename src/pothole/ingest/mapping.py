"""The mapping: for every raw column its source column or constant, unit, sign and what marks an invalid value."""

from __future__ import annotations

import difflib
import re
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from pothole.errors import ConfigError
from pothole.tables import RAW

#: Factors to the raw columns' units, by kind of quantity.
UNITS: dict[str, dict[str, float]] = {
    "acceleration": {"m/s2": 1.0, "g": 9.80665, "mg": 0.00980665},
    "turn rate": {"deg/s": 1.0, "rad/s": 57.29577951308232, "mdeg/s": 0.001},
    "speed": {"km/h": 1.0, "m/s": 3.6, "mph": 1.609344, "knots": 1.852},
    "time": {"ms": 1.0, "s": 1000.0, "us": 0.001, "ns": 0.000001, "iso": 1.0},
    "number": {"1": 1.0},
}


def quantity(column: str) -> str:
    """The kind of quantity of a raw column."""
    kinds = {"timestamp": "time", "velocity": "speed"}
    prefixes = {"accel": "acceleration", "gyro": "turn rate"}
    return kinds.get(column) or prefixes.get(column.split("_")[0], "number")


class Source(BaseModel):
    """Where a raw column comes from: a column, a constant, or a part of the file's name."""

    model_config = ConfigDict(extra="forbid")

    column: str | None = None
    constant: str | float | int | None = None
    file_name: str | None = None
    """A regular expression whose first group, or whole match, in the file's name is the value."""
    unit: str | None = None
    scale: float = 1.0
    """A factor besides the unit's; -1 turns an axis round."""
    invalid: list[float] = []
    """Values that mean that there is none."""
    zone: str | None = None
    """Time zone of ISO times that name none."""

    @model_validator(mode="after")
    def _one_source(self) -> Source:
        given = [n for n in ("column", "constant", "file_name") if getattr(self, n) is not None]
        if len(given) != 1:
            raise ValueError(f"expected one of column, constant, file_name; found {', '.join(given) or 'none'}")
        if self.file_name is not None:
            re.compile(self.file_name)
        return self


class Csv(BaseModel):
    """How CSV files are written, where it is not seen from them."""

    model_config = ConfigDict(extra="forbid")

    delimiter: str | None = None
    decimal: str = "."


class Mapping(BaseModel):
    """A whole mapping file."""

    model_config = ConfigDict(extra="forbid")

    columns: dict[str, Source]
    csv: Csv = Csv()

    @model_validator(mode="after")
    def _complete(self) -> Mapping:
        for name, source in self.columns.items():
            if name not in RAW.names:
                raise ValueError(f"unknown column {name}{_near(name, RAW.names)}")
            units = UNITS[quantity(name)]
            if source.unit is not None and source.unit not in units:
                raise ValueError(f"{name}: unknown unit {source.unit!r}; expected one of {', '.join(units)}")
        missing = [c.name for c in RAW.columns if not c.nullable and c.name not in self.columns]
        if missing:
            raise ValueError(f"no source for {', '.join(missing)} (a constant will do)")
        return self


def load(path: Path) -> Mapping:
    """A mapping file; ConfigError names the key, what was found and what was expected."""
    try:
        content: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
        return Mapping.model_validate(content)
    except FileNotFoundError:
        raise ConfigError(f"there is no mapping {path}", hint="check --mapping") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError, re.error) as error:
        raise ConfigError(f"cannot read the mapping {path}: {' '.join(str(error).split())}") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "mapping"
        hint = None
        if first["type"] == "extra_forbidden":
            fields = Source.model_fields if len(first["loc"]) > 1 else Mapping.model_fields
            hint = _near(str(first["loc"][-1]), list(fields)).strip(" ;") or f"known keys: {', '.join(fields)}"
        raise ConfigError(f"{path}: {where}: {first['msg']}", hint=hint) from None


def _near(name: str, known: Any) -> str:
    near = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean {near[0]}?" if near else ""
