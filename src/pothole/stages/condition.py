"""What the day's driving says of every road segment: passes, impacts, roughness and the IRI that it stands for.

The vertical acceleration of a car grows with the road's unevenness and with its speed, and with how the car is sprung
and where the device lies. So a second's roughness, less the device's own noise, is brought to 80 km/h and compared as a
logarithm, and each vehicle's own share is taken off: how much more than the other vehicles it shook on the same
segments. What remains, averaged over the metres that were driven, is the segment's; a vehicle that is far from the
others there (it met a hole that is in no list) counts less.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from pothole.geo import steady
from pothole.stages.frames import Keep, equi_join, trip_window
from pothole.stages.settings import ConditionSettings
from pothole.tables import CONDITION

_REFERENCE_KMH = 80.0
_Z_95 = 1.96
_ADJACENT_MS = 2500
"""Seconds this near follow each other: one between them may be missing."""
_SECOND = ("vehicle_id", "trip_id", "timestamp", "velocity", "distance_m", "sample_count", "roughness")


def condition(
    traversals: DataFrame,
    impacts: DataFrame,
    roads: DataFrame,
    date: str,
    pass_gap_seconds: int,
    settings: ConditionSettings,
    keep: Keep,
) -> DataFrame:
    """Columns of ``tables.CONDITION``, one row a segment over which a second of motion led."""
    order = Window.partitionBy("s_id", "vehicle_id", "trip_id").orderBy("timestamp")
    gap = F.col("timestamp") - F.lag("timestamp").over(order)
    begins = F.when(gap <= pass_gap_seconds * 1000, F.lit(0)).otherwise(F.lit(1))
    squares = F.col("roughness") * F.col("roughness") * F.col("weight")
    matched = keep(driven_segments(where_felt(traversals, settings), roads))
    driven = (
        matched.withColumn("begins", begins)
        .groupBy("s_id")
        .agg(
            F.sum("begins").cast("bigint").alias("pass_count"),
            F.round(steady(F.sum("weight"))).cast("bigint").alias("total_count"),
            F.sqrt(F.sum(squares) / F.sum("weight")).alias("roughness"),
        )
    )
    jolted = impacts.where(F.col("s_id").isNotNull()).groupBy("s_id").agg(F.count(F.lit(1)).alias("impacts"))
    middle = roads.select(
        "s_id",
        ((F.col("start_lon") + F.col("end_lon")) / F.lit(2.0)).alias("centroid_lon"),
        ((F.col("start_lat") + F.col("end_lat")) / F.lit(2.0)).alias("centroid_lat"),
    )
    uneven = equi_join(driven, iri(levels(keep(quiet(matched, impacts)), settings), settings, keep), ["s_id"], "left")
    counted = equi_join(equi_join(uneven, middle, ["s_id"]), jolted, ["s_id"], "left")
    return counted.withColumns(
        {"impact_count": F.coalesce(F.col("impacts"), F.lit(0)).cast("bigint"), "date": F.lit(date)}
    ).select(*CONDITION.names)


def where_felt(traversals: DataFrame, settings: ConditionSettings) -> DataFrame:
    """Matched seconds on the segment and at the offset where they were felt: of the fix ``fix_age_seconds`` later.

    A fix is as old as its receiver's lag when it arrives, and is then held until the next. Where the trip has no such
    later second, the vehicle stands or the trip ends, and the second's own segment is right.
    """
    later = trip_window().orderBy("timestamp")
    steps = settings.fix_age_seconds
    apart = F.lead("timestamp", steps).over(later) - F.col("timestamp")
    matched = traversals.where(F.col("s_id").isNotNull())

    def there(name: str) -> Column:
        return F.when(apart <= steps * 1000 + 500, F.lead(name, steps).over(later)).otherwise(F.col(name)).alias(name)

    return matched.select(*_SECOND, *(there(name) for name in ("s_id", "offset_m")))


def driven_segments(seconds: DataFrame, roads: DataFrame) -> DataFrame:
    """Seconds on every segment that they led over: one row a second and segment, metres and samples shared out evenly.

    A second leads from the segment after that of the second before, on the same link, to its own; to the link's ends
    where the vehicle came from another one or went on to it, as far as it drove. ``weight`` is the row's share in
    samples.
    """
    geometry = ("link_id", "seq", "last_seq", "link_length_m")
    known = equi_join(seconds, roads.select("s_id", *geometry), ["s_id"])
    order = trip_window().orderBy("timestamp")

    def neighbour(name: str, step: int) -> Column:
        adjacent = F.abs(F.lead("timestamp", step).over(order) - F.col("timestamp")) <= _ADJACENT_MS
        return F.when(adjacent, F.lead(name, step).over(order))

    at = known.withColumns(
        {
            "link_before": neighbour("link_id", -1),
            "seq_before": neighbour("seq", -1),
            "offset_before": neighbour("offset_m", -1),
            "link_after": neighbour("link_id", 1),
            "metres_after": neighbour("distance_m", 1),
        }
    )
    before, link, after = F.col("link_before"), F.col("link_id"), F.col("link_after")
    farthest = F.col("distance_m") * F.lit(_ADJACENT_MS / 1000.0)  # from the second before, at this one's speed
    on_it = (before == link) & (steady(F.col("offset_m") - F.col("offset_before") - farthest) <= 0)
    came = (before != link) & (steady(F.col("offset_m") - F.col("distance_m")) <= 0)
    goes = (after != link) & (steady(F.col("link_length_m") - F.col("offset_m") - F.col("metres_after")) <= 0)
    first = F.when(on_it & (F.col("seq_before") < F.col("seq")), F.col("seq_before") + F.lit(1)).when(came, F.lit(0))
    bounds = at.withColumns(
        {
            "first_seq": F.coalesce(first, F.col("seq")),
            "end_seq": F.when(goes, F.col("last_seq")).otherwise(F.col("seq")),
        }
    )
    crossed = F.col("end_seq") - F.col("first_seq") + F.lit(1)
    each = bounds.select(
        *(n for n in _SECOND if n not in ("distance_m", "sample_count")),
        "link_id",
        (F.col("distance_m") / crossed).alias("distance_m"),
        (F.col("sample_count") / crossed).alias("weight"),
        "sample_count",
        F.explode(F.sequence(F.col("first_seq"), F.col("end_seq"))).alias("seq"),
    )
    return equi_join(each, roads.select("s_id", "link_id", "seq"), ["link_id", "seq"]).drop("link_id", "seq")


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


def levels(quiet: DataFrame, settings: ConditionSettings) -> DataFrame:
    """One row a vehicle and segment: ``metres`` driven, and over them the mean ``level``.

    The level is the logarithm of the roughness at 80 km/h (m/s2) that a device of any rate would feel, without its
    noise. The noise adds in quadrature; the quietest of the vehicle's seconds tell how large it is at most. What shakes
    faster than half the rate a device does not see: it feels exp(-``missed_hz`` / rate) of all.
    """
    devices = quiet.groupBy("vehicle_id").agg(
        F.percentile("roughness", F.lit(settings.noise_quantile)).alias("quietest"),
        F.percentile("sample_count", F.lit(0.5)).alias("rate_hz"),
    )
    known = equi_join(quiet.where(steady(F.col("velocity")) >= settings.min_velocity_kmh), devices, ["vehicle_id"])
    square, noise = F.col("roughness") * F.col("roughness"), F.lit(settings.noise_share) * F.col("quietest")
    road = F.greatest(square - noise * noise, square * F.lit(0.1), F.lit(1e-4))
    level = (
        F.log(road) / F.lit(2.0)
        + F.lit(settings.speed_exponent) * F.log(F.lit(_REFERENCE_KMH) / F.col("velocity"))
        + F.lit(settings.missed_hz) / F.col("rate_hz")
    )
    metres = F.col("distance_m")
    return (
        known.withColumn("metres_level", metres * level)
        .groupBy("s_id", "vehicle_id")
        .agg((F.sum("metres_level") / F.sum(metres)).alias("level"), F.sum(metres).alias("metres"))
    )


def iri(levels: DataFrame, settings: ConditionSettings, keep: Keep) -> DataFrame:
    """Segments with ``iri_m_per_km`` and its 95 % interval ``iri_low``, ``iri_high``."""
    # A spread of the mean that few vehicles show is theirs by chance: one usual vehicle's spread is added.
    usual = F.lit(settings.vehicle_spread)
    variance = F.col("variance") + usual * usual / F.col("vehicles")
    error = F.lit(_Z_95) * F.sqrt(variance / F.col("vehicles") + F.lit(settings.model_spread**2))

    def metres_per_km(logarithm: Column) -> Column:
        return F.exp(F.lit(settings.iri_offset) + F.lit(settings.iri_slope) * logarithm)

    return segment_levels(levels, settings, keep).select(
        "s_id",
        metres_per_km(F.col("mean")).alias("iri_m_per_km"),
        metres_per_km(F.col("mean") - error).alias("iri_low"),
        metres_per_km(F.col("mean") + error).alias("iri_high"),
    )


def segment_levels(levels: DataFrame, settings: ConditionSettings, keep: Keep) -> DataFrame:
    """Segments with the ``mean`` of their vehicles' levels less the vehicles' offsets, its ``variance``, ``vehicles``.

    A vehicle that is farther than ``vehicle_spread`` from the mean weighs that much less (Huber 1964, one step).
    """
    own = keep(levels)
    offsets = _vehicle_offsets(own, _segment_means(own.withColumn("value", F.col("level"))), settings)
    known = keep(equi_join(own, keep(offsets), ["vehicle_id"]).withColumn("value", F.col("level") - F.col("offset")))
    apart = equi_join(known, _segment_means(known).select("s_id", "mean"), ["s_id"])
    spread = F.lit(settings.vehicle_spread)
    share = spread / F.greatest(spread, F.abs(F.col("value") - F.col("mean")))
    return _segment_means(apart.select("s_id", "value", (F.col("metres") * share).alias("metres")))


def _segment_means(levels: DataFrame) -> DataFrame:
    """Segments with ``mean`` and ``variance`` of ``value``, weighted by ``metres``, and how many ``vehicles`` count.

    One that drove there much more than the others makes them count less: Kish's effective number.
    """
    metres, value = F.col("metres"), F.col("value")
    sums = (
        levels.withColumns({"first": metres * value, "second": metres * value * value, "squared": metres * metres})
        .groupBy("s_id")
        .agg(*(F.sum(c).alias(c) for c in ("metres", "first", "second", "squared")))
    )
    mean = F.col("first") / metres
    return sums.select(
        "s_id",
        mean.alias("mean"),
        F.greatest(F.lit(0.0), F.col("second") / metres - mean * mean).alias("variance"),
        (metres * metres / F.col("squared")).alias("vehicles"),
    )


def _vehicle_offsets(levels: DataFrame, segments: DataFrame, settings: ConditionSettings) -> DataFrame:
    """Vehicles with ``offset``: the mean of how far they are above the segments' levels, shrunk towards none."""
    apart = equi_join(levels, segments.select("s_id", "mean"), ["s_id"])
    return (
        apart.withColumn("above", F.col("metres") * (F.col("level") - F.col("mean")))
        .groupBy("vehicle_id")
        .agg((F.sum("above") / (F.sum("metres") + F.lit(settings.vehicle_prior_m))).alias("offset"))
    )
