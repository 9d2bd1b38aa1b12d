"""Cutting: whatever the line, its length, shape and order stay, and its stretches hang together."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pothole.roads.build import SHAPE_TOLERANCE_M, build, cut, simplify
from pothole.roads.check import check_segments, lengths_m
from pothole.roads.lines import RoadLine
from pothole.roads.metric import distances_m, metres_per_degree
from tests import needs

pyproj = needs.module("pyproj")
shapely = needs.module("shapely")
ROUNDING_M = 0.012


@st.composite
def polylines(draw: st.DrawFn) -> np.ndarray:
    """Lines (n, 2) of up to 30 edges of 0 to 400 m, anywhere on the inhabited earth."""
    place = np.array([draw(st.floats(-179, 179)), draw(st.floats(-70, 75))])
    steps = draw(st.lists(st.tuples(st.floats(-400, 400), st.floats(-400, 400)), min_size=1, max_size=30))
    metres = np.concatenate([[[0.0, 0.0]], np.cumsum(steps, axis=0)])
    return place + metres / metres_per_degree(place[1])


def length_m(points: np.ndarray) -> float:
    return float(distances_m(points[:-1], points[1:]).sum())


def in_metres(points: np.ndarray, around: np.ndarray) -> np.ndarray:
    return (points - around[0]) * metres_per_degree(around[:, 1].mean())


@given(polylines(), st.floats(5, 50))
def test_stretches_are_short_hang_together_and_keep_the_length(line: np.ndarray, longest: float) -> None:
    points = np.array(cut(line, longest))
    lengths = distances_m(points[:-1], points[1:])
    assert (lengths <= longest).all()
    assert (lengths > 0).all()
    assert length_m(points) == pytest.approx(length_m(simplify(line)), abs=ROUNDING_M * (len(points) + 1))
    assert np.abs(points[[0, -1]] - line[[0, -1]]).max() <= 0.5e-7 + 1e-12


@given(polylines())
def test_shape_stays(line: np.ndarray) -> None:
    points = np.array(cut(line, 50.0))
    assume(len(points) > 1)
    was, now = shapely.LineString(in_metres(line, line)), shapely.LineString(in_metres(points, line))
    for one, other in ((was, now), (now, was)):
        along = shapely.points(shapely.get_coordinates(shapely.segmentize(one, 10.0)))
        assert shapely.distance(along, other).max() <= SHAPE_TOLERANCE_M + 2 * ROUNDING_M


@given(polylines())
def test_order_stays(line: np.ndarray) -> None:
    """Vertices that are kept come in the order of the line, each among the points of the cut."""
    points = np.array(cut(line, 50.0))
    after = 0
    for vertex in simplify(line):
        near = np.abs(points[after:] - vertex).max(axis=1) <= 0.5e-7 + 1e-12
        assert near.any()
        after += int(near.argmax())


@given(polylines())
def test_way_back_is_the_way_there_reversed(line: np.ndarray) -> None:
    table = build([RoadLine("7", line, "Via", 3)])
    check_segments(table, "built")
    rows = table.to_pylist()
    there = [r for r in rows if r["link_id"] == "7+"]
    back = [r for r in rows if r["link_id"] == "7-"]
    start, end = ("start_lon", "start_lat"), ("end_lon", "end_lat")
    assert [[r[c] for c in start + end] for r in there] == [[r[c] for c in end + start] for r in reversed(back)]
    assert all([a[c] for c in end] == [b[c] for c in start] for a, b in pairwise(there))
    assert [r["s_id"] for r in there] == [f"7+:{i}" for i in range(len(there))]


def test_an_edge_is_cut_into_equal_parts() -> None:
    line = np.array([(24.9, 60.1), (24.9, 60.1 + 120 / 111_415)])
    points = np.array(cut(line, 50.0))
    np.testing.assert_allclose(distances_m(points[:-1], points[1:]), 40.0, atol=0.02)


def test_lengths_are_those_of_the_ellipsoid() -> None:
    """Against geodesics of GeographicLib, from the equator to the north."""
    geod = pyproj.Geod(ellps="WGS84")
    for lat in (0.0, 37.5, 60.17, -45.0, 70.0):
        line = np.array([(127.0, lat), (127.003, lat + 0.002), (127.004, lat)])
        table = build([RoadLine("a", line, None, None)])
        both_ways = 2 * geod.line_length(*line.T)
        assert lengths_m(table).sum() == pytest.approx(both_ways, rel=1e-5)


def test_a_long_straight_line_north_is_cut_by_the_local_degree() -> None:
    geod = pyproj.Geod(ellps="WGS84")
    points = np.array(cut(np.array([(24.0, 60.0), (25.0, 62.0)]), 50.0))
    _, _, lengths = geod.inv(*points[:-1].T, *points[1:].T)
    assert max(lengths) <= 50.0


@pytest.mark.parametrize(
    ("line", "links"),
    [
        ({}, {"5+", "5-"}),
        ({"backward": False}, {"5+"}),
        ({"forward": False}, {"5-"}),
        ({"backward": False, "directed": True}, {"5"}),
    ],
)
def test_directions_are_links(line: dict[str, bool], links: set[str]) -> None:
    table = build([RoadLine("5", np.array([(24.9, 60.1), (24.901, 60.1)]), None, 2, **line)])
    assert set(table["link_id"].to_pylist()) == links
    east = {link: row["end_lon"] > row["start_lon"] for row in table.to_pylist() for link in [row["link_id"]]}
    assert all(goes_east == (link != "5-") for link, goes_east in east.items())


def test_second_line_of_an_id_has_a_name_of_its_own() -> None:
    line = RoadLine("5", np.array([(24.9, 60.1), (24.9001, 60.1)]), None, 2, backward=False)
    assert build([line, line])["link_id"].to_pylist() == ["5+", "5+~2"]


def test_points_on_one_spot_make_no_segment() -> None:
    assert build([RoadLine("5", np.array([(24.9, 60.1)] * 3), None, 2)]).num_rows == 0


def test_names_and_grades_are_kept() -> None:
    table = build([RoadLine("5", np.array([(24.9, 60.1), (24.9001, 60.1)]), "세종대로", 4)])
    assert set(table["road_name"].to_pylist()) == {"세종대로"} and set(table["road_grade"].to_pylist()) == {4}
