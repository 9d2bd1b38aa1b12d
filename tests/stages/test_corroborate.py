"""What other passes felt at an impact's place: who counts, how it is told, and which way it moves the verdict."""

from __future__ import annotations

import math

import pyarrow as pa
import pytest

from pothole.stages.settings import ClassifySettings, CorroborateSettings

METRES_NORTH = 1 / 110_990.0  # of latitude, at 37.5 degrees
IMPACT = {"lon": 127.0, "trip_id": "T", "heading": 0.0, "known": False, "pothole_probability": 0.6,
          "bump_probability": 0.1}  # fmt: skip
SECOND = {"lon": 127.0, "trip_id": "T", "heading": 0.0, "distance_m": 10.0}


def impact(vehicle: str, north_m: float = 0.0, **other) -> dict:
    lat = 37.5 + north_m * METRES_NORTH
    return IMPACT | {"impact_id": f"{vehicle}{north_m:+.0f}", "vehicle_id": vehicle, "lat": lat} | other


def second(vehicle: str, north_m: float = 0.0, **other) -> dict:
    return SECOND | {"vehicle_id": vehicle, "lat": 37.5 + north_m * METRES_NORTH} | other


def table(rows: list[dict]) -> pa.Table:
    types = {str: pa.string(), float: pa.float64(), bool: pa.bool_()}
    schema = pa.schema([(n, types[type(v)] if v is not None else pa.float64()) for n, v in rows[0].items()])
    return pa.Table.from_pylist(rows, schema=schema)


@pytest.fixture
def felt(engine):
    from pothole.stages import corroborate

    def run(impacts: list[dict], seconds: list[dict], **settings: float) -> dict[str, dict]:
        single = engine.from_arrow(table(impacts), "impacts").withColumnsRenamed(
            {p: f"single_{p}" for p in ("pothole_probability", "bump_probability")}
        )
        driven = engine.from_arrow(table(seconds), "seconds")
        told = corroborate.felt_by_others(single, driven, CorroborateSettings(**settings), engine.keep)
        return {row["impact_id"]: row for row in engine.to_arrow(told).to_pylist()}

    return run


@pytest.fixture
def judged(engine):
    from pothole.stages import corroborate

    def run(impacts: list[dict], seconds: list[dict]) -> dict[str, dict]:
        frames = (engine.from_arrow(table(rows), "rows") for rows in (impacts, seconds))
        again = corroborate.corroborate(*frames, CorroborateSettings(), ClassifySettings(), engine.keep)
        return {row["impact_id"]: row for row in engine.to_arrow(again).to_pylist()}

    return run


def test_each_other_pass_speaks_once_with_its_likeliest_impact(felt):
    impacts = [
        impact("A"),
        impact("B", 6.0, pothole_probability=0.9, bump_probability=0.05),
        impact("B", -3.0, pothole_probability=0.3),
    ]
    row = felt(impacts, [second(v) for v in "ABCD"])["A+0"]
    assert row["f_passes"] == 3.0  # B, C and D: not itself
    assert row["f_felt_pothole"] == pytest.approx(0.9 / 3)
    assert row["f_felt_bump"] == pytest.approx(0.05 / 3)
    assert row["f_felt_near"] == pytest.approx(0.9 * math.exp(-0.5) / 3, rel=1e-3)
    assert row["f_own_pothole"] == pytest.approx(math.log(0.6 / 0.4))
    assert row["f_own_bump"] == pytest.approx(math.log(0.1 / 0.9))


def test_who_is_elsewhere_or_comes_the_other_way_says_nothing(felt):
    impacts = [impact("A"), impact("B", 13.0), impact("C", heading=180.0)]
    seconds = [second("A"), second("B", 40.0), second("C", heading=180.0)]
    row = felt(impacts, [*seconds, second("D")])["A+0"]
    assert [row[f] for f in ("f_passes", "f_felt_pothole", "f_felt_near", "f_felt_bump")] == [1.0, 0.0, 0.0, 0.0]


