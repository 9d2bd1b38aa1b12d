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
    """Impacts with their features (``FEATURES``) and ``duration_ms``, one row each.

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
    return equi_join(named, shape, _IMPACT).drop("impact_ms").withColumns(_derived())


def _derived() -> dict[str, Column]:
    peak, scale = F.col("peak"), F.col("scale")
    speed_mps = F.col("velocity") / F.lit(3.6)
    span = F.greatest(F.col("span_ms"), F.lit(1))
    duration_s = F.col("duration_ms") / F.lit(1000.0)

    def share(a: str, b: str) -> Column:
        one, other = F.col(a) * F.col(a), F.col(b) * F.col(b)
        return F.coalesce(one / F.greatest(one + other, F.lit(1e-9)), F.lit(-1.0))

    def of_peak(name: str, otherwise: float = 0.0) -> Column:
        return F.coalesce(F.col(name) / peak, F.lit(otherwise))

    def stands_out(name: str, usual: str, floor: float) -> Column:
        return F.coalesce(F.log(F.col(name) / F.greatest(F.col(usual), F.lit(floor))), F.lit(-3.0))

    return {
        "f_peak": F.log(peak),
        "f_ratio": F.log(peak / scale),
        "f_local_ratio": F.log(peak / F.greatest(F.col("surroundings"), F.lit(0.1))),
        "f_duration": F.log(duration_s + F.lit(0.02)),
        "f_speed": F.log(speed_mps),
        "f_rate": F.log((F.col("samples") - F.lit(1)) * F.lit(1000.0) / span + F.lit(1.0)),
        "f_down_share": (F.lit(0.0) - F.col("jolt_min")) / (F.col("jolt_max") - F.col("jolt_min")),
        "f_down_first": (F.col("high_ms") - F.col("low_ms")) / F.lit(1000.0),
        "f_nose_down_first": F.coalesce((F.col("nose_up_ms") - F.col("nose_down_ms")) / F.lit(1000.0), F.lit(0.0)),
        "f_opposite": of_peak("opposite"),
        "f_share_before": F.col("share_before"),
        "f_share_core": F.col("share_core"),
        "f_shake": F.col("shake_rms") / F.greatest(F.col("jolt_rms"), F.lit(0.01)),
        "f_shake_max": F.col("shake_max") / peak,
        "f_tilt": F.log(F.coalesce(F.col("tilt_max"), F.lit(1.0)) / peak + F.lit(0.1)),
        "f_tilt_rms": F.coalesce(F.col("tilt_rms") / F.greatest(F.col("tilt_max"), F.lit(0.01)), F.lit(0.0)),
        "f_roll": F.log(of_peak("roll_max") + F.lit(0.1)),
        "f_roll_share": share("roll_rms", "pitch_rms"),
        "f_roll_peak_share": share("roll_max", "pitch_max"),
        "f_aside_share": share("aside_rms", "ahead_rms"),
        "f_aside": of_peak("aside_max", -1.0),
        "f_roll_ratio": stands_out("roll_max", "roll_around", 0.1),
        "f_roll_around": F.log(F.greatest(F.col("roll_around"), F.lit(0.1))),
        "f_aside_ratio": stands_out("aside_max", "aside_around", 0.03),
        "f_core_ratio": stands_out("jolt_core", "surroundings", 0.1),
        "f_roll_core_ratio": stands_out("roll_rate_core", "roll_around", 0.1),
        "f_aside_core_ratio": stands_out("aside_core", "aside_around", 0.03),
        "f_surroundings": F.log(F.greatest(F.col("surroundings"), F.lit(0.05))),
    }


FEATURES = (
    "f_peak", "f_ratio", "f_local_ratio", "f_duration", "f_speed", "f_rate", "f_down_share", "f_down_first",
    "f_nose_down_first", "f_opposite", "f_share_before", "f_share_core", "f_shake", "f_shake_max", "f_tilt",
    "f_tilt_rms", "f_roll", "f_roll_share", "f_roll_peak_share", "f_roll_ratio", "f_roll_around", "f_aside_share",
    "f_aside", "f_aside_ratio", "f_core_ratio", "f_roll_core_ratio", "f_aside_core_ratio", "f_surroundings",
)  # fmt: skip
