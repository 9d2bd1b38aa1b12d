"""``pothole trigger`` and ``trigger_dag.py``, which is the same."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.servers.fake_airflow import FakeAirflow

DAY = "2026-02-12"
SCRIPT = Path(__file__).parents[2] / "airflow_service" / "scripts" / "trigger_dag.py"


@pytest.fixture
def server(airflow_api_server: FakeAirflow) -> FakeAirflow:
    return airflow_api_server


def test_triggered_skipped_forced(run, server):
    assert f"{DAY} is triggered: run batch__{DAY}" in run("trigger", DAY).text
    done = run("trigger", DAY)
    assert (done.status, "is running already" in done.text) == (0, True)
    server.runs[f"batch__{DAY}"]["state"] = "failed"
    done = run("trigger", DAY)
    assert (done.status, "is failed; --force runs it again" in done.text) == (0, True)
    assert "runs again" in run("trigger", DAY, "--force").text


def test_waiting_ends_in_the_runs_own_status(run, server):
    server.add("x", "success", logical_date=None, run_after="2026-03-01T00:00:00Z", conf={"date": DAY})
    assert run("trigger", DAY, "--wait").status == 0
    server.runs["x"]["state"] = "failed"
    assert run("trigger", DAY, "--wait").status == 1


@pytest.mark.parametrize("text", ["2026-02-30", "tomorrow", "2999-01-01", "2019-01-01"])
def test_dates_that_are_refused(run, server, text):
    assert run("trigger", text).status == 2
    assert server.calls == []


def test_refusals_and_variables_that_cannot_be_used(run, server, monkeypatch):
    server.paused = True
    done = run("trigger", DAY)
    assert (done.status, "is paused" in done.text, "airflow dags unpause" in done.text) == (1, True, True)
    monkeypatch.setenv("AIRFLOW_PASSWORD", "wrong-one")
    done = run("trigger", DAY)
    assert (done.status, "refuses the user officer" in done.text, "wrong-one" in done.text) == (1, True, False)
    monkeypatch.setenv("POTHOLE_TIMEZONE", "Asia/Soul")
    done = run("trigger", DAY)
    assert (done.status, "POTHOLE_TIMEZONE is 'Asia/Soul'" in done.text) == (2, True)


def test_the_script_takes_yesterday(server):
    before = datetime.now(ZoneInfo("Asia/Seoul"))
    done = subprocess.run([sys.executable, SCRIPT], env=os.environ.copy(), capture_output=True, text=True, cwd="/")
    assert (done.returncode, done.stderr) == (0, "")
    days = {(at - timedelta(days=1)).date().isoformat() for at in (before, datetime.now(ZoneInfo("Asia/Seoul")))}
    assert {run["conf"]["date"] for run in server.runs.values()} <= days and len(server.runs) == 1
