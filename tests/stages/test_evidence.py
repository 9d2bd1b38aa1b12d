"""Passes with and without an impact become a confidence that moves the right way."""

from __future__ import annotations

import dataclasses
import math

import pyarrow as pa
import pytest

from pothole.stages.settings import ClusterSettings, EvidenceSettings

SETTINGS = EvidenceSettings()


def passed(hits: int, misses: int, pothole: float = 0.8, bump: float = 0.1, peak: float = 8.0) -> pa.Table:
    n = hits + misses
    look = {"peak_mps2": peak, "energy_mps2": 3.0, "velocity": 40.0}
    look |= {"single_pothole_probability": pothole, "single_bump_probability": bump}
    columns = {name: pa.array([value] * hits + [None] * misses, pa.float64()) for name, value in look.items()}
    keys = {"place": ["P"] * n, "vehicle_id": [f"V{i}" for i in range(n)], "trip_id": ["T"] * n}
    return pa.table({**keys, "hit": pa.array([1] * hits + [0] * misses, pa.int32()), **columns})


@pytest.fixture
def weigh(engine):
    from pothole.stages import evidence

    def run(*arguments, **options):
        frame = evidence.weigh(engine.from_arrow(passed(*arguments, **options), "passes"), SETTINGS)
        return engine.to_arrow(frame).to_pylist()[0]

    return run


@pytest.mark.both_engines
def test_counts(weigh):
    row = weigh(3, 2)
    assert (row["hit_count"], row["pass_count"], row["vehicle_count"]) == (3, 5, 3)


def test_more_hits_more_confidence_more_misses_less(weigh):
    assert weigh(2, 0)["confidence"] < weigh(3, 0)["confidence"] < weigh(5, 0)["confidence"]
    assert weigh(4, 0)["confidence"] > weigh(4, 20)["confidence"] > weigh(4, 40)["confidence"]


def test_a_bump_that_shakes_every_vehicle_is_no_pothole(weigh):
    assert weigh(20, 0, pothole=0.05, bump=0.9)["confidence"] < 0.01


def test_the_same_share_of_many_more_passes_is_no_other_place(weigh):
    some, many, most = (weigh(9 * n, 11 * n)["confidence"] for n in (1, 20, 500))
    assert some > 0.9
    assert (many, most) == (pytest.approx(some), pytest.approx(some))


def test_no_number_of_passes_makes_a_pothole_of_what_looks_like_a_bump(weigh):
    assert weigh(5000, 0, pothole=0.05, bump=0.9)["confidence"] < 0.01


@pytest.mark.parametrize(("k", "n"), [(3, 5), (9, 20), (30, 50)])
def test_the_formula_of_the_documentation(weigh, k, n):
    s = SETTINGS
    share = min(1, s.independent_passes / n)
    look = {"p": 0.8 / s.pothole_share, "s": 0.1 / s.structure_share, "n": (1 - 0.8 - 0.1) / s.noise_share}
    prior = {"p": s.pothole_prior, "s": s.structure_prior, "n": 1 - s.pothole_prior - s.structure_prior}
    rate = {"p": s.pothole_hit_rate, "s": s.structure_hit_rate, "n": s.noise_hit_rate}
    weight = {
        h: prior[h] * (rate[h] ** k * (1 - rate[h]) ** (n - k)) ** share * look[h] ** min(k, s.independent_looks)
        for h in "psn"
    }
    against = (weight["s"] + weight["n"]) / weight["p"]
    expected = 1 / (1 + s.lookalike_share + against**s.sharpness)
    assert weigh(k, n - k)["confidence"] == pytest.approx(expected, rel=1e-9)


def test_confidence_is_a_probability_at_the_extremes(weigh):
    for arguments in ((500, 0), (2, 5000)):
        confidence = weigh(*arguments)["confidence"]
        assert 0.0 <= confidence <= 1.0
        assert not math.isnan(confidence)


def test_severity_is_told_by_the_stronger_passes_at_comparable_speed(engine):
    from pothole.stages import evidence

    table = passed(5, 3)
    hits = {"energy_mps2": [1.0, 2.0, 3.0, 4.0, 5.0], "velocity": [40.0] * 3 + [160.0] * 2}
    for name, values in hits.items():
        column = pa.array(values + [None] * 3, pa.float64())
        table = table.set_column(table.column_names.index(name), name, column)
    settings = dataclasses.replace(SETTINGS, speed_exponent=0.5, severity_quantile=0.75)
    (row,) = engine.to_arrow(evidence.weigh(engine.from_arrow(table, "passes"), settings)).to_pylist()
    assert row["strength_mps2"] == pytest.approx(2.5)  # of 1, 2, 3, 4 / 2 and 5 / 2; a pass without an impact is none


@pytest.fixture
def passes(engine):
    from pothole.stages import evidence

    def run(impacts: list[dict], seconds: list[dict]) -> list[dict]:
        blank = {"link_id": "L", "s_id": "L:0", "offset_m": 50.0, "heading": 0.0, "position_sigma_m": 4.07}
        look = {
            "peak_mps2": 8.0,
            "energy_mps2": 3.0,
            "velocity": 36.0,
            "single_pothole_probability": 0.8,
            "single_bump_probability": 0.1,
        }
        here = {"lon": 127.0, "lat": 37.5, "trip_id": "T", "place": "P"}
        hits = engine.from_arrow(pa.Table.from_pylist([blank | look | here | i for i in impacts]), "impacts")
        drive = {"link_id": "L", "heading": 0.0, "distance_m": 10.0, "lon": 127.0, "trip_id": "T"}
        driven = engine.from_arrow(pa.Table.from_pylist([drive | s for s in seconds]), "seconds")
        summary = evidence.place_summary(hits)
        return engine.to_arrow(evidence.passes(summary, hits, driven, ClusterSettings())).to_pylist()

    return run


def second(vehicle: str, t_s: int, north_m: float, **other: object) -> dict:
    return {"vehicle_id": vehicle, "timestamp": t_s * 1000, "lat": 37.5 + north_m / 110_990.0, **other}


@pytest.mark.both_engines
def test_who_passed_without_a_jolt(passes):
    impacts = [{"vehicle_id": "A", "timestamp": 1000}, {"vehicle_id": "B", "timestamp": 2000}]
    seconds = [
        second("A", 1, 0.0), second("B", 2, 3.0), second("C", 3, -4.0), second("C", 4, 6.0),  # C passed, in two seconds
        second("D", 5, 0.0, heading=180.0), second("E", 6, 60.0), second("F", 7, 0.0, link_id="M"),
    ]  # fmt: skip
    found = {row["vehicle_id"]: row["hit"] for row in passes(impacts, seconds)}
    assert found == {"A": 1, "B": 1, "C": 0}


def test_a_trip_that_comes_back_passes_again(passes):
    impacts = [{"vehicle_id": "A", "timestamp": 1000}, {"vehicle_id": "B", "timestamp": 2000}]
    rows = passes(impacts, [second("A", 1, 0.0), second("A", 200, 0.0), second("B", 2, 0.0)])
    assert sorted((r["vehicle_id"], r["hit"]) for r in rows) == [("A", 0), ("A", 1), ("B", 1)]
