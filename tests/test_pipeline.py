"""The day end to end on the embedded engine: simulated raw data in, published potholes out, rerun, recorded."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path

import pyarrow.compute as pc
import pytest

from pothole.datasets import TABLES
from pothole.errors import UserError
from pothole.evaluate import pothole_events, read_truth, reported, score_impacts
from pothole.lake import open_lake
from pothole.pipeline import chosen_stages, run_day
from pothole.registry import OWN
from pothole.settings import Config, Settings
from pothole.simulate.fleet import simulate
from pothole.tables import CONDITION, IMPACTS, POTHOLES, QUARANTINE, TRAVERSALS

DAY = "2026-02-12"


def test_stages_are_chosen_in_order():
    assert chosen_stages(None, None) == ["stage1", "stage2", *OWN]
    assert chosen_stages("stage2", None) == ["stage2", *OWN]
    assert chosen_stages(None, "stage1") == ["stage1"]
    with pytest.raises(UserError, match="no stage 'stage99'"):
        chosen_stages("stage99", None)
    with pytest.raises(UserError, match="exclude each other"):
        chosen_stages("stage1", "stage2")


def test_a_stage_that_is_not_known_is_not_silently_left_out(tmp_path):
    with pytest.raises(UserError, match="no stage 'stage99'"):
        run_day(
            open_lake(str(tmp_path)), DAY, Config(Settings(), {}), lambda: pytest.fail("started"), stages=["stage99"]
        )


def run(lake: Path, *options: str, **environment: str) -> dict[str, object]:
    command = [sys.executable, "-m", "pothole", "run", DAY, "--lake", str(lake), "--json", *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | environment)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def day(tmp_path_factory) -> Path:
    lake = tmp_path_factory.mktemp("day") / "lake"
    simulate(lake, trips=24, vehicle_count=4, seed=21, start_date=date.fromisoformat(DAY), broken_share=0.01)
    run(lake)
    return lake


def rows(lake: Path, dataset: str) -> list[dict[str, object]]:
    table = TABLES[dataset]
    found = open_lake(str(lake)).read_table(dataset, DAY).to_pylist()
    return sorted(found, key=lambda row: [str(row[k]) for k in (table.key or row)])


def assert_same(ours: list[dict[str, object]], theirs: list[dict[str, object]]) -> None:
    """The contract's rule: keys, integers and strings exactly, doubles within 1e-9 (sums have no fixed order)."""
    assert len(ours) == len(theirs)
    for a, b in zip(ours, theirs, strict=True):
        assert a == {k: pytest.approx(v, rel=1e-9, abs=1e-9) if isinstance(v, float) else v for k, v in b.items()}


@pytest.mark.slow
def test_every_row_is_used_or_quarantined(day):
    (record,) = [r for r in open_lake(str(day)).run_records(DAY) if r["stage"] == "stage1"]
    counts = record["rows"]
    assert counts["in"] == counts["used"] + counts["quarantined"]
    assert counts["quarantined"] == len(rows(day, QUARANTINE.name)) == sum(record["quarantined"].values()) > 0
    assert record["outcome"] == "success"
    assert {"config_hash", "code_version", "engine_version", "inputs", "seconds"} <= record.keys()
    (stage2,) = [r for r in open_lake(str(day)).run_records(DAY) if r["stage"] == "stage2"]
    files = [i for i in record["inputs"] + stage2["inputs"] if "path" in i]
    assert {i.get("dataset", "raw-sensor-data") for i in files} == {"raw-sensor-data", "road-network", "speed-bump"}
    assert all(i["bytes"] == (day / i["path"]).stat().st_size for i in files)


@pytest.mark.slow
def test_what_is_found_is_mostly_right(day):
    events, _ = read_truth(day.with_name("lake.truth"), DAY)
    impacts = open_lake(str(day)).read_table(IMPACTS.name, DAY)
    score = score_impacts(reported(impacts), pothole_events(events))
    assert score.precision > 0.6
    assert score.recall > 0.4


@pytest.mark.slow
def test_results_refer_to_each_other(day):
    lake = open_lake(str(day))
    segments = set(lake.segments()["s_id"].to_pylist())
    holes, condition = lake.read_table(POTHOLES.name, DAY), lake.read_table(CONDITION.name, DAY)
    assert set(condition["s_id"].to_pylist()) <= segments
    assert set(holes["s_id"].drop_null().to_pylist()) <= segments
    assert pc.all(pc.less_equal(holes["hit_count"], holes["pass_count"])).as_py()
    assert pc.all(pc.less_equal(holes["vehicle_count"], holes["hit_count"])).as_py()
    assert holes.num_rows > 0


@pytest.mark.slow
def test_a_rerun_gives_the_same_rows_and_one_version(day, tmp_path):
    copy = tmp_path / "lake"
    shutil.copytree(day, copy)
    before = {name: rows(copy, name) for name in (IMPACTS.name, TRAVERSALS.name, POTHOLES.name, CONDITION.name)}
    run(copy)
    for name, old in before.items():
        assert_same(rows(copy, name), old)
    assert len(list((copy / POTHOLES.name / f"dt={DAY}").glob("run-*"))) == 1


@pytest.mark.slow
def test_batches_do_not_change_the_result(day, tmp_path):
    copy = tmp_path / "lake"
    shutil.copytree(day, copy)
    run(copy, POTHOLE__ENGINE__BATCH_ROWS="50000")
    records = [r for r in open_lake(str(copy)).run_records(DAY) if r["stage"] == "stage1"]
    (record,) = [r for r in records if r["config"]["engine"]["batch_rows"] == 50_000]
    assert len(list((copy / TRAVERSALS.name / f"dt={DAY}").glob("run-*/part-*.parquet"))) > 1
    assert record["rows"]["in"] == record["rows"]["used"] + record["rows"]["quarantined"]
    for name in (IMPACTS.name, POTHOLES.name):
        assert_same(rows(copy, name), rows(day, name))


@pytest.mark.slow
def test_as_many_are_confirmed_in_the_record_as_in_the_report(day, tmp_path):
    copy = tmp_path / "lake"
    shutil.copytree(day, copy)
    setting = {"POTHOLE__STAGE2__EVIDENCE__CONFIRMED": "0.5"}
    (stage,) = run(copy, "--only-stage", "stage2", **setting)["stages"]
    command = [sys.executable, "-m", "pothole", "report", DAY, "--lake", str(copy), "--json", "--min-confidence", "0"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=os.environ | setting)
    told = [p["confirmed"] for p in json.loads(done.stdout)["potholes"]]
    assert stage["rows"]["confirmed"] == sum(told) > 0
    assert stage["rows"]["candidates"] == len(told)


@pytest.mark.slow
def test_without_a_road_network_places_are_found_all_the_same(day, tmp_path):
    copy = tmp_path / "lake"
    shutil.copytree(day, copy)
    shutil.rmtree(copy / "road-network")
    run(copy, "--only-stage", "stage2")
    holes = open_lake(str(copy)).read_table(POTHOLES.name, DAY)
    assert holes.num_rows > 0
    assert holes["s_id"].null_count == holes.num_rows
    assert open_lake(str(copy)).read_table(CONDITION.name, DAY).num_rows == 0
