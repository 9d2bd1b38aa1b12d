"""One typed configuration: defaults, then a YAML file, then the environment; validated at the door, passed down as
values.

A key that nobody reads is an error that names the nearest known one. The environment variable of
``stage1.detect.start_scales`` is
``POTHOLE__STAGE1__DETECT__START_SCALES``.
"""

from __future__ import annotations

import ast
import dataclasses
import difflib
import hashlib
import inspect
import json
import os
import textwrap
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml
from pydantic import TypeAdapter, ValidationError

from pothole.errors import ConfigError, UserError
from pothole.stages.settings import Stage1Settings, Stage2Settings

ENV_PREFIX = "POTHOLE__"


@dataclass(frozen=True)
class EngineSettings:
    """How much of the machine the embedded engine may use."""

    threads: int | None = None
    """Worker threads; none: one a core."""
    memory_gb: float | None = None
    """Memory limit in GB; beyond it the engine spills to disk; none: 80 % of the machine's."""
    batch_rows: int = 25_000_000
    """Raw rows that Stage 1 takes at once (whole trips), so that memory does not grow with the day."""
    spark_master: str = "local[*]"
    """Spark's master when ``--engine spark`` runs on this machine."""


@dataclass(frozen=True)
class Settings:
    """The whole configuration."""

    timezone: str = "Asia/Seoul"
    """Time zone whose calendar days are the batch dates."""
    max_refused_share: float = 0.2
    """Largest share of quarantined rows with which a run still succeeds."""
    lock_ttl_seconds: float = 900.0
    """After this long without a sign of life a run's lock on its date may be taken over."""
    stage1: Stage1Settings = field(default_factory=Stage1Settings)
    """From samples to impacts."""
    stage2: Stage2Settings = field(default_factory=Stage2Settings)
    """From impacts to potholes."""
    engine: EngineSettings = field(default_factory=EngineSettings)
    """How much of the machine the embedded engine may use."""


