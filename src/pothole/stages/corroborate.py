"""What the other passes felt where a vehicle felt an impact, and what that makes of the impact's kind.

One jolt of a tenth of a second is little evidence, above all at ten samples a second. Other passes over the same place
in the same direction either felt something of the kind or did not: the mean over them of their strongest impact's
probability, nothing where a pass felt nothing, goes with the impact's own log-odds through a second, smaller model.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from pothole.geo import heading_difference, metres_per_degree_lat, metres_per_degree_lon, steady
from pothole.stages.classify import kind_shares, with_kind
from pothole.stages.frames import Keep, equi_join
from pothole.stages.model import FELT
from pothole.stages.passing import around, cells, seconds_over
from pothole.stages.settings import ClassifySettings, CorroborateSettings

_CELLS_PER_DEGREE = 4000.0  # over 12 m a side up to 64 degrees of latitude
_NEAR_M = 6.0
_TRIP = ("vehicle_id", "trip_id")


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
    single = impacts.withColumnsRenamed({p: f"single_{p}" for p in _PROBABILITIES})
    felt = kind_shares(felt_by_others(single, traversals, settings, keep), FELT, FEATURES)
    judged = keep(felt.select("impact_id", "p_pothole", "p_bump"))
    both = equi_join(single, judged, ["impact_id"], "left")
    again = {
        p: F.coalesce(F.col(name), F.col(f"single_{p}"))
        for p, name in zip(_PROBABILITIES, ("p_pothole", "p_bump"), strict=True)
    }
    return with_kind(both.withColumns(again), classify)


_PROBABILITIES = ("pothole_probability", "bump_probability")


def felt_by_others(single: DataFrame, traversals: DataFrame, settings: CorroborateSettings, keep: Keep) -> DataFrame:
    """One row an impact that may be a pothole: ``impact_id`` and ``FEATURES``."""
    likely = keep(
        single.where(steady(F.col("single_pothole_probability")) >= settings.min_probability).select(
            "impact_id", *_TRIP, "lon", "lat", "heading", "known", *(f"single_{p}" for p in _PROBABILITIES)
        )
    )
    mine = likely.where(~F.col("known")).select(
        "impact_id",
        *(F.col(c).alias(f"own_{c}") for c in _TRIP),
        F.col("lon").alias("place_lon"),
        F.col("lat").alias("place_lat"),
        F.col("heading").alias("place_heading"),
        *(F.col(f"single_{p}").alias(f"own_{p}") for p in _PROBABILITIES),
    )
    another = ~((F.col("vehicle_id") == F.col("own_vehicle_id")) & (F.col("trip_id") == F.col("own_trip_id")))
    over = seconds_over(
        mine.select("impact_id", "own_vehicle_id", "own_trip_id", "place_lon", "place_lat", "place_heading"),
        traversals.select(*_TRIP, "lon", "lat", "heading", "distance_m"),
    )
    trip = ("impact_id", *_TRIP)
    passed = over.where(another).select(*trip, *(F.lit(None).cast("double").alias(c) for c in _LOOK))
    felt = _alike(mine, likely.drop("impact_id"), settings).where(another).select(*trip, *_LOOK)
    look = F.when(F.col("pothole").isNotNull(), F.struct(*(F.col(c).alias(c) for c in _LOOK)))  # by its probability
    passes = passed.unionByName(felt).groupBy(*trip).agg(F.max(look).alias("look"))
    pothole = F.coalesce(F.col("look.pothole"), F.lit(0.0))
    nearness = F.exp(F.lit(0.0) - F.pow(F.col("look.away_m") / F.lit(_NEAR_M), F.lit(2.0)) / F.lit(2.0))
    means = passes.groupBy("impact_id").agg(
        F.count(F.lit(1)).cast("double").alias("f_passes"),
        F.avg(pothole).alias("f_felt_pothole"),
        F.avg(pothole * F.coalesce(nearness, F.lit(0.0))).alias("f_felt_near"),
        F.avg(F.coalesce(F.col("look.bump"), F.lit(0.0))).alias("f_felt_bump"),
    )
    own = mine.select(
        "impact_id",
        _log_odds("own_pothole_probability").alias("f_own_pothole"),
        _log_odds("own_bump_probability").alias("f_own_bump"),
    )
    told = equi_join(own, keep(means), ["impact_id"], "left")
    return told.withColumns({name: F.coalesce(F.col(name), F.lit(0.0)) for name in FEATURES[2:]})


_LOOK = ("pothole", "bump", "away_m")
FEATURES = ("f_own_pothole", "f_own_bump", "f_passes", "f_felt_pothole", "f_felt_near", "f_felt_bump")


def _alike(mine: DataFrame, likely: DataFrame, settings: CorroborateSettings) -> DataFrame:
    """Pairs of impacts at one place in one direction, with the look of the other one."""
    pairs = equi_join(
        cells(likely, "lon", "lat", _CELLS_PER_DEGREE),
        around(mine, "place_lon", "place_lat", _CELLS_PER_DEGREE),
        ["cell_x", "cell_y"],
    )
    east = (F.col("lon") - F.col("place_lon")) * metres_per_degree_lon(F.col("place_lat"))
    north = (F.col("lat") - F.col("place_lat")) * metres_per_degree_lat(F.col("place_lat"))
    looks = {
        "pothole": steady(F.col("single_pothole_probability")),
        "bump": steady(F.col("single_bump_probability")),
        "away_m": steady(F.sqrt(east * east + north * north)),
    }
    angle = F.coalesce(heading_difference(F.col("heading"), F.col("place_heading")), F.lit(0.0))
    near = (F.col("away_m") <= settings.reach_m) & (steady(angle) <= settings.heading_degrees)
    return pairs.withColumns(looks).where(near)


def _log_odds(name: str) -> Column:
    p = F.greatest(F.lit(1e-4), F.least(F.lit(1 - 1e-4), F.col(name)))
    return F.log(p / (F.lit(1.0) - p))
