"""Stage 1: from raw samples to impacts, traversals and quarantined rows."""

from __future__ import annotations

from dataclasses import dataclass

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from pothole.stages import classify, corroborate
from pothole.stages.chain import Gate, described
from pothole.stages.frames import Keep, hashed
from pothole.stages.settings import Stage1Settings
from pothole.tables import IMPACTS


@dataclass(frozen=True)
class Stage1:
    """What Stage 1 finds in a part of a day: frames with the columns of the tables of these names."""

    impacts: DataFrame
    """Each judged by itself, with ``known``: ``judge`` takes those of all parts of the day."""
    traversals: DataFrame
    quarantine: DataFrame
    used: DataFrame
    """The seconds with their ``sample_count``, whose sum is the number of good samples."""


def run(
    raw: DataFrame,
    bumps: DataFrame,
    day_start_ms: int,
    day_end_ms: int,
    settings: Stage1Settings,
    *,
    unique: bool = False,
    rows: int | None = None,
    keep: Keep,
) -> Stage1:
    """Find the impacts of a day, or of any part of it that holds whole trips.

    ``raw`` has the columns of ``tables.RAW`` and ``source_file``; ``bumps`` those of ``tables.SPEED_BUMPS``. The day's
    limits are UTC epoch milliseconds. ``unique`` says that no two rows share vehicle, trip and timestamp, ``rows`` how
    many there are: where as many are good, nobody need look for the others.
    """
    gate = Gate(day_start_ms, day_end_ms, unique, rows)
    found = described(raw, bumps, settings, gate, keep)
    judged = classify.classify(found.impacts, settings.classify)
    impacts = judged.select(*_impact_columns(), "known")
    return Stage1(impacts, found.traversals, found.quarantine, found.used)


def judge(impacts: DataFrame, traversals: DataFrame, settings: Stage1Settings, keep: Keep) -> DataFrame:
    """Columns of ``tables.IMPACTS``: the whole day's impacts, judged once more by what other passes felt there."""
    judged = corroborate.corroborate(impacts, traversals, settings.corroborate, settings.classify, keep)
    return judged.select(*IMPACTS.names)


def impact_id() -> Column:
    """An impact's name, from its key."""
    return hashed(F.col("vehicle_id"), F.col("trip_id"), F.col("timestamp").cast("string"))


def _impact_columns() -> list[Column]:
    computed = {
        "impact_id": impact_id(),
        "peak_mps2": F.col("peak"),
        "energy_mps2": F.sqrt(F.col("jolt_rms") * F.col("jolt_rms") + F.col("shake_rms") * F.col("shake_rms")),
        "impact_score": F.col("peak") / F.col("scale"),
    }
    names = [n for n in IMPACTS.names if n not in corroborate.SINGLE.values()]
    return [computed[n].alias(n) if n in computed else F.col(n) for n in names]
