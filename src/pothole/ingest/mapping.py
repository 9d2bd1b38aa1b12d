"""The mapping: for every raw column its source column or constant, unit, sign and what marks an invalid value."""

from __future__ import annotations

import codecs
import difflib
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from pothole.errors import ConfigError
from pothole.tables import RAW

ISO = "iso"

#: Factors to the unit of a raw column, by that unit: standard gravity, international mile, nautical mile.
UNITS: dict[str, dict[str, float]] = {
    "m/s2": {"m/s2": 1.0, "g": 9.80665, "mg": 0.00980665},
    "deg/s": {"deg/s": 1.0, "rad/s": 57.29577951308232, "mdeg/s": 0.001},
    "km/h": {"km/h": 1.0, "m/s": 3.6, "mph": 1.609344, "knots": 1.852},
    "ms": {"ms": 1.0, "s": 1000.0, "us": 0.001, "ns": 0.000001, ISO: 1.0},
}


class Source(BaseModel):
    """Where a raw column comes from: a column, a constant, or a part of the file's name."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    column: str | None = None
    constant: str | float | int | None = None
    file_name: str | None = None
    """A regular expression whose first group, or whole match, in the file's name is the value."""
    unit: str | None = None
    scale: float = 1.0
    """A factor besides the unit's; -1 turns an axis round."""
    invalid: list[float | str] = []
    """Values, as the file has them, that mean that there is none."""
    zone: str | None = None
    """Time zone of ISO times that name none."""

    @model_validator(mode="before")
    @classmethod
    def _short(cls, given: Any) -> Any:
        """A bare name is a column's."""
        return {"column": given} if isinstance(given, str) else given

    @model_validator(mode="after")
    def _one_source(self) -> Source:
        given = [n for n in ("column", "constant", "file_name") if getattr(self, n) is not None]
        if len(given) != 1:
            raise ValueError(f"expected one of column, constant, file_name; found {', '.join(given) or 'none'}")
        if self.file_name is not None:
            _try(lambda: re.compile(str(self.file_name)), f"{self.file_name!r} is not a regular expression")
        if self.zone is not None:
            _try(lambda: ZoneInfo(str(self.zone)), f"unknown time zone {self.zone!r}, expected a name as Asia/Seoul")
        return self


class Csv(BaseModel):
    """How CSV files are written, where it is not seen from them."""

    model_config = ConfigDict(extra="forbid")

    encoding: str | None = None
    """Otherwise UTF-8, or what the byte order mark says."""
    delimiter: str | None = None
    """Otherwise the one of ``, ; tab |`` that is most frequent in the header."""
    decimal: Literal[".", ","] | None = None
    """Otherwise a comma where the delimiter is a semicolon, else a point."""
    skip_lines: int = 0
    """Lines before the header."""
    null_values: list[str] = ["", "NA", "N/A", "null", "NULL", "None", "nan", "NaN"]
    """Texts that mean that there is no value."""

    @model_validator(mode="after")
    def _usable(self) -> Csv:
        if self.encoding is not None:
            _try(
                lambda: codecs.lookup(str(self.encoding)), f"unknown encoding {self.encoding!r}, such as utf-8 or cp949"
            )
        if self.delimiter is not None and len(self.delimiter) != 1:
            raise ValueError(f"the delimiter is {self.delimiter!r}, expected one character")
        if self.skip_lines < 0:
            raise ValueError(f"skip_lines is {self.skip_lines}, expected 0 or more")
        return self


class Mapping(BaseModel):
    """A whole mapping file."""

    model_config = ConfigDict(extra="forbid")

    columns: dict[str, Source]
    csv: Csv = Csv()
    equal_times: Literal["spread", "keep"] = "spread"
    """Rows of one trip with one time: spread them up to the next time, or keep them for the day's gate to refuse."""

    @model_validator(mode="after")
    def _complete(self) -> Mapping:
        for name, source in self.columns.items():
            if name not in RAW.names:
                raise ValueError(f"unknown column {name}{_near(name, RAW.names)}")
            _check_unit(name, source)
        missing = [c.name for c in RAW.columns if not c.nullable and c.name not in self.columns]
        if missing:
            raise ValueError(f"no source for {', '.join(missing)} (a constant will do)")
        return self


def _check_unit(name: str, source: Source) -> None:
    """ValueError when a source's unit, scale or zone does not fit the raw column."""
    column = RAW.column(name)
    units = UNITS.get(column.unit)
    if column.type == "string" and (source.unit or source.scale != 1.0):
        raise ValueError(f"{name} is text: it has no unit and no scale")
    if name == "timestamp" and source.column is None:
        raise ValueError("timestamp must come from a column")
    if source.zone is not None and source.unit != ISO:
        raise ValueError(f"{name}: a zone is for times of unit {ISO}")
    if source.unit is None and units is not None and source.constant is None:
        raise ValueError(f"{name}: the unit is missing, expected one of {', '.join(units)}")
    if source.unit is not None and source.unit not in (units or [column.unit]):
        near = _near(source.unit, units or [])
        expected = f"one of {', '.join(units)}" if units else (column.unit or "none")
        raise ValueError(f"{name}: unknown unit {source.unit!r}, expected {expected}{near}")


def load(path: Path) -> Mapping:
    """A mapping file; ConfigError names the key, what was found and what was expected."""
    try:
        return parse(yaml.safe_load(path.read_text(encoding="utf-8")), str(path))
    except FileNotFoundError:
        raise ConfigError(f"there is no mapping {path}", hint="check --mapping") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError(f"cannot read the mapping {path}: {' '.join(str(error).split())}") from None


def parse(content: Any, where: str = "mapping") -> Mapping:
    """A mapping of what its YAML holds; see ``load``."""
    try:
        return Mapping.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        said = first["msg"].removeprefix("Value error, ")
        if first["type"] != "extra_forbidden":
            found = "" if first["type"] == "value_error" else f"; found {first['input']!r:.80}"
            raise ConfigError(f"{where}: {key + ': ' if key else ''}{said}{found}") from None
        levels: dict[str, type[BaseModel]] = {"columns": Source, "csv": Csv}
        known = list((levels.get(str(first["loc"][0]), Mapping) if len(first["loc"]) > 1 else Mapping).model_fields)
        hint = _near(str(first["loc"][-1]), known).lstrip("; ") or f"known keys: {', '.join(known)}"
        raise ConfigError(f"{where}: unknown key {key}", hint=hint) from None


def _try(action: Any, complaint: str) -> None:
    try:
        action()
    except (LookupError, ValueError, OSError, re.error):
        raise ValueError(complaint) from None


def _near(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean {near[0]}?" if near else ""
