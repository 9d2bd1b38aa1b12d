"""What needs Airflow's scheduler: one that is killed, runs that people meddle with, and runs that meet others."""

from __future__ import annotations

import subprocess
import sys
import time
from datetime import datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from pothole.registry import OWN
from tests.servers.airflow import DAG_ID, LOGIN
from tests.servers.pipeline import Pipeline

pytestmark = [pytest.mark.slow, pytest.mark.airflow]


def test_the_run_is_marked_failed_by_hand(stage: Pipeline) -> None:
    stage.bring("2026-01-05")
    stage.plan("stage1", "hang")
    stage.airflow.trigger("2026-01-05", "marked")
    stage.until_at_work()
    stage.airflow.api("PATCH", f"/dags/{DAG_ID}/dagRuns/marked", {"state": "failed"})
    deadline = time.monotonic() + 120
    while set(stage.cluster.states()) != {"stopped"}:
        assert time.monotonic() < deadline, stage.airflow.states("marked")
        time.sleep(1)
    stage.until("marked", "verdict", "failed")
    assert stage.airflow.wait("marked", 60) == "failed"


def test_the_run_is_marked_a_success_by_hand(stage: Pipeline) -> None:
    stage.bring("2026-03-03")
    stage.plan("stage1", "hang")
    stage.airflow.trigger("2026-03-03", "waved")
    stage.until_at_work()
    stage.airflow.api("PATCH", f"/dags/{DAG_ID}/dagRuns/waved", {"state": "success"})
    stage.until("waved", "stop_cluster", "success")
    stage.airflow.wait("waved", 120)
    assert stage.airflow.states("waved")["verdict"] == "failed", "stages were skipped: it says so"


def test_the_scheduler_is_killed_in_mid_run_and_started_again(stage: Pipeline) -> None:
    stage.bring("2026-01-08")
    stage.plan("stage1", "slow")
    stage.airflow.trigger("2026-01-08", "killed")
    stage.until_at_work()
    stage.airflow.kill("scheduler")
    stage.airflow.start("scheduler")
    stage.go()
    assert stage.airflow.wait("killed", 500) == "success"


def test_a_start_that_is_killed_half_way(stage: Pipeline) -> None:
    stage.bring("2026-01-12")
    deaf = stage.cluster.nodes[2]
    deaf.down()
    try:
        stage.airflow.trigger("2026-01-12", "half")
        deadline = time.monotonic() + 120
        while set(stage.cluster.states()) != {"running"}:
            assert time.monotonic() < deadline, stage.airflow.states("half")
            time.sleep(0.5)
        stage.airflow.kill_task("half", "start_cluster")
        assert stage.airflow.wait("half", 200) == "failed"
    finally:
        deaf.up()
    states = stage.airflow.states("half")
    assert (states["start_cluster"], states["stop_cluster"], states["verdict"]) == ("failed", "success", "failed")
    assert any("2026-01-12: verdict failed" in text for text in stage.messages.slack)


def test_the_command_triggers_skips_and_forces_and_the_same_date_at_once_waits_its_turn(stage: Pipeline) -> None:
    stage.bring("2026-01-10")

    def trigger(*options: str) -> str:
        command = [sys.executable, "-m", "pothole", "trigger", "2026-01-10", *options]
        environment = stage.airflow.environ | {"AIRFLOW_API_URL": stage.airflow.url} | LOGIN
        ran = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return ran.stdout

    assert "is triggered: run batch__2026-01-10" in trigger()
    assert "is running already" in trigger()
    stage.airflow.trigger("2026-01-10", "two")
    assert stage.airflow.wait("batch__2026-01-10", 200) == "success"
    assert stage.airflow.wait("two", 200) == "success"
    times = [stage.airflow.api("GET", f"/dags/{DAG_ID}/dagRuns/{run}") for run in ("batch__2026-01-10", "two")]
    first, second = sorted((t["start_date"], t["end_date"]) for t in times)
    assert second[0] >= first[1], "the second run would have stopped the first one's cluster"
    assert "has run already" in trigger()
    assert "verdict: success" in trigger("--force", "--wait")


def test_backfills_wait_for_their_turn(stage: Pipeline) -> None:
    for date in ("2026-03-05", "2026-03-11", "2026-03-12"):
        stage.bring(date)
    stage.plan("stage1", "slow")
    stage.airflow.trigger("2026-03-05", "other")
    stage.until("other", "start_cluster")
    body = {"dag_id": DAG_ID, "from_date": "2026-03-11T00:00:00Z", "to_date": "2026-03-12T23:00:00Z"}
    backfill(stage, body | {"max_active_runs": 5})
    runs = [r["dag_run_id"] for r in stage.airflow.runs() if r["run_type"] == "backfill"]
    assert len(runs) == 2
    stage.until_said("lease", runs, "waiting for run other, which has the cluster")
    stage.go()
    assert [stage.airflow.wait(run, 400) for run in ("other", *runs)] == ["success"] * 3
    spans = sorted(span(stage, run) for run in ("other", *runs))
    assert all(before[1] <= after[0] for before, after in pairwise(spans)), spans
    logs = "".join(stage.airflow.log("lease", run) for run in runs)
    assert "batch date 2026-03-11 " in logs and "batch date 2026-03-12 " in logs


def backfill(stage: Pipeline, body: dict) -> None:
    """SQLite does not always let the API in between the scheduler's writes."""
    for _ in range(30):
        try:
            stage.airflow.api("POST", "/backfills", body)
            return
        except AssertionError as error:
            if "Database is locked" not in str(error):
                raise
            time.sleep(0.5)
    raise AssertionError("the database was never free")


def span(stage: Pipeline, run_id: str) -> tuple[str, str]:
    """From the moment that a run has the cluster to its verdict."""
    found = stage.airflow.api("GET", f"/dags/{DAG_ID}/dagRuns/{run_id}/taskInstances?limit=100")["task_instances"]
    times = {t["task_id"]: t for t in found}
    return times["lease"]["end_date"], times["verdict"]["start_date"]


def test_the_scheduled_run_is_for_the_day_before(stage: Pipeline) -> None:
    (run,) = [r["dag_run_id"] for r in stage.airflow.runs() if r["run_type"] == "scheduled"]
    stage.airflow.wait(run, 120)
    due = datetime.now(ZoneInfo("Asia/Seoul")) - timedelta(hours=10)
    assert f"batch date {due.date() - timedelta(days=1)} (Asia/Seoul)" in stage.airflow.log("lease", run)


def test_the_command_line_triggers_all_tasks(stage: Pipeline) -> None:
    stage.airflow.cli("dags", "trigger", DAG_ID, "-r", "typed")
    assert stage.airflow.wait("typed", 200) == "failed"
    assert len(stage.airflow.states("typed")) == 12 + 2 * len(OWN)
    yesterday = datetime.now(ZoneInfo("Asia/Seoul")).date() - timedelta(days=1)
    assert f"batch date {yesterday} (Asia/Seoul)" in stage.airflow.log("lease", "typed")
    assert any(f"{yesterday}: check_s3_input failed" in text for text in stage.messages.slack)
