"""Distances and headings against known ones."""

from __future__ import annotations

import pyarrow as pa
import pytest


@pytest.mark.parametrize(
    ("lat", "north", "east"), [(0.0, 110_574.3, 111_319.5), (37.5, 110_990.0, 88_415.0), (60.0, 111_412.2, 55_800.0)]
)
def test_length_of_a_degree(engine, lat, north, east):
    """Against the WGS84 ellipsoid (tables of the NGA), to 20 m in a degree."""
    from pyspark.sql import functions as F

    from pothole.geo import metres_per_degree_lat, metres_per_degree_lon

    frame = engine.from_arrow(pa.table({"lat": [lat]}), "lats")
    row = engine.to_arrow(
        frame.select(metres_per_degree_lat(F.col("lat")).alias("n"), metres_per_degree_lon(F.col("lat")).alias("e"))
    )
    assert row["n"][0].as_py() == pytest.approx(north, abs=20)
    assert row["e"][0].as_py() == pytest.approx(east, abs=20)


@pytest.mark.parametrize(
    ("east", "north", "degrees"), [(0, 1, 0), (1, 0, 90), (0, -1, 180), (-1, 0, 270), (-1, 1, 315)]
)
def test_headings_are_clockwise_from_north(engine, east, north, degrees):
    from pyspark.sql import functions as F

    from pothole.geo import heading

    frame = engine.from_arrow(pa.table({"e": [float(east)], "n": [float(north)]}), "vectors")
    assert engine.to_arrow(frame.select(heading(F.col("e"), F.col("n")).alias("h")))["h"][0].as_py() == pytest.approx(
        degrees
    )


@pytest.mark.parametrize(
    ("a", "b", "apart"),
    [(350, 10, 20), (10, 350, 20), (0, 180, 180), (90, 95, 5), (350, -90, 80), (350, -170, 160), (720, 30, 30)],
)
def test_difference_of_headings(engine, a, b, apart):
    from pyspark.sql import functions as F

    from pothole.geo import heading_difference

    frame = engine.from_arrow(pa.table({"a": [float(a)], "b": [float(b)]}), "headings")
    found = engine.to_arrow(frame.select(heading_difference(F.col("a"), F.col("b")).alias("d")))
    assert found["d"][0].as_py() == pytest.approx(apart)
