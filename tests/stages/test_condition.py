"""Segments get the roughness that their road has, whoever drove over them."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import pyarrow as pa
import pytest

from pothole.stages.settings import ConditionSettings

SETTINGS = ConditionSettings()
QUIET_DEVICE = dataclasses.replace(SETTINGS, noise_share=0.0, missed_hz=0.0, vehicle_prior_m=0.0)
"""No noise to take off, nothing missed, and vehicles about which the driving alone speaks."""


@pytest.fixture
def table(engine, rows):
    """Runs a function of ``condition`` on frames of rows, gives its rows."""

    def run(
        name: str, *frames: list[dict[str, Any]], settings: ConditionSettings | None = SETTINGS, keep: bool = False
    ):
        from pothole.stages import condition

        given = [engine.from_arrow(pa.Table.from_pylist(f), f"rows{i}") for i, f in enumerate(frames)]
        more = [settings] if settings is not None else []
        return rows(getattr(condition, name)(*given, *more, *([engine.keep] if keep else [])))

    return run


def second(t_s: float, s_id: str | None = "L:0", **other: Any) -> dict[str, Any]:
    usual = {"vehicle_id": "V", "trip_id": "T", "velocity": 36.0, "distance_m": 10.0, "sample_count": 50}
    usual |= {"offset_m": 0.0, "weight": 50.0}
    return usual | {"timestamp": round(t_s * 1000), "s_id": s_id, "roughness": 0.5} | other


@pytest.mark.both_engines
def test_a_second_lies_where_the_next_fix_is(table):
    drive = [second(0, "L:0"), second(1, "L:0"), second(2, "L:1"), second(3, "L:1"), second(9, "L:2"), second(10, None)]
    found = {row["timestamp"] // 1000: row["s_id"] for row in table("where_felt", drive)}
    assert found == {0: "L:0", 1: "L:1", 2: "L:1", 3: "L:1", 9: "L:2"}  # after 3 s the vehicle stood


def link(name: str, segments: int, length_m: float) -> list[dict[str, Any]]:
    """A link's segments, all of one length, as ``match.network`` tells them."""
    whole = {"link_id": name, "last_seq": segments - 1, "link_length_m": segments * length_m}
    ends = {"start_lon": 127.0, "start_lat": 37.0, "end_lon": 127.0, "end_lat": 37.2}
    return [{"s_id": f"{name}:{i}", "seq": i} | whole | ends for i in range(segments)]


TWO_LINKS = link("A", 6, 4.0) + link("B", 6, 4.0)


