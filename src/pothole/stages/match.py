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

#: Two grids, for most points are sure of their place: cells a degree, and how far a point may reach in it (metres).
_FINE_REACH_M = 15.0
_CELLS_PER_DEGREE = {0: 4000.0, 1: 2000.0}


#: More than any network has segments; with the error (below 100, in steps of 1e-8) it fits into 63 bits.
_NUMBERS = 2**28

_GEOMETRY = ("link_id", "s_id", "link_offset_m", "start_lon", "start_lat", "mx", "my", "dx_m", "dy_m", "length_m")


def _cell(degrees: Column, cells_per_degree: Column | float) -> Column:
    per_degree = F.lit(cells_per_degree) if isinstance(cells_per_degree, float) else cells_per_degree
    return F.floor(degrees * per_degree).cast("bigint")


def network(segments: DataFrame) -> DataFrame:
    """Segments with metric geometry: ``dx_m, dy_m, length_m, segment_heading``, ``link_offset_m`` of their start.

    Also ``link_length_m`` and the ``last_seq`` of their link. ``number`` counts the segments in the order of ``s_id``:
    a key that is cheaper to compare.
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
    link = Window.partitionBy("link_id")
    before = link.orderBy("seq").rowsBetween(Window.unboundedPreceding, -1)
    return sized.withColumns(
        {
            "number": F.row_number().over(Window.orderBy("s_id")).cast("bigint"),
            "link_offset_m": F.coalesce(F.sum("length_m").over(before), F.lit(0.0)),
            "link_length_m": F.sum("length_m").over(link),
            "last_seq": F.max("seq").over(link),
            "segment_heading": heading(F.col("dx_m"), F.col("dy_m")),
        }
    )


def gridded(roads: DataFrame, reach_m: float, grid: int) -> DataFrame:
    """A row a segment and cell of a grid from which the segment is within reach."""
    size = _CELLS_PER_DEGREE[grid]

    def cells(axis: str, metres: str) -> Column:
        start, end = F.col(f"start_{axis}"), F.col(f"end_{axis}")
        pad = F.lit(reach_m) / F.col(metres)
        return F.sequence(_cell(F.least(start, end) - pad, size), _cell(F.greatest(start, end) + pad, size))

    return (
        roads.withColumn("cell_x", F.explode(cells("lon", "mx")))
        .withColumn("cell_y", F.explode(cells("lat", "my")))
        .withColumn("grid", F.lit(grid))
    )


def match(points: DataFrame, roads: DataFrame, key: Sequence[str], settings: MatchSettings) -> DataFrame:
    """Points with ``link_id, s_id, offset_m, match_distance_m``; null where no segment is within reach.

    ``points`` need lon, lat, heading and ``position_sigma_m``; ``roads`` come from ``network``. Reach is the smaller of
    ``max_distance_m`` and three standard errors; of several segments the one with the smallest squared error (distance
    and heading, in standard errors) is taken, then the smaller ``s_id``.
    """
    reach = F.least(F.lit(settings.max_distance_m), F.col("position_sigma_m") * F.lit(3.0))
    fine = reach <= _FINE_REACH_M
    size = F.when(fine, F.lit(_CELLS_PER_DEGREE[0])).otherwise(F.lit(_CELLS_PER_DEGREE[1]))
    keyed = points.select(
        *key,
        "lon",
        "lat",
        "heading",
        "position_sigma_m",
        F.when(fine, F.lit(0)).otherwise(F.lit(1)).alias("grid"),
        _cell(F.col("lon"), size).alias("cell_x"),
        _cell(F.col("lat"), size).alias("cell_y"),
    )
    reaches = {0: min(_FINE_REACH_M, settings.max_distance_m), 1: settings.max_distance_m}
    grids = [gridded(roads, reach_m, grid) for grid, reach_m in reaches.items()]
    lines = grids[0].unionByName(grids[1]).select(
        "grid", "cell_x", "cell_y", "number", "start_lon", "start_lat", "mx", "my", "dx_m", "dy_m", "length_m",
        "link_offset_m", "segment_heading",
    )  # fmt: skip
    pairs = equi_join(keyed, lines, ["grid", "cell_x", "cell_y"])
    angle = F.coalesce(heading_difference(F.col("heading"), F.col("segment_heading")), F.lit(0.0))
    measured = pairs.select(
        *key,
        "number",
        _beside()[1].alias("match_distance_m"),
        steady(angle).alias("angle"),
        "position_sigma_m",
        reach.alias("reach"),
    ).where((F.col("match_distance_m") <= F.col("reach")) & (F.col("angle") <= settings.heading_degrees))
    apart, turned = F.col("match_distance_m") / F.col("position_sigma_m"), F.col("angle") / F.lit(20.0)
    # Error and number in one integer: its minimum is a hash aggregation on both engines, that of a struct is a sort.
    error = F.floor((apart * apart + turned * turned) * F.lit(1e8) + F.lit(0.5)).cast("bigint")
    best = (
        measured.groupBy(*key)
        .agg(F.min(error * F.lit(_NUMBERS) + F.col("number")).alias("best"))
        .select(*key, (F.col("best") % F.lit(_NUMBERS)).alias("number"))
    )
    placed = equi_join(
        equi_join(points, best, list(key), "left"), roads.select("number", *_GEOMETRY), ["number"], "left"
    )
    offset, distance = _beside()
    return placed.select(
        *points.columns,
        "link_id",
        "s_id",
        (F.col("link_offset_m") + offset).alias("offset_m"),
        distance.alias("match_distance_m"),
    )


def segments_at(places: DataFrame, roads: DataFrame) -> DataFrame:
    """``place`` and the ``s_id`` of the segment that holds its ``offset_m`` along its ``link_id``; none without a link.

    Where two segments meet, the later one.
    """
    on_link = equi_join(
        places.select("place", "link_id", "offset_m"), roads.select("link_id", "s_id", "link_offset_m"), ["link_id"]
    )
    begun = on_link.where(steady(F.col("link_offset_m") - F.col("offset_m")) <= 0)
    last = F.max(F.struct(steady(F.col("link_offset_m")).alias("at"), F.col("s_id").alias("s_id")))
    return begun.groupBy("place").agg(last.alias("last")).select("place", F.col("last.s_id").alias("s_id"))


def _beside() -> tuple[Column, Column]:
    """How far along its segment a point lies, and how far from it, metres (the segment's columns beside lon, lat)."""
    px = (F.col("lon") - F.col("start_lon")) * F.col("mx")
    py = (F.col("lat") - F.col("start_lat")) * F.col("my")
    length = F.greatest(F.col("length_m"), F.lit(1e-6))
    along = (px * F.col("dx_m") + py * F.col("dy_m")) / length
    # greatest and least pass over nulls: without a segment there is no place along it
    clamped = F.when(F.col("length_m").isNotNull(), F.greatest(F.lit(0.0), F.least(length, along)))
    ex = px - clamped * F.col("dx_m") / length
    ey = py - clamped * F.col("dy_m") / length
    return clamped, steady(F.sqrt(ex * ex + ey * ey))


_MATCHED = ("link_id", "s_id", "offset_m", "match_distance_m")


def unmatched(points: DataFrame) -> DataFrame:
    """Points as ``match`` gives them where there is no road network at all: every match is null."""
    return points.withColumns(
        {name: F.lit(None).cast("string" if name.endswith("_id") else "double") for name in _MATCHED}
    )
