"""Runs that take too long, that people meddle with, and that meet others, with Airflow's real services."""

from __future__ import annotations

import json
import shutil
import time
from datetime import datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from pothole.cloud import objects
from pothole.registry import OWN
from tests.servers.airflow import DAG_ID
from tests.servers.pipeline import Pipeline

pytestmark = [pytest.mark.slow, pytest.mark.airflow]


def test_a_task_takes_too_long(stage: Pipeline) -> None:
    stage.bring("2026-03-01")
    stage.plan("stage1", "hang")
    stage.limit(tasks={"run_stage1": 5})
    assert stage.run("2026-03-01", "long") == "failed"
    assert stage.ran("2026-03-01") == ["stage1", "stage1"], "tried twice"
    assert "an earlier attempt was still running and was ended" in stage.airflow.log("run_stage1", "long")
    states = stage.airflow.states("long")
    assert (states["run_stage1"], states["stop_spark"], states["stop_cluster"]) == ("failed", "success", "success")


def test_a_run_over_its_budget_is_stopped_and_not_tried_again(stage: Pipeline) -> None:
    stage.bring("2026-03-02")
    stage.plan("stage1", "hang")
    stage.limit(budget_seconds=30)
    assert stage.run("2026-03-02", "dear") == "failed"
    assert stage.ran("2026-03-02") == ["stage1"]
    assert "the run is over its budget of 30 s and is stopped" in stage.airflow.log("run_stage1", "dear")
    (file,) = [key for key, _ in objects.listed(objects.client(), stage.settings.bucket, "runs/dt=2026-03-02/")]
    record = json.loads(objects.read(objects.client(), stage.settings.bucket, file))
    assert record["outcome"] == "failed" and len(record["instance_seconds"]) == 3
    assert 10 < min(record["instance_seconds"].values()) < record["seconds"]
    assert record["cost"] == pytest.approx(sum(record["instance_seconds"].values()) / 3600 * 0.2, abs=1e-4)


def test_the_run_is_marked_a_success_by_hand(stage: Pipeline) -> None:
    stage.bring("2026-03-03")
    stage.plan("stage1", "hang")
    stage.airflow.trigger("2026-03-03", "waved")
    stage.until_at_work()
    stage.airflow.api("PATCH", f"/dags/{DAG_ID}/dagRuns/waved", {"state": "success"})
    stage.until("waved", "stop_cluster", "success")
    stage.airflow.wait("waved", 120)
    assert stage.airflow.states("waved")["verdict"] == "failed", "stages were skipped: it says so"


def test_a_stage_alone_is_cleared(stage: Pipeline) -> None:
    stage.bring("2026-03-04")
    assert stage.run("2026-03-04", "again") == "success"
    shutil.rmtree(stage.cluster.master.home / "spark-job")  # a node's temporary folder is empty after a reboot
    body = {"dag_run_id": "again", "task_ids": ["run_stage2"], "include_downstream": True, "dry_run": False}
    stage.airflow.api("POST", f"/dags/{DAG_ID}/clearTaskInstances", body | {"only_failed": False})
    assert stage.airflow.wait("again", 200) == "success"
    assert stage.ran("2026-03-04") == ["stage1", "stage2", "stage2"]
    first, second = {line.split()[1] for line in (stage.spark / "ran").read_text().splitlines() if "20260304" in line}
    assert first != second, "what is published again has another run id"


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
    assert [stage.airflow.wait(run, 400) for run in ("other", *runs)] == ["success"] * 3
    spans = sorted(span(stage, run) for run in ("other", *runs))
    assert all(before[1] <= after[0] for before, after in pairwise(spans)), spans
    logs = "".join(stage.airflow.log("lease", run) for run in runs)
    assert "batch date 2026-03-11 " in logs and "batch date 2026-03-12 " in logs
    assert "which has the cluster" in logs


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
