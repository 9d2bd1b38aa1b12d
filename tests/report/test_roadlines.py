from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from pothole.report import roadlines
from pothole.report.roadlines import road_lines
from pothole.tables import CONDITION, SEGMENTS

from .fake_day import condition, day, segment, table

FORTH = segment("a+:0", start_lon=1.0, start_lat=2.0, end_lon=1.001, end_lat=2.0)
BACK = segment("a-:0", start_lon=1.001, start_lat=2.0, end_lon=1.0, end_lat=2.0)


def lines(conditions: list[dict[str, Any]], segments: list[dict[str, Any]] | None) -> dict[str, Any]:
    return road_lines(table(CONDITION, conditions), None if segments is None else table(SEGMENTS, segments))


def test_both_directions_are_one_line_with_the_rougher_ones_roughness():
    forth, back = condition("a+:0", roughness=0.4, pass_count=3), condition("a-:0", roughness=0.9, pass_count=4)
    drawn = lines([forth, back], [FORTH, BACK])
    assert drawn["bare"] == []
    assert drawn["driven"] == [[0, 3, [1_000_000, 2_000_000, 1000, 0], [90], [7], [10]]]


def test_one_driven_direction_is_enough():
    drawn = lines([condition("a-:0", roughness=None, pass_count=1, impact_count=0)], [FORTH, BACK])
    assert drawn["driven"] == [[0, 3, [1_000_000, 2_000_000, 1000, 0], [None], [1], [0]]]


def test_stretches_of_a_link_are_joined_in_the_order_of_seq():
    second = segment("a+:1", start_lon=1.001, start_lat=2.0, end_lon=1.001, end_lat=2.001)
    drawn = lines([condition("a+:0"), condition("a+:1", roughness=0.1)], [second, FORTH])
    assert drawn["driven"] == [[0, 3, [1_000_000, 2_000_000, 1000, 0, 0, 1000], [50, 10], [8, 8], [5, 5]]]


def test_an_undriven_stretch_interrupts_the_line():
    second = segment("a+:1", start_lon=1.001, start_lat=2.0, end_lon=1.001, end_lat=2.001)
    drawn = lines([condition("a+:0")], [FORTH, second])
    assert (len(drawn["driven"]), len(drawn["bare"])) == (1, 1)


def test_roads_far_from_what_was_driven_are_left_out():
    far = segment("b+:0", start_lon=3.0, start_lat=2.0, end_lon=3.001, end_lat=2.0)
    near = segment("c+:0", start_lon=1.0, start_lat=2.001, end_lon=1.001, end_lat=2.001)
    drawn = lines([condition("a+:0")], [FORTH, far, near])
    assert [line[2][:2] for line in drawn["bare"]] == [[1_000_000, 2_001_000]]


def test_of_too_many_undriven_roads_the_important_ones_are_drawn(monkeypatch):
    monkeypatch.setattr(roadlines, "MOST_UNDRIVEN", 1)
    lane = segment("b+:0", start_lat=37.5601, end_lat=37.5601, road_grade=1)
    main = segment("c+:0", start_lat=37.5602, end_lat=37.5602, road_grade=5)
    assert [line[1] for line in lines([], [lane, main])["bare"]] == [5]


def test_without_a_network_there_is_nothing_to_draw():
    assert lines([condition("a+:0")], None) == {"names": [], "driven": [], "bare": []}


@given(st.integers(0, 50))
def test_no_pass_is_lost_or_counted_twice(seed: int):
    _, driven, segments = day(streets=3, holes=0, seed=seed)
    drawn = road_lines(driven, segments)["driven"]
    assert sum(sum(line[4]) for line in drawn) == sum(driven["pass_count"].to_pylist())
    assert all(len(line[2]) == 2 + 2 * len(line[3]) for line in drawn)
