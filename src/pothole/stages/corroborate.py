"""What the other passes felt where a vehicle felt an impact, and what that makes of the impact's kind.

One jolt of a tenth of a second is little evidence, above all at ten samples a second. Other vehicles that passed the
place in the same direction either felt something of the kind or did not: the mean over their passes of the strongest
impact's probability, nothing where a pass felt nothing, goes with the impact's own log-odds through a second, smaller
model. Where no other vehicle passed, the verdict stays that of the impact.
"""

from __future__ import annotations

from collections.abc import Callable

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from pothole.geo import steady
from pothole.stages.classify import kind_shares, with_kind
from pothole.stages.frames import Keep, equi_join
from pothole.stages.model import FELT
from pothole.stages.passing import cell_of, near, seconds_over
from pothole.stages.settings import ClassifySettings, CorroborateSettings

_CELL_REACH_M, _CELLS_PER_DEGREE = 12.0, 4000.0  # a cell is wider than that up to 64 degrees of latitude
_SPOT_M = 4.0
_NEAR_M = 6.0
_TRIP = ("vehicle_id", "trip_id")
TRAVERSED = (*_TRIP, "lon", "lat", "heading", "distance_m")
"""Columns of the traversals that are looked at."""


def corroborate(
    impacts: DataFrame,
    traversals: DataFrame,
    settings: CorroborateSettings,
    classify: ClassifySettings,
    keep: Keep,
) -> DataFrame:
    """A day's classified impacts, judged again: ``pothole_probability``, ``bump_probability`` and what follows.

    ``impacts`` also have ``known``. The probabilities by the impact alone stay as ``single_pothole_probability`` and
    ``single_bump_probability``.
    """
    single = impacts.withColumnsRenamed(SINGLE)
    felt = kind_shares(felt_by_others(single, traversals, settings, keep), FELT, FEATURES)
    shares = (F.col(share).alias(p) for share, p in zip(("p_pothole", "p_bump"), SINGLE, strict=True))
    both = equi_join(single, keep(felt.select("impact_id", *shares)), ["impact_id"], "left")
    again = {p: F.coalesce(F.col(p), F.col(by_itself)) for p, by_itself in SINGLE.items()}
    return with_kind(both.withColumns(again), classify)


SINGLE = {p: f"single_{p}" for p in ("pothole_probability", "bump_probability")}
"""An impact's probabilities, and what they are called that it has by itself."""


def felt_by_others(single: DataFrame, traversals: DataFrame, settings: CorroborateSettings, keep: Keep) -> DataFrame:
    """One row an impact that may be a pothole and that other vehicles passed: ``impact_id`` and ``FEATURES``.

    Passes are looked up once for a spot, a few metres and one direction, not for every impact: with twice the traffic
    twice as many vehicles pass twice as many impacts. What the impact's own vehicle says of its spot is taken off
    again: on its other trips it has the same springs and the same device, and says the same once more.
    """
    likely = keep(
        single.where(steady(F.col("single_pothole_probability")) >= settings.min_probability).select(
            "impact_id", *_TRIP, "lon", "lat", "heading", "known", *SINGLE.values()
        )
    )
    x, y, sector = cell_of(_SPOT_M)
    towards = F.when(F.col("heading").isNotNull(), sector).otherwise(F.lit(-1))
    mine = likely.where(~F.col("known")).withColumn(
        "spot", F.concat_ws("|", *(c.cast("string") for c in (x, y, towards)))
    )
    spots = keep(mine.groupBy("spot").agg(*(_middle(c).alias(f"place_{c}") for c in ("lon", "lat", "heading"))))
    passes = keep(_passes(spots, likely, traversals, settings))

    def summed(prefix: str, *keys: str) -> DataFrame:
        sums = (F.sum(c).alias(f"{prefix}_{c}") for c in ("pothole", "bump", "near"))
        return keep(passes.groupBy(*keys).agg(F.count(F.lit(1)).cast("double").alias(f"{prefix}_passes"), *sums))

    both = equi_join(mine, summed("all", "spot"), ["spot"])
    told = equi_join(both, summed("own", "spot", "vehicle_id"), ["spot", "vehicle_id"], "left")
    passed = told.withColumn("others", _of_others("passes")).where(F.col("others") > 0)
    return passed.select("impact_id", *(of().alias(name) for name, of in _ROWS.items()))


def _of_others(name: str) -> Column:
    return F.col(f"all_{name}") - F.coalesce(F.col(f"own_{name}"), F.lit(0.0))


def _mean_of_others(name: str) -> Column:
    return F.greatest(F.lit(0.0), _of_others(name)) / F.col("others")


def _log_odds(name: str) -> Column:
    p = F.greatest(F.lit(1e-4), F.least(F.lit(1 - 1e-4), F.col(name)))
    return F.log(p / (F.lit(1.0) - p))


_ROWS: dict[str, Callable[[], Column]] = {
    "f_own_pothole": lambda: _log_odds("single_pothole_probability"),
    "f_own_bump": lambda: _log_odds("single_bump_probability"),
    "f_passes": lambda: F.col("others"),
    "f_felt_pothole": lambda: _mean_of_others("pothole"),
    "f_felt_near": lambda: _mean_of_others("near"),
    "f_felt_bump": lambda: _mean_of_others("bump"),
}
FEATURES = tuple(_ROWS)
"""What the second model is asked of."""


def _middle(name: str) -> Column:
    return (F.min(name) + F.max(name)) / F.lit(2.0)


def _passes(spots: DataFrame, likely: DataFrame, traversals: DataFrame, settings: CorroborateSettings) -> DataFrame:
    """One row a trip that passed a spot: what its likeliest impact there says, 0 without one.

    ``pothole`` and ``bump`` are probabilities, ``near`` the first weighed by how near the impact was.
    """
    trip = ("spot", *_TRIP)
    passed = seconds_over(spots, traversals.select(*TRAVERSED)).select(*trip)
    silent = passed.distinct().select(*trip, *(F.lit(None).cast("double").alias(c) for c in _LOOK))
    felt = _alike(spots, likely, settings).select(*trip, *_LOOK)
    look = F.when(F.col("pothole").isNotNull(), F.struct(*(F.col(c).alias(c) for c in _LOOK)))  # by its probability
    each = silent.unionByName(felt).groupBy(*trip).agg(F.max(look).alias("look"))
    nearness = F.exp(F.lit(0.0) - F.pow(F.col("look.away_m") / F.lit(_NEAR_M), F.lit(2.0)) / F.lit(2.0))
    said = {"pothole": F.col("look.pothole"), "bump": F.col("look.bump"), "near": F.col("look.pothole") * nearness}
    return each.select(*trip, *(F.coalesce(c, F.lit(0.0)).alias(name) for name, c in said.items()))


_LOOK = ("pothole", "bump", "away_m")


def _alike(spots: DataFrame, likely: DataFrame, settings: CorroborateSettings) -> DataFrame:
    """Pairs of a spot and an impact within reach of it in its direction, with the impact's look."""
    east, north = F.col("east_m"), F.col("north_m")
    looks = {
        "pothole": steady(F.col("single_pothole_probability")),
        "bump": steady(F.col("single_bump_probability")),
        "away_m": steady(F.sqrt(east * east + north * north)),
    }
    alike = (F.col("away_m") <= settings.reach_m) & (F.col("turned_degrees") <= settings.heading_degrees)
    per_degree = _CELLS_PER_DEGREE * _CELL_REACH_M / max(_CELL_REACH_M, settings.reach_m)
    return near(spots, likely, per_degree).withColumns(looks).where(alike)
