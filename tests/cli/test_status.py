"""``pothole status``: what it shows of runs, tasks and records; live until the run ends."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pothole.cli import status as command
from pothole.lake import Lake, open_lake

DAY = "2026-02-12"
TASKS = ("lease", "run_stage1", "run_stage2", "check_s3_stage2_out")


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lake:
    monkeypatch.delenv("S3_BUCKET", raising=False)
    return open_lake(str(tmp_path / "lake"), create=True)


def at(minutes: float) -> str:
    return (datetime(2026, 2, 13, 1, tzinfo=UTC) + timedelta(minutes=minutes)).isoformat().replace("+00:00", "Z")


def record(lake: Lake, run_id: str, dag_run: str, *, minutes: float, cost: float | None, failed: bool = False) -> None:
    began = int(datetime.fromisoformat(at(minutes)).timestamp() * 1000)
    common: dict[str, Any] = {"run_id": run_id, "date": DAY, "outcome": "success", "started_ms": began, "seconds": 9.0}
    refused = [{"dataset": "quarantine", "rows": 30, "bytes": 1}]
    stages = {
        "stage1": {
            "inputs": [{"path": "a", "rows": 22_500, "bytes": 9}, {"path": "b", "skipped": "cut off"}],
            "quarantined": {"duplicate": 10, "null_value": 20},
            "outputs": [{"dataset": "stage1_anomaly_detected", "rows": 400, "bytes": 5}, *refused],
        },
        "stage2": {"inputs": [], "outputs": [{"dataset": "stage2_spatial_clustering", "rows": 7, "bytes": 5}]},
    }
    for stage, figures in stages.items():
        lake.write_run_record(DAY, run_id, stage, common | {"stage": stage} | figures)
    own = {"stage": "dag", "dag_run": dag_run, "began": at(minutes), "tasks": {}, "cost": cost, "currency": "USD"}
    used = {"instance_seconds": None if cost is None else {"i-1": 60.0}, "outcome": "failed" if failed else "success"}
    lake.write_run_record(DAY, run_id, "dag", common | own | used)


@pytest.fixture
def server(airflow_api_server, monkeypatch):
    """Three runs: one of the date that failed and was tried again, one before it, and one that is going on."""
    server = airflow_api_server
    monkeypatch.setattr(command, "_WATCH_SECONDS", 0.1)
    server.tasks = dict.fromkeys(TASKS, "success")
    server.details = {
        name: {"try_number": 1, "start_date": at(n), "end_date": at(n + 1)} for n, name in enumerate(TASKS)
    }
    for number, (run_id, day, state) in enumerate(
        [("old", "2026-02-11", "success"), ("x", DAY, "success"), ("now", "2026-02-13", "running")]
    ):
        more = {"start_date": at(number)} | ({} if state == "running" else {"end_date": at(number + 8)})
        server.add(run_id, state, logical_date=None, run_after=at(number), conf={"date": day}, **more)
    return server


def test_the_last_runs(run, server, lake):
    record(lake, "dag-1", "x", minutes=1, cost=0.11, failed=True)
    record(lake, "dag-2", "x", minutes=5, cost=0.20)
    done = run("status", "--lake", lake.uri)
    assert done.status == 0
    lines = [line.split() for line in done.text.splitlines() if "2026-02-1" in line]
    assert [line[:2] for line in lines] == [["2026-02-13", "running"], [DAY, "success"], ["2026-02-11", "success"]]
    assert " ".join(lines[1]) == f"{DAY} success 02-13 10:01:00 8 min 00 s 22,500 407 30 0.31 USD x"
    assert " ".join(lines[2]).endswith("8 min 00 s - - - - old")
    assert run("status", "--last", "1", "--lake", lake.uri).text.count("2026-02-1") == 1


def test_one_runs_tasks_against_the_usual(run, server, lake):
    record(lake, "dag-2", "x", minutes=5, cost=0.20)
    server.details["run_stage1"] |= {"end_date": at(5), "try_number": 2}

    def first_usual(method: str, path: str) -> None:
        if path.endswith("/x/taskInstances?limit=100"):
            server.details["run_stage1"]["end_date"] = at(9)

    server.seen = first_usual
    done = run("status", DAY, "--lake", lake.uri)
    rows = {line.split()[0]: " ".join(line.split()) for line in done.text.splitlines() if line.split()}
    assert [name for name in rows if name in TASKS] == list(TASKS), "in the order in which they run"
    assert rows["run_stage1"] == "run_stage1 success 2 02-13 10:01:00 8 min 00 s, slow 4 min 00 s"
    assert rows["run_stage2"] == "run_stage2 success 1 02-13 10:02:00 1 min 00 s 1 min 00 s"
    assert rows["all"] == "all 8 min 00 s 8 min 00 s"
    assert rows["stage1"] == "stage1 22,500 400 30 20 null_value, 10 duplicate"
    assert "cost of all tries: 0.20 USD" in done.text


def test_json_is_complete(run, server, lake):
    record(lake, "dag-2", "x", minutes=5, cost=None)
    told = json.loads(run("status", DAY, "--json", "--lake", lake.uri).out)
    assert (told["usual_seconds"], told["run"]["state"], told["run"]["seconds"]) == (480.0, "success", 480.0)
    assert (told["run"]["rows_in"], told["run"]["quarantined"], told["run"]["cost"]) == (22_500, 30, None)
    assert [task["task"] for task in told["tasks"]] == list(TASKS)
    assert told["tasks"][0] == {
        "task": "lease", "state": "success", "tries": 1, "started": "2026-02-13T01:00:00+00:00", "seconds": 60.0,
        "usual_seconds": 60.0,
    }  # fmt: skip
    told = json.loads(run("status", "--json", "--lake", lake.uri).out)
    assert [r["run_id"] for r in told["runs"]] == ["now", "x", "old"]


def test_the_usual_is_the_median_of_the_last_ten_successes(run, server, lake):
    for number in range(12):
        more = {"start_date": at(number), "end_date": at(number + (99 if number < 2 else number))}
        server.add(f"r{number}", "success", logical_date=None, run_after=at(100 + number), **more)
    told = json.loads(run("status", DAY, "--json", "--lake", lake.uri).out)
    assert told["usual_seconds"] == 6.5 * 60
    (listed,) = [call for call in server.calls if call.endswith("/list")][:1]
    assert listed.startswith("POST")


def test_a_run_that_is_going_has_the_figures_of_its_stages_so_far(run, server, lake):
    server.runs["x"] |= {"state": "running", "end_date": None}
    record(lake, "dag-0", "earlier", minutes=3, cost=0.1)
    for run_id, minutes, stage_name in (("dag-1", 4, "stage1"), ("killed", 0, "stage2")):
        began = int(datetime.fromisoformat(at(minutes)).timestamp() * 1000)
        stage = {"run_id": run_id, "date": DAY, "stage": stage_name, "started_ms": began, "seconds": 1.0}
        lake.write_run_record(DAY, run_id, stage_name, stage | {"inputs": [{"rows": 5, "bytes": 1}]})
    told = json.loads(run("status", DAY, "--json", "--lake", lake.uri).out)["run"]
    assert (told["rows_in"], told["cost"], [s["run_id"] for s in told["stages"]]) == (5, None, ["dag-1"])


@pytest.mark.parametrize(("end", "exit_status"), [("success", 0), ("failed", 1)])
def test_watching_ends_with_the_run(run, server, lake, end, exit_status):
    server.runs["x"] |= {"state": "running", "end_date": None}
    looks: list[str] = []

    def look(method: str, path: str) -> None:
        if not path.endswith("/x/taskInstances?limit=100"):
            return
        looks.append(path)
        if len(looks) == 2:
            server.tasks["run_stage1"] = "failed" if end == "failed" else "up_for_retry"
            server.broken = [(503, b"busy")]
        if len(looks) == 4:
            server.runs["x"] |= {"state": end, "end_date": at(9)}

    server.seen = look
    done = run("status", DAY, "--watch", "--lake", lake.uri)
    assert done.status == exit_status
    assert "answers 503: busy; asking again" in done.text
    assert done.out.count("run x is") == 3, "told anew only when a state has changed"
    assert done.text.index("run x is running") < done.text.index(f"run x is {end}")


def test_without_the_lake_airflow_is_told_all_the_same(run, server, lake, monkeypatch):
    done = run("status", DAY)
    assert (done.status, "without rows" in done.text, "run_stage1" in done.text) == (0, False, True)
    path = Path(lake.root) / f"runs/dt={DAY}/dag-1"
    path.mkdir(parents=True)
    (path / "stage1.json").write_text("{")
    done = run("status", DAY, "--lake", lake.uri)
    assert (done.status, "without rows and cost: " in done.text, "run_stage1" in done.text) == (0, True, True)


def test_a_lake_that_cannot_be_opened(run, server, lake, monkeypatch):
    monkeypatch.setenv("S3_BUCKET", "roads")
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    done = run("status", DAY)
    assert (done.status, "without rows and cost: " in done.text, "nobody" in done.text) == (0, True, True)
    assert "run_stage1" in done.text
    monkeypatch.setitem(sys.modules, "s3fs", None)
    done = run("status", DAY)
    assert (done.status, "without rows and cost: " in done.text, "run_stage1" in done.text) == (0, True, True)
    done = run("status", DAY, "--lake", "s3://roads")
    assert (done.status, "pip install" in done.text) == (2, True)


def test_mistakes(run, server, lake):
    done = run("status", "2026-02-10")
    assert (done.status, "there is no run of 2026-02-10" in done.text) == (2, True)
    assert run("status", "yesterday").status == 2
    assert "exclude each other" in run("status", "--watch", "--json").text
    server.runs.clear()
    assert "no run yet" in run("status").text
