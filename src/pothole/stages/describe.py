"""The samples around an impact, summed up: the measures of which its features (``features.ROWS``) are made."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from pothole.geo import steady
from pothole.stages.features import derived
from pothole.stages.frames import equi_join
from pothole.stages.motion import SECOND

BEFORE_MS = 700
AFTER_MS = 1000
_CORE_MS = 350
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
        F.col("peak").alias("impact_peak"),
        "signed_peak",
        F.explode(F.sequence(first, last)).alias("second"),
    )
    near = equi_join(wanted, jolts, SECOND).withColumn("since_ms", F.col("timestamp") - F.col("impact_ms"))
    return near.where(F.col("since_ms").between(-before_ms, after_ms))


def describe(impacts: DataFrame, jolts: DataFrame) -> DataFrame:
    """Impacts with their features (``features.FEATURES``) and ``duration_ms``, one row each.

    Lengths in metres, times in milliseconds, accelerations in m/s2, turn rates in deg/s.
    """
    near = around(impacts, jolts, BEFORE_MS, AFTER_MS)
    jolt, since = F.col("jolt"), F.col("since_ms")
    squared = jolt * jolt
    steady_jolt, steady_pitch = steady(jolt), steady(F.col("pitch_rate"))
    signed = jolt * F.signum(F.col("signed_peak"))

    def square_sum(inside: Column) -> Column:
        return F.sum(F.when(inside, squared).otherwise(F.lit(0.0)))

    def rms(name: str) -> Column:
        return F.sqrt(F.avg(F.col(name) * F.col(name)))

    def core_rms(name: str) -> Column:
        return F.sqrt(F.avg(F.when(F.abs(since) <= _CORE_MS, F.col(name) * F.col(name))))

    def when_low(value: Column) -> Column:
        return F.min_by(since, F.when(value.isNotNull(), F.struct(value.alias("s"), since.alias("t"))))

    def when_high(value: Column) -> Column:
        backwards = (F.lit(0) - since).alias("t")
        return F.max_by(since, F.when(value.isNotNull(), F.struct(value.alias("s"), backwards)))

    loud = steady(F.abs(jolt) - F.col("impact_peak") / F.lit(2.0)) >= 0
    total = F.sum(squared)
    shape = near.groupBy(*_IMPACT).agg(
        F.max(jolt).alias("jolt_max"),
        F.min(jolt).alias("jolt_min"),
        when_low(steady_jolt).alias("low_ms"),
        when_high(steady_jolt).alias("high_ms"),
        when_low(steady_pitch).alias("nose_down_ms"),
        when_high(steady_pitch).alias("nose_up_ms"),
        F.sqrt(F.avg(squared)).alias("jolt_rms"),
        (square_sum(since < 0) / total).alias("share_before"),
        (square_sum(F.abs(since) <= 150) / total).alias("share_core"),
        rms("shake").alias("shake_rms"),
        F.max("shake").alias("shake_max"),
        F.max("tilt_rate").alias("tilt_max"),
        rms("tilt_rate").alias("tilt_rms"),
        F.max(F.abs(F.col("roll_rate"))).alias("roll_max"),
        rms("roll_rate").alias("roll_rms"),
        F.max(F.abs(F.col("pitch_rate"))).alias("pitch_max"),
        rms("pitch_rate").alias("pitch_rms"),
        rms("ahead").alias("ahead_rms"),
        rms("aside").alias("aside_rms"),
        F.max(F.abs(F.col("aside"))).alias("aside_max"),
        *(core_rms(name).alias(f"{name}_core") for name in ("jolt", "aside", "roll_rate")),
        F.count(F.lit(1)).alias("samples"),
        (F.max("timestamp") - F.min("timestamp")).alias("span_ms"),
        (F.max(F.when(loud, since)) - F.min(F.when(loud, since))).alias("duration_ms"),
        F.max(F.when(F.abs(since) <= 150, F.lit(0.0) - signed)).alias("opposite"),
    )
    named = impacts.withColumn("impact_ms", F.col("timestamp"))
    return equi_join(named, shape, _IMPACT).drop("impact_ms").withColumns(derived(F))
