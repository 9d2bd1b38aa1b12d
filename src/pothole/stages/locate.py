"""Where the vehicle was at the peak, and whether a known structure lies there.

A fix is older than the sample that carries it (0.5 to 1 s: 27 m at motorway speed, Bridgelall 2020), and a 1 Hz fix is
repeated until the next. So the position is read from the track at the peak's time plus the device's lag, between the
two moments at which the position changed. The peak is the front axle's or the rear one's: what struck lies, on average,
half a wheelbase behind where the front axle is then.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from pothole.geo import metres_per_degree_lat, metres_per_degree_lon, steady
from pothole.stages.describe import around
from pothole.stages.frames import equi_join, trip_window
from pothole.stages.passing import near
from pothole.stages.settings import LocateSettings

_IMPACT = ["vehicle_id", "trip_id", "impact_ms"]
_LONGEST_STEP_MS = 4000  # between two fixes that are taken as neighbours
_CELLS_PER_DEGREE = 500.0  # about 200 m: more than any reach


def fixes(jolts: DataFrame) -> DataFrame:
    """Context samples at which the position changed, that is, at which a new fix arrived."""
    order = trip_window().orderBy("timestamp")
    moved = (F.col("lon") != F.lag("lon").over(order)) | (F.col("lat") != F.lag("lat").over(order))
    return jolts.withColumn("moved", moved).where("moved")


def position_sigma_m(settings: LocateSettings) -> Column:
    """Standard error per axis of a fix, metres (Newson & Krumm 2009), from its ``hdop``."""
    return F.greatest(F.lit(settings.sigma_floor_m), F.col("hdop") * F.lit(settings.sigma_per_hdop_m))


def place(impacts: DataFrame, jolts: DataFrame, settings: LocateSettings) -> DataFrame:
    """Impacts with ``lon``, ``lat`` of what struck and ``position_sigma_m``."""
    lag = F.lit(settings.gps_lag_ms)
    since = F.col("since_ms")
    earlier, later = F.when(since <= lag, since), F.when(since > lag, since)
    beside = around(impacts, fixes(jolts).select(*_CONTEXT), 2000, 3000)
    track = beside.groupBy(*_IMPACT).agg(
        F.max(earlier).alias("t0"),
        F.max_by("lon", earlier).alias("lon0"),
        F.max_by("lat", earlier).alias("lat0"),
        F.min(later).alias("t1"),
        F.min_by("lon", later).alias("lon1"),
        F.min_by("lat", later).alias("lat1"),
    )
    held = equi_join(
        impacts.withColumn("impact_ms", F.col("timestamp")),
        jolts.select("vehicle_id", "trip_id", F.col("timestamp").alias("impact_ms"), "lon", "lat"),
        _IMPACT,
    )
    tracked = equi_join(held, track, _IMPACT, "left")
    neighbours = (F.col("t1") - F.col("t0")) <= _LONGEST_STEP_MS
    share = (lag - F.col("t0")) / (F.col("t1") - F.col("t0"))

    def between(axis: str, extrapolated: Column) -> Column:
        inside = F.col(f"{axis}0") + share * (F.col(f"{axis}1") - F.col(f"{axis}0"))
        return F.when(F.coalesce(neighbours, F.lit(False)), inside).otherwise(extrapolated)

    # Without fixes on both sides: straight on from the last one known, at the vehicle's speed.
    age_s = (lag - F.coalesce(F.col("t0"), F.lit(-500))) / F.lit(1000.0)
    ahead_m = F.when(F.col("heading").isNotNull(), F.col("velocity") / F.lit(3.6) * age_s).otherwise(F.lit(0.0))
    course = F.radians(F.coalesce(F.col("heading"), F.lit(0.0)))
    east = F.coalesce(F.col("lon0"), F.col("lon")) + ahead_m * F.sin(course) / metres_per_degree_lon(F.col("lat"))
    north = F.coalesce(F.col("lat0"), F.col("lat")) + ahead_m * F.cos(course) / metres_per_degree_lat(F.col("lat"))
    back_m = F.when(F.col("heading").isNotNull(), F.lit(settings.axle_m)).otherwise(F.lit(0.0))
    back_east = back_m * F.sin(course) / metres_per_degree_lon(F.col("lat"))
    back_north = back_m * F.cos(course) / metres_per_degree_lat(F.col("lat"))
    names = [c for c in impacts.columns if c not in ("lon", "lat")]
    return tracked.select(
        *names,
        (between("lon", east) - back_east).alias("lon"),
        (between("lat", north) - back_north).alias("lat"),
        position_sigma_m(settings).alias("position_sigma_m"),
    )


_CONTEXT = ("vehicle_id", "trip_id", "second", "timestamp", "lon", "lat")


def known_structures(impacts: DataFrame, bumps: DataFrame | None, settings: LocateSettings) -> DataFrame:
    """Impacts with ``known``: a structure of the speed-bump layer lies within reach, in the same direction of
    travel; without a layer none does."""
    if bumps is None:
        return impacts.withColumn("known", F.lit(False))
    layer = bumps.select(
        F.col("lon").alias("place_lon"),
        F.col("lat").alias("place_lat"),
        F.col("heading").alias("place_heading"),
        F.coalesce(F.col("length_m"), F.lit(0.0)).alias("bump_length_m"),
    )
    pairs = near(layer, impacts, _CELLS_PER_DEGREE)
    east, north = F.col("east_m"), F.col("north_m")
    distance = steady(F.sqrt(east * east + north * north) - F.col("bump_length_m") / F.lit(2.0))
    same_way = F.col("turned_degrees") <= settings.bump_heading_degrees
    key = ["vehicle_id", "trip_id", "timestamp"]
    hits = pairs.where((distance <= settings.bump_reach_m) & same_way).select(*key).distinct()
    marked = equi_join(impacts, hits.withColumn("known", F.lit(True)), key, "left")
    return marked.withColumn("known", F.coalesce(F.col("known"), F.lit(False)))
