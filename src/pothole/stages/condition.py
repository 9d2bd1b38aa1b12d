"""What the day's driving says of every road segment: passes, impacts, roughness and the IRI that it stands for.

The vertical acceleration of a car grows with the road's unevenness and with the root of its speed (a profile whose
slope is white noise, ISO 8608), and with how the car is sprung and where the device lies. So a second's roughness is
brought to 80 km/h, compared as a logarithm, and each vehicle's own share is taken off: how much more than the other
vehicles it shook on the same segments (two rounds). What remains, averaged over the vehicles, is the segment's.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from pothole.stages.frames import Keep, equi_join
from pothole.stages.settings import ConditionSettings
from pothole.tables import CONDITION

_REFERENCE_KMH = 80.0
_Z_95 = 1.96


def condition(
    traversals: DataFrame,
    impacts: DataFrame,
    roads: DataFrame,
    date: str,
    pass_gap_seconds: int,
    settings: ConditionSettings,
    keep: Keep,
) -> DataFrame:
    """Columns of ``tables.CONDITION``, one row a segment on which a second of motion was matched."""
    order = Window.partitionBy("s_id", "vehicle_id", "trip_id").orderBy("timestamp")
    gap = F.col("timestamp") - F.lag("timestamp").over(order)
    begins = F.when(gap <= pass_gap_seconds * 1000, F.lit(0)).otherwise(F.lit(1))
    squares = F.col("roughness") * F.col("roughness") * F.col("sample_count")
    matched = traversals.where(F.col("s_id").isNotNull())
    driven = (
        matched.withColumn("begins", begins)
        .groupBy("s_id")
        .agg(
            F.sum("begins").cast("bigint").alias("pass_count"),
            F.sum("sample_count").cast("bigint").alias("total_count"),
            F.sqrt(F.sum(squares) / F.sum("sample_count")).alias("roughness"),
        )
    )
    jolted = impacts.where(F.col("s_id").isNotNull()).groupBy("s_id").agg(F.count(F.lit(1)).alias("impacts"))
    middle = roads.select(
        "s_id",
        ((F.col("start_lon") + F.col("end_lon")) / F.lit(2.0)).alias("centroid_lon"),
        ((F.col("start_lat") + F.col("end_lat")) / F.lit(2.0)).alias("centroid_lat"),
    )
    uneven = equi_join(driven, iri(levels(quiet(matched, impacts), settings), settings, keep), ["s_id"], "left")
    counted = equi_join(equi_join(uneven, middle, ["s_id"]), jolted, ["s_id"], "left")
    return counted.withColumns(
        {"impact_count": F.coalesce(F.col("impacts"), F.lit(0)).cast("bigint"), "date": F.lit(date)}
    ).select(*CONDITION.names)


def quiet(matched: DataFrame, impacts: DataFrame) -> DataFrame:
    """Seconds without a pothole or a structure in them or just before: those are counted by themselves."""
    second = F.floor(F.col("timestamp") / F.lit(1000.0)).cast("bigint")
    step = F.sequence(F.lit(0), F.lit(1))
    shaken = (
        impacts.where(F.col("kind") != "other")
        .select("vehicle_id", "trip_id", second.alias("first"), F.explode(step).alias("step"))
        .select("vehicle_id", "trip_id", (F.col("first") + F.col("step")).alias("second"))
        .distinct()
    )
    return equi_join(matched.withColumn("second", second), shaken, ["vehicle_id", "trip_id", "second"], "left_anti")


def levels(matched: DataFrame, settings: ConditionSettings) -> DataFrame:
    """One row a vehicle and segment: ``level``, the mean logarithm of its roughness brought to 80 km/h (m/s2)."""
    at_reference = F.log(F.greatest(F.col("roughness"), F.lit(0.02))) + F.lit(settings.speed_exponent) * F.log(
        F.lit(_REFERENCE_KMH) / F.col("velocity")
    )
    return (
        matched.where(F.col("velocity") >= settings.min_velocity_kmh)
        .groupBy("s_id", "vehicle_id")
        .agg(F.avg(at_reference).alias("level"))
    )


def iri(levels: DataFrame, settings: ConditionSettings, keep: Keep) -> DataFrame:
    """Segments with ``iri_m_per_km`` and its 95 % interval ``iri_low``, ``iri_high``."""
    own = keep(levels)
    offsets = keep(_vehicle_offsets(own, _segment_levels(own, None), settings))
    offsets = keep(_vehicle_offsets(own, _segment_levels(own, offsets), settings))
    level = _segment_levels(own, offsets)
    # A spread of the mean that few vehicles show is theirs by chance: one usual vehicle's spread is added.
    usual = F.lit(settings.vehicle_spread)
    squared = (F.col("squares") + usual * usual) / F.col("vehicles")
    error = F.lit(_Z_95) * F.sqrt(squared / F.col("vehicles") + F.lit(settings.model_spread**2))

    def metres_per_km(logarithm: Column) -> Column:
        return F.exp(F.lit(settings.iri_offset) + F.lit(settings.iri_slope) * logarithm)

    return level.select(
        "s_id",
        metres_per_km(F.col("mean")).alias("iri_m_per_km"),
        metres_per_km(F.col("mean") - error).alias("iri_low"),
        metres_per_km(F.col("mean") + error).alias("iri_high"),
    )


def _segment_levels(levels: DataFrame, offsets: DataFrame | None) -> DataFrame:
    """Segments with the ``mean`` of their vehicles' levels less the vehicles' offsets, and how far those are apart."""
    known = levels if offsets is None else equi_join(levels, offsets, ["vehicle_id"])
    value = F.col("level") if offsets is None else F.col("level") - F.col("offset")
    return (
        known.withColumn("value", value)
        .groupBy("s_id")
        .agg(
            F.avg("value").alias("mean"),
            F.count(F.lit(1)).alias("vehicles"),
            (F.avg(F.col("value") * F.col("value")) * F.count(F.lit(1)) - F.avg("value") * F.sum("value")).alias(
                "squares"
            ),
        )
        .withColumn("squares", F.greatest(F.lit(0.0), F.col("squares")))
    )


def _vehicle_offsets(levels: DataFrame, segments: DataFrame, settings: ConditionSettings) -> DataFrame:
    """Vehicles with ``offset``: the mean of how far they are above the segments' levels, shrunk towards none."""
    apart = equi_join(levels, segments.select("s_id", "mean"), ["s_id"])
    total = F.sum(F.col("level") - F.col("mean"))
    return apart.groupBy("vehicle_id").agg(
        (total / (F.count(F.lit(1)) + F.lit(settings.vehicle_prior_segments))).alias("offset")
    )
