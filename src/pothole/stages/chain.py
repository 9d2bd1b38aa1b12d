"""The one way from raw rows to described impacts: a day's run, the classifier's lessons and recordings go it alike."""

from __future__ import annotations

from dataclasses import dataclass

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pothole.stages import describe, detect, locate, motion, orient, quality
from pothole.stages.frames import Keep
from pothole.stages.settings import Stage1Settings
from pothole.tables import QUARANTINE, TRAVERSALS


@dataclass(frozen=True)
class Gate:
    """What rows are held against before they are used; all of them must have ``source_file``."""

    start_ms: int
    end_ms: int
    """The day's limits, UTC epoch milliseconds."""
    unique: bool = False
    """No two rows share vehicle, trip and timestamp, and nobody need look for such."""
    rows: int | None = None
    """How many there are, if known: where as many are good, nobody need look for the others."""


@dataclass(frozen=True)
class Described:
    """The impacts of whole trips, and what else came to light on the way."""

    impacts: DataFrame
    """One row each, with place, features (``features.FEATURES``) and ``known``."""
    traversals: DataFrame
    """Columns of ``tables.TRAVERSALS``."""
    quarantine: DataFrame
    """Columns of ``tables.QUARANTINE``; no row without a gate."""
    used: DataFrame
    """The seconds with their ``sample_count``, whose sum is the number of good samples."""


def described(
    raw: DataFrame, structures: DataFrame | None, settings: Stage1Settings, gate: Gate | None, keep: Keep
) -> Described:
    """Find and describe the impacts in raw rows (columns of ``tables.RAW``) of whole trips.

    ``structures`` has the columns of ``tables.SPEED_BUMPS``; without them no impact is ``known``. Without a gate all
    rows are taken for good ones.
    """
    samples, seconds, refused = _gated(raw, settings, gate, keep)
    oriented = keep(orient.orient(seconds, settings.orient, keep))
    strong = keep(detect.with_strength(samples, oriented))
    scaled = keep(detect.with_surroundings(detect.with_scale(strong, settings.detect)))
    jolts = keep(detect.high_pass(detect.context(samples, scaled, settings.detect, keep)))
    found = keep(detect.impacts(jolts, settings.detect))
    impacts = keep(describe.describe(locate.place(found, jolts, settings.locate), jolts))
    return Described(
        impacts=locate.known_structures(impacts, structures, settings.locate),
        traversals=motion.traversals(strong, settings.quality.min_velocity_kmh).select(*TRAVERSALS.names),
        quarantine=refused,
        used=seconds,
    )


def _gated(
    raw: DataFrame, settings: Stage1Settings, gate: Gate | None, keep: Keep
) -> tuple[DataFrame, DataFrame, DataFrame]:
    """Samples, seconds and quarantined rows."""
    if gate is None:
        samples = keep(quality.accept(raw, settings.quality))
        return samples, _seconds(samples, keep), _none_refused(raw)
    good, bad = quality.inspect(raw, gate.start_ms, gate.end_ms, settings.quality, unique=gate.unique, keep=keep)
    samples = good if gate.unique else keep(good)
    seconds = _seconds(samples, keep)
    if gate.rows is not None and sample_count(seconds) == gate.rows:
        refused = keep(bad.limit(0))
        return quality.accept(raw, settings.quality), seconds, refused  # later passes need not look at every column
    return samples, seconds, keep(bad)


def _seconds(samples: DataFrame, keep: Keep) -> DataFrame:
    return keep(motion.with_course(motion.per_second(samples)))


def sample_count(seconds: DataFrame) -> int:
    """How many samples the seconds have."""
    return int(seconds.agg(F.sum("sample_count").alias("n")).collect()[0]["n"] or 0)


def _none_refused(raw: DataFrame) -> DataFrame:
    nothing = F.lit(None).cast("string")
    return raw.limit(0).withColumns({"source_file": nothing, "reason": nothing}).select(*QUARANTINE.names)