@dataclass(frozen=True)
class Config:
    """Validated settings and where each value came from (``default``, a file, an environment variable)."""

    settings: Settings
    sources: Mapping[str, str]

    @property
    def hash(self) -> str:
        """SHA-256 of the settings, 16 hex digits: the same settings, the same hash."""
        text = json.dumps(dataclasses.asdict(self.settings), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @property
    def zone(self) -> ZoneInfo:
        """The pipeline's time zone."""
        return ZoneInfo(self.settings.timezone)

    def day_limits_ms(self, day: str) -> tuple[int, int]:
        """Start and end of a batch date (YYYY-MM-DD) as UTC epoch milliseconds."""
        start = datetime.combine(date.fromisoformat(day), datetime.min.time(), self.zone)
        end = datetime.combine(date.fromisoformat(day) + timedelta(days=1), datetime.min.time(), self.zone)
        return tuple(int(t.astimezone(UTC).timestamp() * 1000) for t in (start, end))  # type: ignore[return-value]

    def rows(self) -> list[tuple[str, Any, str, str]]:
        """Every key with its value, its source and what it means."""
        docs = dict(_documented(Settings))
        return [
            (key, value, self.sources.get(key, "default"), docs.get(key, ""))
            for key, value in _flatten(dataclasses.asdict(self.settings))
        ]


def parse_date(text: str) -> str:
    """A batch date as YYYY-MM-DD; UserError for anything else."""
    try:
        if len(text) != 10:
            raise ValueError
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise UserError(f"{text!r} is not a date", hint="expected YYYY-MM-DD, such as 2026-02-12") from None


def load(file: Path | None = None, environ: Mapping[str, str] = os.environ) -> Config:
    """Defaults, then the file, then the environment; ConfigError names the key, what was found and what was
    expected."""
    given: dict[str, Any] = {}
    sources: dict[str, str] = {}
    if file is not None:
        for key, value in _flatten(_read_yaml(file)):
            _check_known(key, str(file))
            given[key], sources[key] = value, str(file)
    for name, text in sorted(environ.items()):
        if name.startswith(ENV_PREFIX):
            key = name.removeprefix(ENV_PREFIX).lower().replace("__", ".")
            _check_known(key, f"environment variable {name}")
            given[key], sources[key] = _parse_yaml(text, name), f"environment variable {name}"
    settings = _validate(_nest(given), sources)
    _check_zone(settings.timezone, sources.get("timezone", "default"))
    return Config(settings, sources)


def _read_yaml(file: Path) -> dict[str, Any]:
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigError(f"there is no configuration file {file}", hint="check --config") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read the configuration file {file}: {error}") from None
    content = _parse_yaml(text, str(file))
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise ConfigError(f"{file} holds a {type(content).__name__}, expected keys and values")
    return content


def _parse_yaml(text: str, where: str) -> Any:
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConfigError(f"{where} is not valid YAML: {' '.join(str(error).split())}") from None


def _check_known(key: str, where: str) -> None:
    known = [k for k, _ in _flatten(dataclasses.asdict(Settings()))]
    if key in known:
        return
    inner = [k for k in known if k.startswith(f"{key}.")]
    if inner:
        raise ConfigError(f"{where}: {key} is a section, expected keys below it", hint=f"such as {inner[0]}")
    near = difflib.get_close_matches(key, known, n=1, cutoff=0.4) or difflib.get_close_matches(
        key.rsplit(".", 1)[-1], [k.rsplit(".", 1)[-1] for k in known], n=1
    )
    hint = f"did you mean {near[0]}?" if near else "`pothole config show` lists all keys"
    raise ConfigError(f"{where}: unknown configuration key {key}", hint=hint)


def _validate(nested: dict[str, Any], sources: Mapping[str, str]) -> Settings:
    try:
        return TypeAdapter(Settings).validate_python(nested)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"] if not str(part).startswith(("tuple", "function")))
        name = next((k for k in sources if key == k or key.startswith(f"{k}.")), key)
        raise ConfigError(
            f"{sources.get(name, 'configuration')}: {name} is {first['input']!r}: {first['msg']}",
            hint=f"`pothole config show` tells what {name} means",
        ) from None


def _check_zone(name: str, source: str) -> None:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        from zoneinfo import available_timezones

        near = difflib.get_close_matches(name, available_timezones(), n=1, cutoff=0.4)
        hint = f"did you mean {near[0]}?" if near else "an IANA name, such as Asia/Seoul"
        raise ConfigError(f"{source}: unknown time zone {name!r}", hint=hint) from None


def _flatten(tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from _flatten(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _nest(flat: Mapping[str, Any]) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for key, value in flat.items():
        *path, last = key.split(".")
        branch = tree
        for part in path:
            branch = branch.setdefault(part, {})
        branch[last] = value
    return tree


def _documented(cls: type, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Keys of a settings class with the docstrings under its fields."""
    docs = _field_docstrings(cls)
    for f in dataclasses.fields(cls):
        kind = typing.get_type_hints(cls)[f.name]
        if dataclasses.is_dataclass(kind):
            yield from _documented(typing.cast(type, kind), f"{prefix}{f.name}.")
        else:
            yield f"{prefix}{f.name}", docs.get(f.name, "")


def _field_docstrings(cls: type) -> dict[str, str]:
    body = ast.parse(textwrap.dedent(inspect.getsource(cls))).body[0]
    assert isinstance(body, ast.ClassDef)
    docs: dict[str, str] = {}
    for statement, following in zip(body.body, body.body[1:], strict=False):
        if isinstance(statement, ast.AnnAssign) and isinstance(following, ast.Expr):
            target, value = statement.target, following.value
            if isinstance(target, ast.Name) and isinstance(value, ast.Constant):
                docs[target.id] = " ".join(str(value.value).split())
    return docs
