"""What a user gets for bad input, through the real command: the exit status, the message, and nothing half-written."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pothole import records
from pothole.lake import open_lake
from pothole.tables import POTHOLES, RAW
from tests.stages import drives

DAY = "2026-02-12"


def run(lake: Path, *options: str, day: str = DAY, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pothole", "run", day, "--lake", str(lake), *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | environment)
    assert "Traceback" not in done.stderr, done.stderr
    return done


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    add(tmp_path, "part-0.parquet", drives.raw(jolts_s=(12.3, 30.0), rate_hz=25))
    return tmp_path


def add(lake: Path, name: str, table: pa.Table, day: str = DAY) -> Path:
    folder = lake / RAW.name / f"dt={day}"
    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, folder / name)
    return folder / name


def written(lake: Path) -> list[str]:
    """What lies in the lake beside input, locks and run records."""
    return sorted(p.name for p in lake.iterdir() if p.name not in (RAW.name, "road-network", "locks", "runs"))


def refused(lake: Path, stage: str = "stage1", day: str = DAY) -> str:
    """The error in the record of the day's only run."""
    (record,) = open_lake(str(lake)).run_records(day)
    assert (record["stage"], record["outcome"]) == (stage, "failed")
    return str(record["error"])


def test_no_raw_data_names_the_nearest_dates_and_writes_nothing(lake):
    done = run(lake, day="2026-02-14")
    assert done.returncode == 2
    assert "no raw data for 2026-02-14" in done.stderr
    assert "nearest dates there are 2026-02-12" in done.stderr
    assert written(lake) == []
    assert "no raw data for 2026-02-14" in refused(lake, day="2026-02-14")


def test_a_partition_without_rows_is_no_data(lake):
    add(lake, "part-0.parquet", drives.raw().slice(0, 0), day="2026-02-13")
    done = run(lake, day="2026-02-13")
    assert (done.returncode, "no raw data for 2026-02-13" in done.stderr) == (2, True)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda t: t.drop_columns(["accel_y"]), ["column accel_y is missing"]),
        (lambda t: t.set_column(0, "timestamp", t["timestamp"].cast(pa.string())), ["timestamp", "string", "bigint"]),
    ],
)
def test_a_file_of_another_shape_is_named_with_its_column(lake, change, words):
    path = add(lake, "part-1.parquet", change(drives.raw()))
    done = run(lake)
    assert done.returncode == 2
    assert all(word in done.stderr.replace("\n", " ") for word in [path.name, *words]), done.stderr
    assert written(lake) == []
    assert all(word in refused(lake) for word in [path.name, *words])


def test_a_stage_whose_input_is_not_there_leaves_a_record(lake):
    assert run(lake, "--only-stage", "stage2").returncode == 2
    assert "no stage1_anomaly_detected" in refused(lake, "stage2")


def test_the_last_run_was_no_success_when_its_input_was_refused(lake):
    add(lake, "part-1.parquet", drives.raw().drop_columns(["accel_y"]))
    opened = open_lake(str(lake))
    old = {"run_id": "run-0", "stage": "stage1", "date": DAY, "outcome": "success", "seconds": 1.0, "started_ms": 1}
    opened.write_run_record(DAY, "run-0", "stage1", old)
    assert run(lake).returncode == 2
    (stage1,) = records.of_date(opened, DAY).last_of_each_stage()
    assert (stage1.success, stage1.run_id != "run-0") == (False, True)


def test_a_record_that_cannot_be_written_does_not_hide_why_the_input_was_refused(lake):
    add(lake, "part-1.parquet", drives.raw().drop_columns(["accel_y"]))
    (lake / "runs").write_text("in the way")
    done = run(lake)
    assert (done.returncode, "column accel_y is missing" in done.stderr) == (2, True), done.stderr


@pytest.mark.slow
def test_a_damaged_file_is_named_and_can_be_left_out(lake):
    path = add(lake, "part-1.parquet", drives.raw())
    path.write_bytes(path.read_bytes()[:-300])
    done = run(lake)
    assert (done.returncode, "part-1.parquet" in done.stderr, "--skip-bad-files" in done.stderr) == (2, True, True)
    assert run(lake, "--skip-bad-files").returncode == 0
    (record,) = [r for r in open_lake(str(lake)).run_records(DAY) if r["stage"] == "stage1" and r["rows"]]
    skipped = [i for i in record["inputs"] if "skipped" in i]
    assert [Path(i["path"]).name for i in skipped] == ["part-1.parquet"]


@pytest.mark.slow
def test_too_many_refused_rows_fail_and_keep_the_old_partition(lake):
    assert run(lake).returncode == 0
    before = open_lake(str(lake)).manifest(POTHOLES.name, DAY)
    bad = drives.raw(trip="T9", rate_hz=25)
    add(lake, "part-1.parquet", bad.set_column(11, "lat", pa.array([200.0] * bad.num_rows)))
    done = run(lake)
    assert done.returncode == 1
    assert "50% of" in done.stderr and "bad_position" in done.stderr
    assert open_lake(str(lake)).manifest(POTHOLES.name, DAY) == before
    assert run(lake, POTHOLE__MAX_REFUSED_SHARE="0.6").returncode == 0


HEAD = "s_id,link_id,seq,start_lon,start_lat,end_lon,end_lat\n"


@pytest.mark.parametrize(
    ("network", "words"),
    [
        ("s_id,link_id,seq,start_lon,start_lat,end_lon\na,a,0,127,37.5,127\n", ["end_lat"]),
        (HEAD + "a:0,a,0,37.5,127.0,37.5,127.0003\n", ["reversed"]),
        (HEAD + "a:0,a,0,24.94,60.17,24.94,60.1703\n", ["km away from the data"]),
        (HEAD + "a:0,a,0,127.0,37.5,127.0,37.51\n", ["m long", "50 m"]),
    ],
)
def test_a_wrong_road_network_is_told_which_way(lake, network, words):
    (lake / "road-network").mkdir()
    (lake / "road-network" / "segments.csv").write_text(network)
    done = run(lake)
    assert done.returncode == 2
    assert all(word in done.stderr.replace("\n", " ") for word in words), done.stderr
    assert written(lake) == []
    assert all(word in refused(lake) for word in words)


def test_an_unknown_key_names_the_nearest(lake):
    config = lake.parent / "c.yaml"
    config.write_text("stage2: {match: {max_distance: 5}}")
    done = run(lake, "--config", str(config))
    assert (done.returncode, "stage2.match.max_distance_m" in done.stderr) == (2, True)


def test_a_date_that_is_held_is_refused_with_the_holder(lake):
    with open_lake(str(lake)).lock(DAY, "first-run", ttl_seconds=60, command="test"):
        done = run(lake)
    assert done.returncode == 1
    assert "first-run" in done.stderr
    assert "stage2_spatial_clustering" not in written(lake)


def test_a_lake_that_is_not_there(tmp_path):
    done = run(tmp_path / "nowhere")
    assert done.returncode == 2
    assert "nowhere" in done.stderr


@pytest.mark.slow
def test_results_as_json_tell_what_was_done(lake):
    done = run(lake, "--json")
    stages = json.loads(done.stdout)["stages"]
    assert [s["stage"] for s in stages] == ["stage1", "stage2"]
