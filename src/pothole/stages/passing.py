"""Who drove over a place: the seconds of motion that lie over it, in its direction."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from pothole.geo import heading_difference, metres_per_degree_lat, metres_per_degree_lon, steady
from pothole.stages.frames import equi_join

_CELLS_PER_DEGREE = 2000.0  # about 55 m by 45 m: a place looks one cell around itself
_REACH_ACROSS_M = 15.0
_REACH_ALONG_M = 8.0  # beyond half of the distance that the vehicle drove in its second
_HEADING_DEGREES = 45.0
SECTORS = 8
"""Of heading."""


def seconds_over(places: DataFrame, seconds: DataFrame) -> DataFrame:
    """Pairs of a second and a place over which it lies: the columns of both.

    ``places`` have ``place_lon``, ``place_lat`` and ``place_heading``, ``seconds`` (traversals) ``lon``, ``lat``,
    ``heading`` and ``distance_m``; headings may be null and then agree with any.
    """
    pairs = near(places, seconds, _CELLS_PER_DEGREE)
    course = F.radians(F.coalesce(F.col("heading"), F.col("place_heading"), F.lit(0.0)))
    along = F.abs(F.col("east_m") * F.sin(course) + F.col("north_m") * F.cos(course))
    across = F.abs(F.col("east_m") * F.cos(course) - F.col("north_m") * F.sin(course))
    return pairs.where(
        (steady(along - F.col("distance_m") / F.lit(2.0)) <= _REACH_ALONG_M)
        & (steady(across) <= _REACH_ACROSS_M)
        & (F.col("turned_degrees") <= _HEADING_DEGREES)
    )


def near(places: DataFrame, points: DataFrame, per_degree: float) -> DataFrame:
    """Pairs of a point and a place at most a cell apart, ``per_degree`` of them in a degree: the columns of both.

    And where the point lies from the place, ``east_m``, ``north_m``, and the angle between their headings,
    ``turned_degrees`` (0 where one is not known).
    """
    pairs = equi_join(
        cells(points, "lon", "lat", per_degree),
        around(places, "place_lon", "place_lat", per_degree),
        ["cell_x", "cell_y"],
    )
    angle = F.coalesce(heading_difference(F.col("heading"), F.col("place_heading")), F.lit(0.0))
    return pairs.withColumns(
        {
            "east_m": (F.col("lon") - F.col("place_lon")) * metres_per_degree_lon(F.col("place_lat")),
            "north_m": (F.col("lat") - F.col("place_lat")) * metres_per_degree_lat(F.col("place_lat")),
            "turned_degrees": steady(angle),
        }
    )


def cells(points: DataFrame, lon: str, lat: str, per_degree: float) -> DataFrame:
    """Points with the cell in which they lie, ``cell_x`` and ``cell_y``."""

    def cell(axis: str) -> Column:
        return F.floor(F.col(axis) * F.lit(per_degree)).cast("bigint")

    return points.withColumns({"cell_x": cell(lon), "cell_y": cell(lat)})


def around(points: DataFrame, lon: str, lat: str, per_degree: float) -> DataFrame:
    """Points nine times: with their cell and with each of its neighbours."""
    step = F.sequence(F.lit(-1), F.lit(1))
    own = cells(points, lon, lat, per_degree).withColumnsRenamed({"cell_x": "x", "cell_y": "y"})
    return (
        own.withColumn("dx", F.explode(step))
        .withColumn("dy", F.explode(step))
        .withColumns({"cell_x": F.col("x") + F.col("dx"), "cell_y": F.col("y") + F.col("dy")})
        .drop("x", "y", "dx", "dy")
    )


def cell_of(width_m: float) -> tuple[Column, Column, Column]:
    """East and north cell and sector of heading; east cells keep their width by whole degrees of latitude."""
    per_degree = metres_per_degree_lat(F.lit(0.0))
    band = F.cos(F.radians(F.floor(F.col("lat")) + F.lit(0.5)))
    x = F.floor(steady(F.col("lon") * per_degree * band / F.lit(width_m))).cast("bigint")
    y = F.floor(steady(F.col("lat") * per_degree / F.lit(width_m))).cast("bigint")
    turned = F.coalesce(F.col("heading"), F.lit(0.0)) / F.lit(360.0 / SECTORS)
    return x, y, (F.floor(steady(turned)) % F.lit(SECTORS)).cast("int")
