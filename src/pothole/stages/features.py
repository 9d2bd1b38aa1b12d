"""What an impact looks like: the numbers from which a pothole is told from a speed bump, a joint, a manhole or a hand.

A pothole is short, goes down first and usually takes one wheel (roll); a bump is long (length = duration x speed),
goes up first and tilts the vehicle about pitch (Carlos et al. 2018; Eriksson et al. 2008).
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from pothole.geo import steady
from pothole.stages.frames import equi_join
from pothole.stages.motion import SECOND

BEFORE_MS = 700
AFTER_MS = 1000
_IMPACT = ["vehicle_id", "trip_id", "impact_ms"]


def around(impacts: DataFrame, jolts: DataFrame, before_ms: int, after_ms: int) -> DataFrame:
    """Context samples from ``before_ms`` before an impact's peak to ``after_ms`` after it, with ``impact_ms``.

    A join on whole seconds, so that it is an equi-join on both engines; ``since_ms`` counts from the peak.
    """
    peak = F.col("timestamp")
    first = F.floor((peak - F.lit(before_ms)) / F.lit(1000.0)).cast("bigint")
    last = F.floor((peak + F.lit(after_ms)) / F.lit(1000.0)).cast("bigint")
    wanted = impacts.select(
        "vehicle_id",
        "trip_id",
        peak.alias("impact_ms"),
        F.col("velocity").alias("impact_velocity"),
        F.explode(F.sequence(first, last)).alias("second"),
    )
    near = equi_join(wanted, jolts, SECOND).withColumn("since_ms", F.col("timestamp") - F.col("impact_ms"))
    return near.where(F.col("since_ms").between(-before_ms, after_ms))


def describe(impacts: DataFrame, jolts: DataFrame) -> DataFrame:
    """Impacts with their features (``FEATURES``), one row each.

    Lengths in metres, times in milliseconds, accelerations in m/s2, turn rates in deg/s.
    """
    near = around(impacts, jolts, BEFORE_MS, AFTER_MS)
    jolt, since = F.col("jolt"), F.col("since_ms")
    squared = jolt * jolt
    before = F.when(since < 0, squared).otherwise(F.lit(0.0))
    steady_jolt = steady(jolt)
    shape = near.groupBy(*_IMPACT).agg(
        F.max(jolt).alias("jolt_max"),
        F.min(jolt).alias("jolt_min"),
        F.min_by(since, F.struct(steady_jolt.alias("s"), since.alias("t"))).alias("low_ms"),
        F.max_by(since, F.struct(steady_jolt.alias("s"), (F.lit(0) - since).alias("t"))).alias("high_ms"),
        F.sqrt(F.avg(squared)).alias("jolt_rms"),
        (F.sum(before) / F.sum(squared)).alias("share_before"),
        (F.sum(F.col("slow") * F.col("slow")) / F.sum(squared)).alias("share_slow"),
        F.sqrt(F.avg(F.col("shake") * F.col("shake"))).alias("shake_rms"),
        F.max("shake").alias("shake_max"),
        F.max("tilt_rate").alias("tilt_max"),
        F.sqrt(F.avg(F.col("tilt_rate") * F.col("tilt_rate"))).alias("tilt_rms"),
        F.count(F.lit(1)).alias("samples"),
        (F.max("timestamp") - F.min("timestamp")).alias("span_ms"),
        F.max(F.when(since.between(-450, -120), F.abs(jolt))).alias("echo_before"),
        F.max(F.when(since.between(120, 450), F.abs(jolt))).alias("echo_after"),
    )
    named = impacts.withColumn("impact_ms", F.col("timestamp"))
    return equi_join(named, shape, _IMPACT).drop("impact_ms").withColumns(_derived())


def _derived() -> dict[str, Column]:
    peak, scale = F.col("peak"), F.col("scale")
    duration_ms = F.col("end_ms") - F.col("start_ms")
    speed_mps = F.col("velocity") / F.lit(3.6)
    span = F.greatest(F.col("span_ms"), F.lit(1))
    return {
        "duration_ms": duration_ms,
        "f_peak": F.log(peak),
        "f_ratio": F.log(peak / scale),
        "f_local_ratio": F.log(peak / F.greatest(F.col("surroundings"), F.lit(0.1))),
        "f_length": F.log(duration_ms / F.lit(1000.0) * speed_mps + F.lit(0.3)),
        "f_duration": F.log(duration_ms / F.lit(1000.0) + F.lit(0.02)),
        "f_speed": F.log(speed_mps),
        "f_rate": F.log((F.col("samples") - F.lit(1)) * F.lit(1000.0) / span + F.lit(1.0)),
        "f_down_share": (F.lit(0.0) - F.col("jolt_min")) / (F.col("jolt_max") - F.col("jolt_min")),
        "f_down_first": (F.col("high_ms") - F.col("low_ms")) / F.lit(1000.0),
        "f_rms": F.col("jolt_rms") / peak,
        "f_share_before": F.col("share_before"),
        "f_share_slow": F.col("share_slow"),
        "f_shake": F.col("shake_rms") / F.greatest(F.col("jolt_rms"), F.lit(0.01)),
        "f_shake_max": F.col("shake_max") / peak,
        "f_tilt": F.log(F.coalesce(F.col("tilt_max"), F.lit(1.0)) / peak + F.lit(0.1)),
        "f_tilt_rms": F.coalesce(F.col("tilt_rms") / F.greatest(F.col("tilt_max"), F.lit(0.01)), F.lit(0.0)),
        "f_gyro": F.when(F.col("tilt_max").isNull(), F.lit(0.0)).otherwise(F.lit(1.0)),
        "f_echo_before": F.coalesce(F.col("echo_before") / peak, F.lit(0.0)),
        "f_echo_after": F.coalesce(F.col("echo_after") / peak, F.lit(0.0)),
        "f_surroundings": F.log(F.greatest(F.col("surroundings"), F.lit(0.05))),
    }


FEATURES = (
    "f_peak",
    "f_ratio",
    "f_local_ratio",
    "f_length",
    "f_duration",
    "f_speed",
    "f_rate",
    "f_down_share",
    "f_down_first",
    "f_rms",
    "f_share_before",
    "f_share_slow",
    "f_shake",
    "f_shake_max",
    "f_tilt",
    "f_tilt_rms",
    "f_gyro",
    "f_echo_before",
    "f_echo_after",
    "f_surroundings",
)