def test_where_nobody_else_passed_the_verdict_stays_that_of_the_impact(felt, judged):
    impacts, seconds = [impact("A"), impact("B", 60.0)], [second("A"), second("B", 60.0)]
    assert felt(impacts, seconds) == {}
    assert [row["pothole_probability"] for row in judged(impacts, seconds).values()] == [0.6, 0.6]


def test_a_pass_that_felt_something_counts_though_no_second_of_it_is_known(felt):
    row = felt([impact("A"), impact("B", 2.0)], [second("A")])["A+0"]
    assert (row["f_passes"], row["f_felt_pothole"]) == (1.0, pytest.approx(0.6))


def test_reach_may_be_set_far(felt):
    impacts = [impact("A"), impact("B", 90.0)]
    elsewhere = [second("C", 5000.0)]
    assert felt(impacts, elsewhere, reach_m=100.0)["A+0"]["f_passes"] == 1.0
    assert felt(impacts, elsewhere, reach_m=80.0) == {}


def test_headings_that_are_not_known_agree_with_any(felt):
    row = felt([impact("A"), impact("B", 2.0, heading=None)], [second("A"), second("C", heading=None)])["A+0"]
    assert row["f_passes"] == 2.0


def test_a_vehicle_s_other_trips_are_no_others_and_each_trip_of_another_vehicle_is(felt):
    impacts = [impact("A"), impact("A", 1.0, trip_id="U"), impact("B", 2.0), impact("B", 1.0, trip_id="U")]
    row = felt(impacts, [second("A"), second("A", trip_id="U"), second("B", trip_id="V")])["A+0"]
    assert (row["f_passes"], row["f_felt_pothole"]) == (3.0, pytest.approx(0.4))


def test_the_unlikely_are_left_as_they_are_and_known_structures_speak_but_stay_bumps(felt, judged):
    impacts = [
        impact("A"),
        impact("B", 2.0, pothole_probability=0.01),
        impact("C", 4.0, known=True, pothole_probability=0.02, bump_probability=0.98),
    ]
    seconds = [second(v) for v in "ABC"]
    assert set(felt(impacts, seconds)) == {"A+0"}
    assert felt(impacts, seconds)["A+0"]["f_felt_bump"] == pytest.approx(0.98 / 2)
    rows = judged(impacts, seconds)
    assert [rows[i]["kind"] for i in ("B+2", "C+4")] == ["other", "bump"]
    assert rows["B+2"]["pothole_probability"] == rows["B+2"]["single_pothole_probability"] == 0.01


@pytest.mark.both_engines
def test_a_doubtful_jolt_is_believed_where_all_felt_it_and_not_where_none_did(judged):
    doubtful = impact("A", pothole_probability=0.35, bump_probability=0.2)
    others = [impact(v, north, pothole_probability=0.9) for v, north in zip("BCDEF", (1, -2, 3, 0, 2), strict=True)]
    seconds = [second(v) for v in "ABCDEFGHIJ"]
    among, lonely = judged([doubtful, *others], seconds[:6])["A+0"], judged([doubtful], seconds)["A+0"]
    assert lonely["pothole_probability"] < 0.35 < among["pothole_probability"]
    assert (lonely["is_pothole"], among["is_pothole"], among["kind"]) == (0, 1, "pothole")
    assert among["single_pothole_probability"] == lonely["single_pothole_probability"] == 0.35


def test_a_day_without_impacts(judged, engine):
    from pothole.stages import corroborate

    none = engine.from_arrow(table([impact("A")]).slice(0, 0), "impacts")
    driven = engine.from_arrow(table([second("A")]), "seconds")
    again = corroborate.corroborate(none, driven, CorroborateSettings(), ClassifySettings(), engine.keep)
    assert engine.to_arrow(again).num_rows == 0
