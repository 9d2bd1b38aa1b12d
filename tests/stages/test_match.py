"""Points come to the road they were driven on: by distance, direction and reach."""

from __future__ import annotations

from itertools import pairwise

import pyarrow as pa
import pytest

from pothole.stages.settings import MatchSettings
from pothole.tables import SEGMENTS

LAT, LON = 37.5, 127.0
PER_LAT, PER_LON = 110_990.0, 88_400.0


def at(x_m: float, y_m: float) -> tuple[float, float]:
    return LON + x_m / PER_LON, LAT + y_m / PER_LAT


def link(name: str, *points: tuple[float, float]) -> list[dict[str, object]]:
    return [
        dict(zip(SEGMENTS.names, (f"{name}:{i}", name, i, *at(*a), *at(*b), None, None), strict=True))
        for i, (a, b) in enumerate(pairwise(points))
    ]


NORTH = link("north", (0, 0), (0, 50), (0, 100))
SOUTH = link("south", (0, 100), (0, 50), (0, 0))
PARALLEL = link("parallel", (20, 0), (20, 50), (20, 100))
EAST = link("east", (0, 100), (50, 100))


def segments(*links: list[dict[str, object]]) -> pa.Table:
    types = {"string": pa.string(), "int": pa.int32(), "double": pa.float64()}
    schema = pa.schema([(c.name, types[c.type]) for c in SEGMENTS.columns])
    return pa.Table.from_pylist([row for one in links for row in one], schema=schema)


@pytest.fixture
def matched(engine):
    from pothole.stages import match

    def run(x_m: float, y_m: float, heading: float | None, sigma: float = 5.0, links=(NORTH, SOUTH, PARALLEL, EAST)):
        lon, lat = at(x_m, y_m)
        point = pa.table(
            {
                "id": [1],
                "lon": [lon],
                "lat": [lat],
                "heading": pa.array([heading], pa.float64()),
                "position_sigma_m": [sigma],
            }
        )
        roads = match.network(engine.from_arrow(segments(*links), "segments"))
        frame = match.match(engine.from_arrow(point, "points"), roads, ["id"], MatchSettings())
        return engine.to_arrow(frame).to_pylist()[0]

    return run


def test_direction_tells_the_two_directions_of_a_street(matched):
    assert matched(1.5, 60, 2.0)["s_id"] == "north:1"
    assert matched(-1.5, 60, 178.0)["s_id"] == "south:0"


def test_offset_is_counted_from_the_start_of_the_link(matched):
    assert matched(1.5, 60, 0.0)["offset_m"] == pytest.approx(60, abs=0.1)
    assert matched(-1.5, 60, 180.0)["offset_m"] == pytest.approx(40, abs=0.1)


@pytest.mark.both_engines
def test_the_nearer_of_parallel_streets(matched):
    assert matched(8.0, 60, 0.0)["link_id"] == "north"
    assert matched(13.0, 60, 0.0)["link_id"] == "parallel"


def test_a_crossing_street_is_not_taken_for_being_near(matched):
    found = matched(3.0, 99, 0.0)
    assert found["link_id"] == "north"


def test_beyond_reach_is_no_match(matched):
    assert matched(-31.0, 60, 0.0, sigma=20.0)["s_id"] is None
    assert matched(-14.0, 60, 0.0, sigma=4.07)["s_id"] is None
    assert matched(-12.0, 60, 0.0, sigma=4.07)["s_id"] == "north:1"


def test_against_every_direction_is_no_match(matched):
    assert matched(1.0, 60, 90.0, links=(NORTH, SOUTH))["s_id"] is None


def test_distance_is_that_to_the_line_not_to_its_middle(matched):
    assert matched(3.0, 2.0, 0.0)["match_distance_m"] == pytest.approx(3.0, abs=0.05)


@pytest.mark.both_engines
def test_without_roads_every_match_is_null(matched):
    assert matched(0.0, 0.0, 0.0, links=())["link_id"] is None


@pytest.mark.both_engines
def test_the_segment_that_holds_an_offset(engine):
    from pothole.stages import match

    roads = match.network(engine.from_arrow(segments(NORTH, SOUTH), "segments"))
    offsets = {"A": ("north", 0.0), "B": ("north", 49.9), "C": ("north", 50.1), "D": ("south", 99.0), "E": (None, None)}
    rows = [{"place": place, "link_id": link, "offset_m": at} for place, (link, at) in offsets.items()]
    held = match.segments_at(engine.from_arrow(pa.Table.from_pylist(rows), "places"), roads)
    found = {row["place"]: row["s_id"] for row in engine.to_arrow(held).to_pylist()}
    assert found == {"A": "north:0", "B": "north:0", "C": "north:1", "D": "south:1"}


@pytest.mark.both_engines
def test_without_a_network_every_match_is_null(engine, frame):
    from pothole.stages.match import unmatched

    point = frame(id=[1], lon=[127.0], lat=[37.5])
    found = engine.to_arrow(unmatched(point))
    matched = [name for name in found.column_names if name not in point.columns]
    assert matched and all(found[name].null_count for name in matched)
