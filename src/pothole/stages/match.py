"""From points to the road network: the segment that fits in place and direction, and the offset along its link.

Distances are true point-to-line distances in metres (nearest midpoints put 5.7 % of the points on the wrong segment
even without
GPS noise); a grid makes the search an equi-join.
"""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from pothole.geo import heading, heading_difference, metres_per_degree_lat, metres_per_degree_lon, steady
from pothole.stages.frames import equi_join
from pothole.stages.settings import MatchSettings

_CELLS_PER_DEGREE = 2000.0


def _cell(degrees: Column) -> Column:
    return F.floor(degrees * F.lit(_CELLS_PER_DEGREE)).cast("bigint")


def network(segments: DataFrame) -> DataFrame:
    """Segments with metric geometry: ``dx_m, dy_m, length_m, segment_heading``, ``link_offset_m`` of their start.

    ``number`` counts the segments in the order of ``s_id``: a key that is cheaper to compare.
    """
    middle = (F.col("start_lat") + F.col("end_lat")) / F.lit(2.0)
    measured = segments.withColumns({"mx": metres_per_degree_lon(middle), "my": metres_per_degree_lat(middle)})
    vectors = measured.withColumns(
        {
            "dx_m": (F.col("end_lon") - F.col("start_lon")) * F.col("mx"),
            "dy_m": (F.col("end_lat") - F.col("start_lat")) * F.col("my"),
        }
    )
    sized = vectors.withColumn("length_m", F.sqrt(F.col("dx_m") * F.col("dx_m") + F.col("dy_m") * F.col("dy_m")))
    before = Window.partitionBy("link_id").orderBy("seq").rowsBetween(Window.unboundedPreceding, -1)
    return sized.withColumns(
        {
            "number": F.row_number().over(Window.orderBy("s_id")),
            "link_offset_m": F.coalesce(F.sum("length_m").over(before), F.lit(0.0)),
            "segment_heading": heading(F.col("dx_m"), F.col("dy_m")),
        }
    )


def gridded(roads: DataFrame, reach_m: float) -> DataFrame:
    """A row a segment and grid cell from which the segment is within reach."""

    def cells(axis: str, metres: str) -> Column:
        start, end = F.col(f"start_{axis}"), F.col(f"end_{axis}")
        pad = F.lit(reach_m) / F.col(metres)
        return F.sequence(_cell(F.least(start, end) - pad), _cell(F.greatest(start, end) + pad))

    return roads.withColumn("cell_x", F.explode(cells("lon", "mx"))).withColumn("cell_y", F.explode(cells("lat", "my")))


def match(points: DataFrame, roads: DataFrame, key: Sequence[str], settings: MatchSettings) -> DataFrame:
    """Points with ``link_id, s_id, offset_m, match_distance_m``; null where no segment is within reach.

    ``points`` need lon, lat, heading and ``position_sigma_m``; ``roads`` come from ``network``. Reach is the smaller of
    ``max_distance_m`` and three standard errors; of several segments the one with the smallest squared error (distance
    and heading, in standard errors) is taken, then the smaller ``s_id``.
    """
    keyed = points.select(
        *key,
        "lon",
        "lat",
        "heading",
        "position_sigma_m",
        _cell(F.col("lon")).alias("cell_x"),
        _cell(F.col("lat")).alias("cell_y"),
    )
    lines = gridded(roads, settings.max_distance_m).select(
        "cell_x", "cell_y", "number", "start_lon", "start_lat", "mx", "my", "dx_m", "dy_m", "length_m",
        "link_offset_m", "segment_heading",
    )  # fmt: skip
    pairs = equi_join(keyed, lines, ["cell_x", "cell_y"])
    px = (F.col("lon") - F.col("start_lon")) * F.col("mx")
    py = (F.col("lat") - F.col("start_lat")) * F.col("my")
    length = F.greatest(F.col("length_m"), F.lit(1e-6))
    along = (px * F.col("dx_m") + py * F.col("dy_m")) / length
    clamped = F.greatest(F.lit(0.0), F.least(length, along))
    ex = px - clamped * F.col("dx_m") / length
    ey = py - clamped * F.col("dy_m") / length
    angle = F.coalesce(heading_difference(F.col("heading"), F.col("segment_heading")), F.lit(0.0))
    reach = F.least(F.lit(settings.max_distance_m), F.col("position_sigma_m") * F.lit(3.0))
    measured = pairs.select(
        *key,
        "number",
        (F.col("link_offset_m") + clamped).alias("offset_m"),
        steady(F.sqrt(ex * ex + ey * ey)).alias("match_distance_m"),
        steady(angle).alias("angle"),
        "position_sigma_m",
        reach.alias("reach"),
    ).where((F.col("match_distance_m") <= F.col("reach")) & (F.col("angle") <= settings.heading_degrees))
    apart, turned = F.col("match_distance_m") / F.col("position_sigma_m"), F.col("angle") / F.lit(20.0)
    best = measured.groupBy(*key).agg(
        F.min(
            F.struct(
                steady(apart * apart + turned * turned).alias("error"),
                F.col("number").alias("number"),
                F.col("offset_m").alias("offset_m"),
                F.col("match_distance_m").alias("match_distance_m"),
            )
        ).alias("best")
    )
    found = best.select(*key, *(F.col(f"best.{c}").alias(c) for c in ("number", "offset_m", "match_distance_m")))
    named = equi_join(found, roads.select("number", "link_id", "s_id"), ["number"]).drop("number")
    return equi_join(points, named, list(key), "left")


_MATCHED = ("link_id", "s_id", "offset_m", "match_distance_m")


def unmatched(points: DataFrame) -> DataFrame:
    """Points as ``match`` gives them where there is no road network at all: every match is null."""
    return points.withColumns(
        {name: F.lit(None).cast("string" if name.endswith("_id") else "double") for name in _MATCHED}
    )
