"""Scores by the contract's rules: known answers, and what holds for any detections."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from pothole.arrow import schema_of
from pothole.cli import load
from pothole.errors import BadInputError
from pothole.evaluate import (
    Score,
    false_alarms_at,
    impact_score,
    nearest_first,
    pooled_potholes,
    pothole_events,
    read_truth,
    score_impacts,
    score_potholes,
    structure_events,
)  # fmt: skip
from pothole.lake import Lake
from pothole.tables import IMPACTS, POTHOLES

DAY = "2026-02-12"
METRE = 1 / 111_132.0  # degrees of latitude


def events(*at_ms: float, trip: str = "a", vehicle: str = "v") -> pa.Table:
    text = pa.string()
    return pa.table(
        {
            "vehicle_id": pa.array([vehicle] * len(at_ms), text),
            "trip_id": pa.array([trip] * len(at_ms), text),
            "timestamp": pa.array([int(t) for t in at_ms], pa.int64()),
        }
    )


def places(*rows: tuple[float, str | None, float]) -> pa.Table:
    """Places north of 37.5 N, 127 E: (metres north, link, confidence or hits)."""
    north, links, last = zip(*rows, strict=True) if rows else ((), (), ())
    return pa.table(
        {
            "lat": pa.array([37.5 + m * METRE for m in north], pa.float64()),
            "lon": pa.array([127.0] * len(rows), pa.float64()),
            "link_id": pa.array(links, pa.string()),
            "confidence": pa.array(last, pa.float64()),
            "hits": pa.array([int(v) for v in last], pa.int64()),
        }
    )


@pytest.mark.parametrize(
    ("found", "true", "right", "false", "missed"),
    [
        ([1000], [1000], 1, 0, 0),
        ([2000], [1000], 1, 0, 0),  # exactly one second
        ([2001], [1000], 0, 1, 1),
        ([900, 1100], [1000], 1, 1, 0),  # a label is matched once
        ([1000], [900, 1100], 1, 0, 1),  # and so is a detection
        ([0, 900], [800, 1700], 1, 1, 1),  # nearest first: 900 takes 800, though two pairs were possible
        ([], [5], 0, 0, 1),
        ([5], [], 0, 1, 0),
        ([], [], 0, 0, 0),
    ],
)  # fmt: skip
def test_impacts_are_matched_in_time(found: list[int], true: list[int], right: int, false: int, missed: int) -> None:
    score = score_impacts(events(*found), events(*true))
    assert (score.right, score.false_alarms, score.missed) == (right, false, missed)


def test_the_tolerance_is_a_parameter() -> None:
    assert score_impacts(events(0), events(1500)).right == 0
    assert score_impacts(events(0), events(1500), tolerance_ms=2000).right == 1


def test_another_trip_or_vehicle_is_no_match() -> None:
    labels = pa.concat_tables([events(0), events(0, trip="b"), events(0, vehicle="w")])
    score = score_impacts(events(0, trip="b", vehicle="w"), labels)
    assert (score.right, score.false_alarms, score.missed) == (0, 1, 3)


def test_precision_recall_and_f1() -> None:
    score = Score(right=6, false_alarms=2, missed=6)
    assert (score.precision, score.recall) == (0.75, 0.5)
    assert score.f1 == pytest.approx(2 * 0.75 * 0.5 / 1.25)
    assert Score(0, 0, 0).f1 == 0.0


def test_false_alarms_at_structures_are_those_left_over() -> None:
    found, true, bumps = events(0, 5000, 9000), events(100), events(200, 5500)
    assert score_impacts(found, true).false_alarms == 2
    assert false_alarms_at(bumps, found, true) == 1
    assert false_alarms_at(events(5500, trip="b"), found, true) == 0


def test_the_interval_comes_from_trips_and_is_the_same_each_time() -> None:
    groups = [(8, 1, 1), (1, 5, 4), (6, 2, 2), (3, 3, 3)]
    low, high = impact_score(groups).interval
    assert low < impact_score(groups).f1 < high
    assert impact_score(groups).interval == (low, high)
    assert impact_score([(5, 0, 0)] * 4).interval == (1.0, 1.0)
    assert math.isnan(impact_score([(5, 0, 0)]).interval[0])


@pytest.mark.parametrize(
    ("found", "true", "counts"),
    [
        ([(9.9, "l", 0.95)], [(0, "l", 3)], (1, 0, 0, 0, 0)),
        ([(9.9, "l", 0.949_999_999_9)], [(0, "l", 3)], (1, 0, 0, 0, 0)),
        ([(10.1, "l", 0.95)], [(0, "l", 3)], (0, 1, 1, 0, 0)),
        ([(0, "l", 0.94)], [(0, "l", 3)], (0, 0, 1, 0, 0)),  # not confirmed
        ([(0, "m", 0.99)], [(0, "l", 3)], (0, 1, 1, 0, 0)),  # another link
        ([(0, None, 0.99)], [(0, "l", 3)], (1, 0, 0, 0, 1)),  # no link: distance alone
        ([(0, None, 0.99), (50, "m", 0.99)], [(0, "l", 3), (50, "l", 3)], (1, 1, 1, 0, 1)),
        ([(0, "l", 0.99)], [(0, "l", 2)], (0, 0, 0, 1, 0)),  # rarely hit: neither right nor wrong
        ([], [(0, "l", 2), (9, "l", 3)], (0, 0, 1, 0, 0)),
        ([(0, "l", 0.99), (1, "l", 0.99)], [(0, "l", 9)], (1, 1, 0, 0, 0)),
        ([(4, "l", 0.99)], [(0, "l", 9), (6, "l", 9)], (1, 0, 1, 0, 0)),
        ([(0, "l", 0.99)], [], (0, 1, 0, 0, 0)),
    ],
)  # fmt: skip
def test_potholes_are_matched_in_place(found: list, true: list, counts: tuple[int, ...]) -> None:  # type: ignore[type-arg]
    s = score_potholes(places(*found), places(*true))
    assert (s.right, s.false_alarms, s.missed, s.rarely_hit, s.without_link) == counts


def test_distances_are_metres() -> None:
    found = [(float(m), "l", 0.99) for m in (100 + 1, 200 + 2, 300 + 9)]
    score = score_potholes(places(*found), places((100, "l", 3), (200, "l", 3), (300, "l", 3)))
    assert score.distances_m == pytest.approx((1.0, 2.0, 9.0), rel=3e-3)
    assert (score.median_m, score.p90_m) == pytest.approx((2.0, 7.6), rel=3e-3)
    east = places((0, "l", 0.99)).set_column(1, "lon", pa.array([127.0001]))
    assert score_potholes(east, places((0, "l", 3))).median_m == pytest.approx(8.84, abs=0.01)
    assert math.isnan(score_potholes(places(), places((0, "l", 3))).median_m)


def test_days_are_pooled_by_their_counts() -> None:
    one = score_potholes(places((1, "l", 0.99)), places((0, "l", 3)))
    two = score_potholes(places((50, None, 0.99)), places((0, "l", 3)))
    both = pooled_potholes([one, two])
    assert (both.right, both.false_alarms, both.missed, both.without_link) == (1, 1, 1, 1)
    assert both.distances_m == one.distances_m


times = st.lists(st.integers(0, 20_000), max_size=12)


@given(times, times)
def test_matching_is_one_to_one_and_nearest_first(a: list[int], b: list[int]) -> None:
    apart = np.abs(np.array(a, float)[:, None] - np.array(b, float)[None, :])
    pairs = nearest_first(apart, 1000.0)
    assert len({i for i, _ in pairs}) == len({j for _, j in pairs}) == len(pairs)
    steps = [apart[i, j] for i, j in pairs]
    assert steps == sorted(steps)
    left = apart[[i for i in range(len(a)) if i not in {p[0] for p in pairs}]]
    left = left[:, [j for j in range(len(b)) if j not in {p[1] for p in pairs}]]
    assert (left > 1000.0).all()  # nothing that could be matched is left


@given(times, times)
def test_scores_stay_in_range_and_turn_round_with_their_tables(a: list[int], b: list[int]) -> None:
    score, turned = score_impacts(events(*a), events(*b)), score_impacts(events(*b), events(*a))
    assert 0.0 <= score.f1 <= 1.0
    assert (score.right, score.false_alarms, score.missed) == (turned.right, turned.missed, turned.false_alarms)
    assert score.right + score.missed == len(b)
    assert score.right + score.false_alarms == len(a)


@given(times, st.integers(0, 10**6))
def test_the_truth_itself_is_right_at_any_time(a: list[int], later: int) -> None:
    shifted = events(*(t + later for t in a))
    assert score_impacts(shifted, shifted).right == len(a)


def write_truth(folder: Path, impacts: str, potholes: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "impacts.csv").write_text("vehicle_id,trip_id,timestamp,kind,pothole_id,velocity\n" + impacts)
    (folder / "potholes.csv").write_text("pothole_id,link_id,offset_m,lon,lat,depth_m,length_m,hits\n" + potholes)
    return folder


def test_a_truth_is_read_by_day_or_as_it_is(tmp_path: Path) -> None:
    write_truth(tmp_path / f"dt={DAY}", "7,8,1000,pothole,1,30\n7,8,2000,bump,,30\n", "1,2,5,127.0,37.5,.05,.3,4\n")
    for folder in (tmp_path, tmp_path / f"dt={DAY}"):
        impacts, holes = read_truth(folder, DAY)
        assert pothole_events(impacts)["timestamp"].to_pylist() == [1000]
        assert structure_events(impacts)["timestamp"].to_pylist() == [2000]
        assert impacts["trip_id"].to_pylist() == ["8", "8"]
        assert holes["link_id"].to_pylist() == ["2"]


def test_a_truth_that_is_not_there_or_lacks_a_column(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match=r"impacts\.csv is missing"):
        read_truth(tmp_path, DAY)
    write_truth(tmp_path, "", "")
    (tmp_path / "potholes.csv").write_text("pothole_id,link_id,lon,lat\n")
    with pytest.raises(BadInputError, match="column hits is missing"):
        read_truth(tmp_path, DAY)


@pytest.mark.parametrize(
    ("impacts", "holes", "told"),
    [
        ("7,8,1000,pothole,1,30\n7,8,,pothole,1,30\n", "", "line 3: timestamp has no value"),
        ("7,8,nan,pothole,1,30\n", "", "line 2: timestamp has no value"),
        ("7,8,1770867668,pothole,1,30\n", "", "line 2: timestamp is 1770867668"),
        ("7,8,soon,pothole,1,30\n", "", "soon"),
        ("7,8,1000,Pothole,1,30\n", "", "line 2: kind is 'Pothole'"),
        ("7,,1000,pothole,1,30\n", "", "line 2: trip_id is ''"),
        ("", "1,2,5,127.0,nan,.05,.3,4\n", "line 2: lat has no value"),
        ("", "1,2,5,127.0,37.5,.05,.3,\n", "line 2: hits has no value"),
    ],
)
def test_labels_that_cannot_be_scored_are_refused(tmp_path: Path, impacts: str, holes: str, told: str) -> None:
    with pytest.raises(BadInputError, match=told) as error:
        read_truth(write_truth(tmp_path, impacts, holes), DAY)
    assert str(tmp_path) in error.value.message and "expected" in str(error.value.hint)


def test_labels_without_a_line_are_refused(tmp_path: Path) -> None:
    (write_truth(tmp_path, "", "") / "impacts.csv").write_text("")
    with pytest.raises(BadInputError, match=r"impacts\.csv: Empty CSV"):
        read_truth(tmp_path, DAY)


def test_labels_of_impacts_alone_are_a_truth(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    truth = write_truth(tmp_path / "truth", "v,a,1000,pothole,p,30\n", "")
    (truth / "potholes.csv").unlink()
    with pytest.raises(BadInputError, match=r"potholes\.csv is missing"):
        read_truth(truth, DAY)
    found = pa.Table.from_pylist(
        [{"vehicle_id": "v", "trip_id": "a", "timestamp": 2500, "is_pothole": 1}], schema_of(IMPACTS)
    )
    monkeypatch.setattr(Lake, "dates", lambda *_: [DAY])
    monkeypatch.setattr(Lake, "read_table", lambda _, name, day: {IMPACTS.name: found}[name])
    arguments = ["evaluate", "--lake", str(tmp_path), "--truth", str(truth), "--tolerance-ms", "2000"]
    report = json.loads(CliRunner().invoke(load(), [*arguments, "--json"]).stdout)
    assert report["impacts"]["f1"] == 1.0 and "potholes" not in report
    shown = CliRunner().invoke(load(), arguments).stdout
    assert "only impacts are scored" in shown and "potholes " not in shown


def test_a_truth_without_potholes_leaves_only_false_alarms(tmp_path: Path) -> None:
    impacts, holes = read_truth(write_truth(tmp_path, "", ""), DAY)
    assert score_impacts(events(5), pothole_events(impacts)).false_alarms == 1
    assert score_potholes(places((0, "l", 0.99)), holes).false_alarms == 1
    assert score_potholes(places(), holes).f1 == 0.0


def test_the_command_prints_the_scores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two reported impacts, one right, one at a bump; one confirmed pothole, 2 m off."""
    truth = write_truth(tmp_path / "truth", "v,a,1000,pothole,p,30\nv,a,9000,bump,,30\n", "p,l,0,127.0,37.5,.05,.3,4\n")
    rows = [
        {"vehicle_id": "v", "trip_id": "a", "timestamp": t, "is_pothole": k}
        for t, k in ((1200, 1), (9100, 1), (1300, 0))
    ]
    tables = {
        IMPACTS.name: pa.Table.from_pylist(rows, schema_of(IMPACTS)),
        POTHOLES.name: places((2, "l", 0.99)),
    }
    monkeypatch.setattr(Lake, "dates", lambda *_: [DAY])
    monkeypatch.setattr(Lake, "read_table", lambda _, name, day: tables[name])
    arguments = ["evaluate", "--lake", str(tmp_path), "--truth", str(truth)]
    report = json.loads(CliRunner().invoke(load(), [*arguments, "--json"]).stdout)
    assert (report["impacts"]["right"], report["impacts"]["false_alarms"], report["impacts"]["missed"]) == (1, 1, 0)
    assert report["impacts"]["false_alarms_at_structures"] == 1
    assert report["impacts"]["f1_interval"] == [None, None]
    assert report["potholes"]["f1"] == 1.0
    assert report["potholes"]["median_m"] == pytest.approx(2.0, abs=0.01)
    shown = CliRunner().invoke(load(), arguments).stdout
    assert "1 of the impacts' false alarms lie at bumps and the like" in shown
    assert [line.split() for line in shown.splitlines() if line.startswith("impacts")] == [
        ["impacts", "0.500", "1.000", "0.667", "1", "1", "0"]
    ]
