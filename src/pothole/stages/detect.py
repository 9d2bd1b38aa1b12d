"""From oriented seconds to impacts: high-pass, robust scale, peaks.

Two passes over the samples, neither of which sorts them all. The first takes, for every second, the strength of the
vertical acceleration about a running mean (the means of whole seconds, interpolated in time). Only around seconds in
which something stands out from the trip's own scale does the second pass look at single samples again, with an exact
centred mean over a second of time.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from pothole.geo import steady
from pothole.stages.frames import Keep, equi_join, trip_window
from pothole.stages.motion import SECOND
from pothole.stages.orient import vertical
from pothole.stages.settings import DetectSettings

_TRIP = ("vehicle_id", "trip_id")
_ACCEL = ("accel_x", "accel_y", "accel_z")
_GYRO = ("gyro_x", "gyro_y", "gyro_z")
_UP = ("up_x", "up_y", "up_z")
_AHEAD = ("ahead_x", "ahead_y", "ahead_z")
_ASIDE = ("aside_x", "aside_y", "aside_z")
_MEANS = ("mean_x", "mean_y", "mean_z")
_HALF_WINDOW_MS = 500
_STRETCH_MS = 2000
_CONTEXT_SECONDS = (2, 3)  # before and after a candidate second: its high-pass window and the fixes around it
_CANDIDATE_SHARE = 0.8  # of the upper threshold: the interpolated mean is not the exact one


def with_baseline(oriented: DataFrame) -> DataFrame:
    """Oriented seconds with the running mean of the vertical: of this second and of its neighbours, m/s2."""
    order = trip_window().orderBy("second")
    mean = oriented.withColumn("mean_0", vertical())

    def neighbour(step: int) -> Column:
        adjacent = F.lag("second", -step).over(order) == F.col("second") + F.lit(step)
        return F.when(adjacent, F.lag("mean_0", -step).over(order)).otherwise(F.col("mean_0"))

    return mean.withColumns({"mean_before": neighbour(-1), "mean_after": neighbour(1)})


def rough_high_pass() -> Column:
    """Vertical acceleration about the interpolated mean of the seconds, m/s2."""
    phase = (F.col("timestamp") - F.col("second") * F.lit(1000)) / F.lit(1000.0) - F.lit(0.5)
    towards = F.when(phase < 0, F.col("mean_before")).otherwise(F.col("mean_after"))
    return vertical() - F.col("mean_0") - F.abs(phase) * (towards - F.col("mean_0"))


def with_strength(samples: DataFrame, oriented: DataFrame) -> DataFrame:
    """Oriented seconds with ``roughness`` (RMS) and ``peak`` (largest magnitude) of the vertical, m/s2."""
    axis = with_baseline(oriented).select(*SECOND, "up_x", "up_y", "up_z", "mean_0", "mean_before", "mean_after")
    accelerations = samples.select(*SECOND, "timestamp", *_ACCEL)
    jolts = equi_join(accelerations, axis, SECOND).select(*SECOND, rough_high_pass().alias("jolt"))
    strength = jolts.groupBy(*SECOND).agg(
        F.sqrt(F.avg(F.col("jolt") * F.col("jolt"))).alias("roughness"), F.max(F.abs(F.col("jolt"))).alias("peak")
    )
    return equi_join(oriented, strength, SECOND)


def with_scale(seconds: DataFrame, settings: DetectSettings) -> DataFrame:
    """Seconds with ``scale``: the median roughness of the mount's moving seconds, shrunk towards the fleet's, floored.

    Not a z-score: the median does not grow with the potholes that are to be found.
    """
    usable = seconds.where(F.col("fit"))
    own = usable.groupBy("vehicle_id", "trip_id", "mount").agg(
        F.percentile("roughness", F.lit(0.5)).alias("median_roughness"), F.count(F.lit(1)).alias("n")
    )
    prior = F.lit(settings.scale_prior_seconds)
    variance = (
        F.col("n") * F.col("median_roughness") * F.col("median_roughness") + prior * F.lit(settings.scale_prior_mps2**2)
    ) / (F.col("n") + prior)
    scale = F.greatest(F.sqrt(variance), F.lit(settings.scale_floor_mps2))
    scales = own.select("vehicle_id", "trip_id", "mount", scale.alias("scale"))
    return equi_join(usable, scales, ["vehicle_id", "trip_id", "mount"])


def context(samples: DataFrame, scaled: DataFrame, settings: DetectSettings, keep: Keep) -> DataFrame:
    """All samples around seconds in which something stands out, with the second's axis and scale.

    ``close`` marks the samples in which an impact may lie; the others serve its high-pass window and the fixes around
    it.
    """
    threshold = F.col("scale") * F.lit(settings.start_scales * _CANDIDATE_SHARE)
    fast_enough = steady(F.col("velocity")) >= settings.min_velocity_kmh * 0.8
    stands_out = F.col("surroundings") * F.lit(settings.start_surroundings * _CANDIDATE_SHARE)
    candidates = scaled.where((steady(F.col("peak") - F.greatest(threshold, stands_out)) >= 0) & fast_enough)
    before, after = _CONTEXT_SECONDS
    near = (
        candidates.select(*_TRIP, F.col("second").alias("centre"))
        .withColumn("second", F.explode(F.sequence(F.col("centre") - F.lit(before), F.col("centre") + F.lit(after))))
        .groupBy(*SECOND)
        .agg((F.min(F.abs(F.col("second") - F.col("centre"))) <= 1).alias("close"))
    )
    means = (F.col(a).alias(m) for a, m in zip(_ACCEL, _MEANS, strict=True))
    axis = scaled.select(*SECOND, *_UP, *_AHEAD, *_ASIDE, *means, "scale", "surroundings", "heading")
    wanted = keep(equi_join(axis, near, SECOND))  # small: so the samples are looked up in it, not in all seconds
    return equi_join(samples.drop("fit", "satellites"), wanted, SECOND)


def with_surroundings(scaled: DataFrame) -> DataFrame:
    """Seconds with ``surroundings``: the mean roughness of the five seconds to either side, m/s2."""
    around = trip_window().orderBy("second").rangeBetween(-5, 5)
    total, n = F.sum("roughness").over(around), F.count("roughness").over(around)
    others = (total - F.col("roughness")) / F.when(n > 1, n - F.lit(1))
    return scaled.withColumn("surroundings", F.coalesce(others, F.col("roughness")))


def high_pass(near: DataFrame) -> DataFrame:
    """Context samples with ``jolt``: vertical acceleration about its centred mean over a second of time, m/s2.

    Also ``shake`` (acceleration across the vertical), its parts ``ahead`` and ``aside``, and the turn rates in deg/s
    (null without a gyroscope) ``tilt_rate`` about all horizontal axes, ``roll_rate`` and ``pitch_rate``;
    ``roll_around`` and ``aside_around`` are the RMS of two seconds to both sides. Null where the vehicle's
    forward axis is unknown.
    """
    second = trip_window().orderBy("timestamp").rangeBetween(-_HALF_WINDOW_MS, _HALF_WINDOW_MS)
    stretch = trip_window().orderBy("timestamp").rangeBetween(-_STRETCH_MS, _STRETCH_MS)

    def along_axis(values: list[Column] | tuple[Column, ...], axis: tuple[str, ...]) -> Column:
        return sum((v * F.col(a) for v, a in zip(values, axis, strict=True)), F.lit(0.0))

    up_squared = sum((F.col(u) * F.col(u) for u in _UP), F.lit(0.0))
    turn = sum((F.col(g) * F.col(u) for g, u in zip(_GYRO, _UP, strict=True)), F.lit(0.0))
    turn_squared = sum((F.col(g) * F.col(g) for g in _GYRO), F.lit(0.0))
    # About the second's mean, which is at hand; the vertical part of the same difference is taken off.
    around = [F.col(a) - F.col(m) for a, m in zip(_ACCEL, _MEANS, strict=True)]
    along = sum((d * F.col(u) for d, u in zip(around, _UP, strict=True)), F.lit(0.0))
    across = sum((d * d for d in around), F.lit(0.0)) * up_squared - along * along
    measured = near.select(
        "vehicle_id", "trip_id", "timestamp", "second", "velocity", "lon", "lat", "hdop", "scale", "close",
        "surroundings", "heading",
        vertical().alias("vertical"),
        F.sqrt(F.greatest(F.lit(0.0), across)).alias("shake"),
        F.sqrt(F.greatest(F.lit(0.0), turn_squared - turn * turn / up_squared)).alias("tilt_rate"),
        (along_axis([F.col(g) for g in _GYRO], _AHEAD) / F.sqrt(up_squared)).alias("roll_rate"),
        (along_axis([F.col(g) for g in _GYRO], _ASIDE) / F.sqrt(up_squared)).alias("pitch_rate"),
        along_axis(around, _AHEAD).alias("ahead"),
        along_axis(around, _ASIDE).alias("aside"),
    )  # fmt: skip
    usual = {"roll_around": F.col("roll_rate"), "aside_around": F.col("aside")}
    windows = {  # at once: one sort for all
        "jolt": F.col("vertical") - F.avg("vertical").over(second),
        **{name: F.sqrt(F.avg(c * c).over(stretch)) for name, c in usual.items()},
    }
    return measured.withColumns(windows).drop("vertical")


def impacts(jolts: DataFrame, settings: DetectSettings) -> DataFrame:
    """One row an impact: key, ``timestamp`` of the peak, ``peak``, ``scale``, ``surroundings``.

    A peak is the largest jolt for ``apart_ms`` to both sides (of equal ones the earlier), so that a rough stretch is
    many impacts and not one that lasts for half a minute. It stands ``start_scales`` out of the trip and
    ``start_surroundings`` out of the road around it.
    """
    strength = steady(F.abs(F.col("jolt")))
    order = trip_window().orderBy("timestamp")
    before, after = order.rangeBetween(-settings.apart_ms, -1), order.rangeBetween(1, settings.apart_ms)
    compared = jolts.withColumn("strength", strength).withColumns(
        {
            "before": F.coalesce(F.max("strength").over(before), F.lit(-1.0)),
            "after": F.coalesce(F.max("strength").over(after), F.lit(-1.0)),
        }
    )
    needed = F.greatest(
        F.col("scale") * F.lit(settings.start_scales), F.col("surroundings") * F.lit(settings.start_surroundings)
    )
    return compared.where(
        F.col("close")
        & (F.col("velocity") >= settings.min_velocity_kmh)
        & (F.col("strength") > F.col("before"))
        & (F.col("strength") >= F.col("after"))
        & (steady(F.col("strength") - needed) >= 0)
    ).select(
        *_TRIP, "timestamp", F.col("strength").alias("peak"), F.col("jolt").alias("signed_peak"), "roll_around",
        "aside_around", "scale", "surroundings", "heading", "velocity", "hdop",
    )  # fmt: skip
