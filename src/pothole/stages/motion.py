"""A trip by whole seconds of UTC: the small table from which orientation, scale and traversals follow.

One hash aggregation of the samples, without sorting them: what follows works on a row a second instead of up to 200.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from pothole.geo import heading, metres_per_degree_lat, metres_per_degree_lon, steady
from pothole.stages.frames import trip_window

#: What identifies a second of a trip.
SECOND = ["vehicle_id", "trip_id", "second"]


def per_second(samples: DataFrame) -> DataFrame:
    """One row a second of a trip: means of the samples, ``timestamp`` in their middle, ``fit`` if all are fit."""
    return samples.groupBy(*SECOND).agg(
        F.count(F.lit(1)).alias("sample_count"),
        F.floor((F.min("timestamp") + F.max("timestamp")) / F.lit(2.0)).cast("bigint").alias("timestamp"),
        *(F.avg(name).alias(name) for name in ("accel_x", "accel_y", "accel_z", "gyro_x", "gyro_y", "gyro_z")),
        *(_mean_degrees(name).alias(name) for name in ("lon", "lat")),
        *(F.avg(name).alias(name) for name in ("velocity", "hdop")),
        (F.min(F.col("fit").cast("int")) == 1).alias("fit"),
    )


def _mean_degrees(name: str) -> Column:
    """The mean of a coordinate in whole steps of 1e-9 degrees (0.1 mm): exact in whatever order rows are added up.

    A course is the difference of two positions and would show the last bits.
    """
    steps = F.floor(F.col(name) * F.lit(1e9) + F.lit(0.5)).cast("bigint")
    return F.sum(steps).cast("double") / F.count(F.lit(1)) / F.lit(1e9)


def with_course(seconds: DataFrame) -> DataFrame:
    """Seconds with ``heading`` (degrees, from the fixes around them; null where the vehicle hardly moved).

    The course is taken over up to two seconds to either side: a fix that is held for a second gives no course between.
    """
    order = trip_window().orderBy("second")

    def beside(name: str, step: int) -> Column:
        """The value two seconds away, or one, or here, where the trip has no such second."""
        far, near = F.lag("second", 2 * step).over(order), F.lag("second", step).over(order)
        return (
            F.when(F.abs(far - F.col("second")) <= 4, F.lag(name, 2 * step).over(order))
            .when(F.abs(near - F.col("second")) <= 2, F.lag(name, step).over(order))
            .otherwise(F.col(name))
        )

    ends = {f"{name}_{i}": beside(name, step) for name in ("lon", "lat") for i, step in enumerate((1, -1))}
    placed = seconds.withColumns(ends)
    east_m = (F.col("lon_1") - F.col("lon_0")) * metres_per_degree_lon(F.col("lat"))
    north_m = (F.col("lat_1") - F.col("lat_0")) * metres_per_degree_lat(F.col("lat"))
    moved = F.sqrt(east_m * east_m + north_m * north_m) >= F.lit(3.0)
    return placed.withColumn("heading", F.when(moved, heading(east_m, north_m))).drop(
        "lon_0", "lon_1", "lat_0", "lat_1"
    )


def traversals(seconds: DataFrame, settings_min_velocity_kmh: float) -> DataFrame:
    """Columns of ``tables.TRAVERSALS``: the seconds in which the vehicle moved and its samples were fit."""
    return seconds.where(F.col("fit") & (steady(F.col("velocity")) >= settings_min_velocity_kmh)).select(
        "trip_id",
        "vehicle_id",
        "timestamp",
        "lon",
        "lat",
        "heading",
        "velocity",
        (F.col("velocity") / F.lit(3.6)).alias("distance_m"),
        "sample_count",
        "hdop",
        "roughness",
    )
