from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pothole.report.ranking import NO_ROAD, UNNAMED, compass, printable, ranked
from pothole.tables import POTHOLES, SEGMENTS

from .fake_day import day, pothole, segment, table


def ids(rows: list[dict], segments: list[dict] | None = None) -> list[str]:
    roads = None if segments is None else table(SEGMENTS, segments)
    return [r.pothole_id for r in ranked(table(POTHOLES, rows), roads)]


def test_confirmed_ones_come_first_however_severe_the_others_are():
    sure = pothole("sure", confidence=0.95, severity=2.0)
    unsure = pothole("unsure", confidence=0.949, severity=100.0)
    assert ids([unsure, sure]) == ["sure", "unsure"]


def test_priority_is_severity_times_confidence_times_grade_over_five():
    rows = ranked(table(POTHOLES, [pothole(confidence=0.96, severity=50.0)]), table(SEGMENTS, [segment(road_grade=4)]))
    assert rows[0].priority == pytest.approx(50 * 0.96 * 4 / 5)


def test_a_main_street_comes_before_a_lane():
    roads = [segment("a+:0", road_grade=1), segment("b+:0", road_grade=5)]
    holes = [pothole("lane", s_id="a+:0", severity=80.0), pothole("main", s_id="b+:0", severity=40.0)]
    assert ids(holes, roads) == ["main", "lane"]


def test_an_unknown_grade_counts_as_the_middle():
    roads = [segment("a+:0", road_grade=2), segment("b+:0", road_grade=None), segment("c+:0", road_grade=4)]
    holes = [pothole(s, s_id=s) for s in ("a+:0", "b+:0", "c+:0")]
    assert ids(holes, roads) == ["c+:0", "b+:0", "a+:0"]


def test_equal_ones_are_ordered_by_id():
    assert ids([pothole("b"), pothole("c"), pothole("a")]) == ["a", "b", "c"]


def test_the_order_of_the_rows_does_not_matter():
    potholes, _, segments = day(streets=6, holes=20)
    turned = potholes.take(list(reversed(range(potholes.num_rows))))
    assert ranked(potholes, segments) == ranked(turned, segments)


def test_a_street_without_a_name_and_a_place_without_a_street_say_so():
    holes = [pothole("on", s_id="a+:0"), pothole("off", s_id=None, link_id=None, offset_m=None, heading=None)]
    rows = {r.pothole_id: r for r in ranked(table(POTHOLES, holes), table(SEGMENTS, [segment(road_name=None)]))}
    assert (rows["on"].street, rows["off"].street) == (UNNAMED, NO_ROAD)
    assert rows["off"].direction == ""


def test_no_potholes_is_an_empty_list():
    assert ranked(table(POTHOLES, []), table(SEGMENTS, [segment()])) == []


@pytest.mark.parametrize(
    ("heading", "point"), [(0, "N"), (22, "N"), (23, "NE"), (90, "E"), (181, "S"), (337, "NW"), (338, "N"), (360, "N")]
)
def test_compass(heading: float, point: str):
    assert compass(heading) == point


@given(st.text())
def test_a_printable_name_holds_nothing_that_moves_a_cursor(name: str):
    assert printable(name).isprintable()


def test_a_name_keeps_its_letters():
    assert printable(" Bishop's\tWay\x1b[31m \n세종대로") == "Bishop's Way [31m 세종대로"