def on(table: Any, drive: list[dict[str, Any]]) -> dict[int, list[str]]:
    """The segments on which each second lies."""
    found: dict[int, list[str]] = {}
    for row in table("driven_segments", drive, TWO_LINKS, settings=None):
        found.setdefault(row["timestamp"] // 1000, []).append(row["s_id"])
    return {t: sorted(names) for t, names in sorted(found.items())}


@pytest.mark.both_engines
def test_short_segments_between_two_fixes_were_driven_too(table):
    assert on(table, [second(0, "A:1", offset_m=5.0), second(1, "A:4", offset_m=16.0)]) == {
        0: ["A:1"],
        1: ["A:2", "A:3", "A:4"],
    }


def test_a_second_is_shared_out_among_its_segments(table):
    drive = [second(0, "A:0"), second(1, "A:2", offset_m=9.0, distance_m=9.0)]
    last = [r for r in table("driven_segments", drive, TWO_LINKS, settings=None) if r["timestamp"] == 1000]
    assert [(r["s_id"], r["distance_m"], r["weight"], r["sample_count"]) for r in sorted(last, key=str)] == [
        ("A:1", 4.5, 25.0, 50),
        ("A:2", 4.5, 25.0, 50),
    ]


def test_a_link_is_driven_to_its_end_by_one_that_goes_on_to_another(table):
    assert on(table, [second(0, "A:3", offset_m=15.0), second(1, "B:1", offset_m=4.5)]) == {
        0: ["A:3", "A:4", "A:5"],
        1: ["B:0", "B:1"],
    }


def test_what_is_too_far_or_too_long_ago_was_not_driven(table):
    far = [second(0, "A:0", distance_m=5.0), second(1, "A:5", offset_m=22.0, distance_m=5.0)]
    assert on(table, far) == {0: ["A:0"], 1: ["A:5"]}
    assert on(table, [second(0, "A:0"), second(4, "A:2", offset_m=9.0)]) == {0: ["A:0"], 4: ["A:2"]}
    assert on(table, [second(0, "A:0"), second(1, "B:5", offset_m=22.0)]) == {0: ["A:0"], 1: ["B:5"]}


def test_one_that_is_matched_backwards_or_stands_is_on_its_own_segment(table):
    assert on(table, [second(0, "A:2", offset_m=9.0), second(1, "A:1", offset_m=7.0)]) == {0: ["A:2"], 1: ["A:1"]}
    assert on(table, [second(0, "A:2", offset_m=9.0), second(1, "A:2", offset_m=9.0)]) == {0: ["A:2"], 1: ["A:2"]}


def test_seconds_with_a_hole_and_the_next_say_nothing_of_the_road(table):
    impacts = [
        {"vehicle_id": "V", "trip_id": "T", "timestamp": 2900, "kind": "pothole"},
        {"vehicle_id": "V", "trip_id": "T", "timestamp": 7000, "kind": "other"},
    ]
    left = table("quiet", [second(t) for t in range(10)], impacts, settings=None)
    assert sorted(row["timestamp"] // 1000 for row in left) == [0, 1, 4, 5, 6, 7, 8, 9]


def test_a_level_is_at_80_kmh(table):
    rows = table("levels", [second(0, velocity=20.0), second(1, s_id="L:1", velocity=80.0)], settings=QUIET_DEVICE)
    level = {row["s_id"]: row["level"] for row in rows}
    assert level["L:1"] == pytest.approx(math.log(0.5))
    assert level["L:0"] - level["L:1"] == pytest.approx(SETTINGS.speed_exponent * math.log(4))


def test_a_level_is_the_mean_over_metres_and_slow_seconds_do_not_count(table):
    drive = [
        second(0, roughness=1.0, distance_m=30.0, velocity=80.0),
        second(1, roughness=math.e, distance_m=10.0, velocity=80.0),
        second(2, roughness=9.0, velocity=14.0),
    ]
    (row,) = table("levels", drive, settings=QUIET_DEVICE)
    assert (row["level"], row["metres"]) == (pytest.approx(0.25), 40.0)


def test_a_mean_speed_just_below_by_the_order_of_its_sum_counts_as_the_same(table):
    rows = table("levels", [second(0, velocity=15.0 - 2e-15), second(1, s_id="L:1", velocity=15.0)])
    assert {row["s_id"] for row in rows} == {"L:0", "L:1"}


def test_the_devices_noise_is_taken_off_in_quadrature(table):
    noise, road = 0.12, {"L:0": 0.2, "L:1": 0.4}
    still = [second(t, "L:9", roughness=noise / SETTINGS.noise_share, velocity=80.0) for t in range(20)]
    drive = [second(30 + i, s, roughness=math.hypot(r, noise), velocity=80.0) for i, (s, r) in enumerate(road.items())]
    rows = table("levels", still + drive, settings=dataclasses.replace(SETTINGS, missed_hz=0.0))
    level = {row["s_id"]: row["level"] for row in rows}
    assert {s: math.exp(level[s]) for s in road} == pytest.approx(road)


def test_what_a_slow_device_misses_is_added(table):
    drive = [second(0, vehicle_id="fast", sample_count=100), second(0, vehicle_id="slow", sample_count=10)]
    level = {row["vehicle_id"]: row["level"] for row in table("levels", drive)}
    assert level["slow"] - level["fast"] == pytest.approx(SETTINGS.missed_hz * (1 / 10 - 1 / 100))


def driven(road: dict[str, float], vehicles: dict[str, float]) -> list[dict[str, Any]]:
    """Levels of vehicles that drove all of a road, each with its offset."""
    return [
        {"s_id": s, "vehicle_id": v, "level": level + offset, "metres": 50.0}
        for s, level in road.items()
        for v, offset in vehicles.items()
    ]


ROAD = {f"L:{i}": 0.1 * (i % 5) for i in range(20)}


def test_a_vehicle_that_shakes_more_makes_no_road_rougher(table):
    rows = driven(ROAD, {"A": -0.3, "B": 0.0, "C": 0.3})
    only_c = [row for row in rows if row["s_id"] != "L:3" or row["vehicle_id"] == "C"]
    found = {row["s_id"]: row["mean"] for row in table("segment_levels", only_c, settings=QUIET_DEVICE, keep=True)}
    assert found["L:3"] == pytest.approx(ROAD["L:3"], abs=0.05)
    assert found["L:5"] == pytest.approx(ROAD["L:5"], abs=0.02)


def test_one_that_met_a_hole_counts_less(table):
    rows = driven(ROAD, dict.fromkeys("ABCDE", 0.0))
    rows[0]["level"] += 1.0
    found = {row["s_id"]: row for row in table("segment_levels", rows, keep=True)}
    assert 0.0 < found["L:0"]["mean"] - ROAD["L:0"] < 0.1  # the plain mean is 0.2 above
    assert found["L:0"]["vehicles"] < found["L:1"]["vehicles"] == pytest.approx(5.0)


def test_iri_follows_the_line_and_more_vehicles_make_it_surer(table):
    few, many = dict.fromkeys("AB", 0.0), dict.fromkeys("ABCDEFGH", 0.0)
    rows = driven({"L:0": 0.0}, few) + driven({"L:1": 0.5}, many)
    found = {row["s_id"]: row for row in table("iri", rows, settings=QUIET_DEVICE, keep=True)}
    assert found["L:0"]["iri_m_per_km"] == pytest.approx(math.exp(SETTINGS.iri_offset))
    assert found["L:1"]["iri_m_per_km"] == pytest.approx(math.exp(SETTINGS.iri_offset + 0.5 * SETTINGS.iri_slope))
    widths = [math.log(found[s]["iri_high"] / found[s]["iri_low"]) for s in ("L:0", "L:1")]
    assert widths[0] > widths[1] > 2 * 1.95 * SETTINGS.model_spread * SETTINGS.iri_slope


@pytest.mark.both_engines
def test_a_segments_row_tells_passes_impacts_and_samples(engine, rows):
    from pothole.stages import condition

    drive = [second(0), second(1), second(200), second(201, "L:1"), second(0, vehicle_id="W", roughness=1.0)]
    impact = {"vehicle_id": "V", "trip_id": "T", "timestamp": 200_500, "kind": "other", "s_id": "L:0"}
    roads = link("L", 2, 30.0)
    frames = [engine.from_arrow(pa.Table.from_pylist(t), n) for t, n in ((drive, "d"), ([impact], "i"), (roads, "r"))]
    found = {r["s_id"]: r for r in rows(condition.condition(*frames, "2026-02-12", 60, SETTINGS, engine.keep))}
    counts = {s: (r["pass_count"], r["impact_count"], r["total_count"]) for s, r in found.items()}
    assert counts == {"L:0": (2, 1, 150), "L:1": (1, 0, 100)}
    assert found["L:0"]["roughness"] == pytest.approx(math.sqrt((0.25 + 0.25 + 1.0) / 3))
    assert found["L:0"]["iri_low"] < found["L:0"]["iri_m_per_km"] < found["L:0"]["iri_high"]
