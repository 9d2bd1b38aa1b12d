from __future__ import annotations

import pytest

from pothole.report.ranking import ranked
from pothole.report.summary import length_m, summarise, worst_streets
from pothole.tables import CONDITION, POTHOLES, SEGMENTS

from .fake_day import condition, pothole, segment, table


def test_a_degree_is_as_long_as_on_the_ellipsoid():
    # WGS84 at 45 degrees: 111 131.78 m of latitude, 78 846.84 m of longitude (NGA).
    assert length_m(10, 44.995, 10, 45.005) * 100 == pytest.approx(111_131.78, abs=1)
    assert length_m(9.995, 45, 10.005, 45) * 100 == pytest.approx(78_846.84, abs=1)


def test_kilometres_count_every_pass_and_a_street_of_two_directions_once():
    back = segment("a-:0", start_lon=126.9705, end_lon=126.97)
    roads = table(SEGMENTS, [segment("a+:0"), back, segment("b+:0", start_lat=37.6, end_lat=37.6)])
    driven = table(CONDITION, [condition("a+:0", pass_count=8), condition("a-:0", pass_count=2)])
    summary = summarise([], driven, roads)
    one_km = length_m(126.97, 37.56, 126.9705, 37.56) / 1000
    assert summary.driven_km == pytest.approx(10 * one_km)
    assert summary.road_km == pytest.approx(one_km)
    assert summary.segments_driven == 2


def test_without_a_network_kilometres_are_unknown():
    summary = summarise([], table(CONDITION, [condition()]), None)
    assert (summary.driven_km, summary.road_km, summary.segments_driven) == (None, None, 1)


def test_confirmed_and_candidates_add_up():
    rows = ranked(table(POTHOLES, [pothole("a"), pothole("b", confidence=0.5), pothole("c", confidence=0.95)]), None)
    summary = summarise(rows, table(CONDITION, []), None)
    assert (summary.confirmed, summary.candidates) == (2, 1)


def test_the_worst_street_has_the_largest_sum_and_nameless_ones_are_left_out():
    roads = [
        segment("a+:0", road_name="One deep hole"),
        segment("b+:0", road_name="Two holes"),
        segment("c+:0", road_name=None),
    ]
    holes = [
        pothole("1", s_id="a+:0", severity=50.0),
        pothole("2", s_id="b+:0", severity=30.0),
        pothole("3", s_id="b+:0", severity=30.0),
        pothole("4", s_id="c+:0", severity=99.0),
    ]
    worst = worst_streets(ranked(table(POTHOLES, holes), table(SEGMENTS, roads)))
    assert [(s.name, s.potholes) for s in worst] == [("Two holes", 2), ("One deep hole", 1)]
