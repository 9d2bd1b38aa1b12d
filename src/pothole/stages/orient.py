"""The vertical in a device that lies as it lies: gravity's direction, followed through mounts, and the device's gain.

At rest an accelerometer reads the specific force, 9.80665 m/s2 upwards. Its median over a trip gives the device's
upward axis; its length gives the gain of the device's scale.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from pothole.geo import steady
from pothole.stages.frames import Keep, equi_join, trip_window
from pothole.stages.settings import OrientSettings

STANDARD_GRAVITY_MPS2 = 9.80665

_AXES = ("accel_x", "accel_y", "accel_z")
_GYRO = ("gyro_x", "gyro_y", "gyro_z")
_UP = ("up_x", "up_y", "up_z")


def _angle_degrees(a: tuple[str, str, str], b: tuple[str, str, str]) -> Column:
    dot = sum((F.col(x) * F.col(y) for x, y in zip(a, b, strict=True)), F.lit(0.0))
    norms = _norm(a) * _norm(b)
    cosine = F.greatest(F.lit(-1.0), F.least(F.lit(1.0), dot / F.when(norms > 0, norms)))
    return steady(F.degrees(F.acos(cosine)))


def _norm(axes: tuple[str, str, str]) -> Column:
    return F.sqrt(sum((F.col(a) * F.col(a) for a in axes), F.lit(0.0)))


def mounts(seconds: DataFrame, settings: OrientSettings) -> DataFrame:
    """One row a block of a trip with its ``mount``: 0, 1, 2 ... counts how often the device was moved before.

    A block's gravity is the median of its seconds' mean acceleration; a turn of more than ``moved_degrees`` between
    neighbouring blocks begins a new mount.
    """
    blocks = seconds.groupBy("vehicle_id", "trip_id", "block").agg(
        *(F.percentile(a, F.lit(0.5)).alias(a) for a in _AXES)
    )
    order = trip_window().orderBy("block")
    before = tuple(f"{a}_before" for a in _AXES)
    turned = blocks.withColumns({b: F.lag(a).over(order) for a, b in zip(_AXES, before, strict=True)})
    moved = F.coalesce(_angle_degrees(_AXES, before) > settings.moved_degrees, F.lit(False)).cast("int")  # type: ignore[arg-type]
    return turned.withColumn("moved", moved).select(
        "vehicle_id", "trip_id", "block", F.sum("moved").over(order).alias("mount")
    )


def orient(seconds: DataFrame, settings: OrientSettings, keep: Keep) -> DataFrame:
    """Seconds with ``up_x/y/z``; a sample's vertical acceleration is its dot product with up - 9.80665.

    The vector up has the length of gain correction: its dot product with the mount's gravity is standard gravity.
    """
    blocked = seconds.withColumn(
        "block", F.floor(F.col("second") / F.lit(float(settings.block_seconds))).cast("bigint")
    )
    # Both small tables are computed by themselves: joined as one plan, DuckDB 2.0 orders the joins badly.
    on_mount = equi_join(blocked, keep(mounts(blocked, settings)), ["vehicle_id", "trip_id", "block"])
    gravity = on_mount.groupBy("vehicle_id", "trip_id", "mount").agg(
        *(F.percentile(a, F.lit(0.5)).alias(u) for a, u in zip(_AXES, _UP, strict=True))
    )
    length = _norm(_UP)
    gain = F.lit(STANDARD_GRAVITY_MPS2) / (length * length)
    unit = gravity.where(steady(length) > 0.5).select(
        "vehicle_id", "trip_id", "mount", *((F.col(u) * gain).alias(u) for u in _UP)
    )
    upright = equi_join(on_mount, keep(unit), ["vehicle_id", "trip_id", "mount"])
    ahead = keep(forward(upright))
    return equi_join(upright, ahead, ["vehicle_id", "trip_id", "mount"], "left").drop("block")


def forward(upright: DataFrame) -> DataFrame:
    """One row a mount: the vehicle's forward axis ``ahead_x/y/z`` and its left ``aside_x/y/z``; no row where unknown.

    What a vehicle does tells how the device lies in it: it gains speed along its forward axis, and in a curve it is
    pushed along its left by speed times yaw rate. Both directions are summed over the mount's seconds, the second
    turned by a right angle. Fixes are older than their samples, so the gain of speed is taken from the fixes to come.
    The vectors carry the gain correction of ``up``.
    """
    order = trip_window().orderBy("second")
    later = F.when(F.lead("second", 2).over(order) == F.col("second") + 2, F.lead("velocity", 2).over(order))
    length = _norm(_UP)
    turn = sum((F.col(g) * F.col(u) for g, u in zip(_GYRO, _UP, strict=True)), F.lit(0.0))
    moving = upright.where(F.col("fit")).withColumns(
        {
            "gain_mps2": F.coalesce((later - F.col("velocity")) / F.lit(7.2), F.lit(0.0)),
            "sideways_mps2": F.coalesce(F.radians(turn / length) * F.col("velocity") / F.lit(3.6), F.lit(0.0)),
        }
    )
    rest = [
        F.col(a) - F.col(u) * F.lit(STANDARD_GRAVITY_MPS2) / (length * length) for a, u in zip(_AXES, _UP, strict=True)
    ]
    sums = moving.groupBy("vehicle_id", "trip_id", "mount").agg(
        *(F.sum(F.col("gain_mps2") * r).alias(f"gain_{x}") for r, x in zip(rest, "xyz", strict=True)),
        *(F.sum(F.col("sideways_mps2") * r).alias(f"side_{x}") for r, x in zip(rest, "xyz", strict=True)),
        *(F.max(u).alias(u) for u in _UP),
    )
    up = [F.col(u) / length for u in _UP]
    turned = _cross([F.col(f"side_{x}") for x in "xyz"], up)
    raw = [F.col(f"gain_{x}") + t for x, t in zip("xyz", turned, strict=True)]
    along = sum((r * u for r, u in zip(raw, up, strict=True)), F.lit(0.0))
    level = sums.select(
        "vehicle_id", "trip_id", "mount", *_UP, length.alias("length"),
        *((r - along * u).alias(f"level_{x}") for r, u, x in zip(raw, up, "xyz", strict=True)),
    )  # fmt: skip
    norm = _norm(("level_x", "level_y", "level_z"))
    ahead = level.where(steady(norm) > 1.0).select(
        "vehicle_id", "trip_id", "mount", *_UP, "length",
        *((F.col(f"level_{x}") * F.col("length") / norm).alias(f"ahead_{x}") for x in "xyz"),
    )  # fmt: skip
    left = _cross([F.col(u) / F.col("length") for u in _UP], [F.col(f"ahead_{x}") for x in "xyz"])
    return ahead.select(
        "vehicle_id", "trip_id", "mount", *(f"ahead_{x}" for x in "xyz"),
        *(c.alias(f"aside_{x}") for c, x in zip(left, "xyz", strict=True)),
    )  # fmt: skip


def _cross(a: list[Column], b: list[Column]) -> list[Column]:
    return [a[(i + 1) % 3] * b[(i + 2) % 3] - a[(i + 2) % 3] * b[(i + 1) % 3] for i in range(3)]


def vertical() -> Column:
    """A sample's or second's acceleration along up, gravity taken off, m/s2."""
    products = (F.col(a) * F.col(u) for a, u in zip(_AXES, _UP, strict=True))
    return sum(products, F.lit(-STANDARD_GRAVITY_MPS2))
