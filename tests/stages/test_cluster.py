"""Impacts of one place meet, those of two places do not, on a road and without one."""

from __future__ import annotations

from statistics import NormalDist

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pothole.stages.settings import ClusterSettings

SETTINGS = ClusterSettings()


def groups(engine, module, impacts: pa.Table) -> list[list[int]]:
    table = engine.to_arrow(module(engine.from_arrow(impacts, "impacts"), SETTINGS)).to_pylist()
    found: dict[str, list[int]] = {}
    for row in sorted(table, key=lambda r: r["timestamp"]):
        found.setdefault(row["place"], []).append(row["timestamp"])
    return sorted(found.values())


def on_link(offsets: list[float], link: str = "L") -> pa.Table:
    n = len(offsets)
    return pa.table(
        {
            "vehicle_id": pa.array(["V"] * n, pa.string()), "trip_id": pa.array(["T"] * n, pa.string()),
            "timestamp": pa.array(range(n), pa.int64()), "link_id": pa.array([link] * n, pa.string()),
            "offset_m": pa.array(offsets, pa.float64()),
        }
    )  # fmt: skip


@pytest.mark.both_engines
def test_a_wide_gap_begins_a_new_place(engine):
    from pothole.stages.cluster import along_links

    assert groups(engine, along_links, on_link([3.0, 0.0, 12.9, 28.0])) == [[0, 1, 2], [3]]


def test_links_are_apart(engine):
    from pothole.stages.cluster import along_links

    both = pa.concat_tables([on_link([5.0]), on_link([5.0], "M")])
    assert len(groups(engine, along_links, both)) == 2


def test_a_long_place_is_split(engine):
    from pothole.stages.cluster import along_links

    places = groups(engine, along_links, on_link([float(i * 8) for i in range(9)]))  # 64 m, denser in the middle
    assert [len(p) for p in places] == [4, 5]


def around(middle_m: float, count: int, sigma_m: float) -> list[float]:
    """Offsets as fixes scatter them, the same every time."""
    normal = NormalDist(middle_m, sigma_m)
    return [normal.inv_cdf((i + 0.5) / count) for i in range(count)]


def test_one_hole_on_a_busy_street_is_one_place_however_far_its_impacts_scatter(engine):
    from pothole.stages.cluster import along_links

    offsets = around(60.0, 80, 7.0)
    assert max(offsets) - min(offsets) > 30
    assert groups(engine, along_links, on_link(offsets)) == [list(range(80))]


def test_two_holes_between_which_impacts_lie_are_two_places(engine):
    from pothole.stages.cluster import along_links

    offsets = around(60.0, 40, 5.0) + around(85.0, 40, 5.0)
    places = groups(engine, along_links, on_link(offsets))
    assert [len(p) for p in places] == [40, 40]


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(offsets=st.lists(st.floats(0, 500, allow_nan=False), min_size=1, max_size=30))
def test_no_place_is_longer_than_allowed_and_no_impact_is_lost(engine, offsets):
    from pothole.stages.cluster import along_links

    places = groups(engine, along_links, on_link(offsets))
    assert sorted(i for place in places for i in place) == list(range(len(offsets)))
    for place in places:
        along = [offsets[i] for i in place]
        assert max(along) - min(along) <= SETTINGS.max_length_m + 1e-6


def off_road(points: list[tuple[float, float, float]]) -> pa.Table:
    east, north, heading = zip(*points, strict=True)
    return pa.table(
        {
            "timestamp": pa.array(range(len(points)), pa.int64()),
            "lon": [127.0 + e / 88_400.0 for e in east], "lat": [37.5 + n / 110_990.0 for n in north],
            "heading": pa.array(heading, pa.float64()),
        }
    )  # fmt: skip


@pytest.mark.both_engines
def test_without_a_road_the_impacts_of_one_place_meet(engine):
    from pothole.stages.cluster import around_cells

    near = [(0.0, 0.0, 10.0), (2.0, 1.0, 12.0), (4.0, 3.0, 8.0), (1.0, 5.0, 11.0)]
    assert groups(engine, around_cells, off_road(near)) == [[0, 1, 2, 3]]


def test_without_a_road_far_places_and_other_directions_stay_apart(engine):
    from pothole.stages.cluster import around_cells

    apart = [(0.0, 0.0, 10.0), (80.0, 0.0, 10.0), (0.0, 0.0, 190.0)]
    assert groups(engine, around_cells, off_road(apart)) == [[0], [1], [2]]


def test_without_a_road_a_missing_heading_is_no_error(engine):
    from pothole.stages.cluster import around_cells

    table = off_road([(0.0, 0.0, 1.0)]).set_column(3, "heading", pa.array([None], pa.float64()))
    assert groups(engine, around_cells, table) == [[0]]


def test_no_impacts_no_places(engine):
    from pothole.stages.cluster import along_links

    assert groups(engine, along_links, on_link([])) == []
