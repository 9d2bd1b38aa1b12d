"""The configuration's values: plain data classes, which a cluster reads with the standard library alone.

``config`` validates what a person wrote and gives a ``Config``; ``from_json`` reads it where that was done already.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import typing
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

from pothole.errors import ConfigError, UserError
from pothole.registry import STAGES
from pothole.stages.settings import Range, Share, Stage1Settings, Stage2Settings
from pothole.stages.stage import Stage


@dataclass(frozen=True)
class EngineSettings:
    """How much of the machine the embedded engine may use."""

    threads: Annotated[int | None, Range(1)] = None
    """Worker threads; none: one a core."""
    memory_gb: Annotated[float | None, Range(0, inside=True)] = None
    """Memory limit in GB; beyond it the engine spills to disk; none: 80 % of the machine's."""
    batch_rows: Annotated[int, Range(1)] = 25_000_000
    """Raw rows that Stage 1 takes at once (whole trips), so that memory does not grow with the day."""
    spark_master: str = "local[*]"
    """Spark's master when ``--engine spark`` runs on this machine."""


@dataclass(frozen=True)
class HouseSettings:
    """The configuration but for the sections of stages of one's own, which ``Settings`` has too."""

    timezone: str = "Asia/Seoul"
    """Time zone whose calendar days are the batch dates."""
    max_refused_share: Share = 0.2
    """Largest share of quarantined rows with which a run still succeeds."""
    lock_ttl_seconds: Annotated[float, Range(1)] = 900.0
    """After this long without a sign of life a run's lock on its date may be taken over."""
    stage1: Stage1Settings = field(default_factory=Stage1Settings)
    """From samples to impacts."""
    stage2: Stage2Settings = field(default_factory=Stage2Settings)
    """From impacts to potholes."""
    engine: EngineSettings = field(default_factory=EngineSettings)
    """How much of the machine the embedded engine may use."""


def _with_stages(house: type, stages: Iterable[Stage]) -> type:
    """The class with a section more for every stage whose settings it has not."""
    known = {f.name for f in dataclasses.fields(house)}
    own = [
        (s.name, s.settings, field(default_factory=s.settings)) for s in stages if s.settings and s.name not in known
    ]
    return dataclasses.make_dataclass("Settings", own, bases=(house,), frozen=True)


if TYPE_CHECKING:
    Settings = HouseSettings
else:
    Settings = _with_stages(HouseSettings, STAGES)


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


def parse_date(text: str) -> str:
    """A batch date as YYYY-MM-DD; UserError for anything else."""
    try:
        if len(text) != 10:
            raise ValueError
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise UserError(f"{text!r} is not a date", hint="expected YYYY-MM-DD, such as 2026-02-12") from None


def from_json(values: Mapping[str, Any], source: str) -> Config:
    """Settings as ``dataclasses.asdict`` and JSON have written them. ConfigError for an odd key."""
    settings = _build(Settings, values, source)
    return Config(settings, {key: source for key, _ in flatten(dataclasses.asdict(settings))})


def _build(kind: type, values: Mapping[str, Any], source: str, prefix: str = "") -> Any:
    types = typing.get_type_hints(kind)
    expected, found = {f.name for f in dataclasses.fields(kind)}, set(values)
    if expected != found:
        odd = sorted(expected ^ found)[0]
        what = "unknown" if odd in found else "missing"
        raise ConfigError(f"{source}: {prefix}{odd} is {what}", hint="`pothole deploy` writes this file: deploy again")
    given = {}
    for name, value in values.items():
        if dataclasses.is_dataclass(types[name]):
            given[name] = _build(typing.cast(type, types[name]), value, source, f"{prefix}{name}.")
        else:
            given[name] = tuple(value) if isinstance(value, list) else value
    return kind(**given)


def flatten(tree: Mapping[str, Any], prefix: str = "") -> typing.Iterator[tuple[str, Any]]:
    """Keys with dots, and their values."""
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from flatten(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value
