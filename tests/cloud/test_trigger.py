"""One date, one run: triggered, left alone, forced; and which dates are taken."""

from __future__ import annotations

import threading
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from pothole.cloud import airflow_api, trigger
from pothole.cloud.airflow_api import AirflowApi, AirflowApiError
from pothole.errors import ConfigError, UserError
from tests.servers.fake_airflow import environment

DAY = "2026-02-12"
RUN = f"batch__{DAY}"


@pytest.fixture
def go(server, said, monkeypatch):
    monkeypatch.setattr(airflow_api, "_POLL_SECONDS", 0.1)
    api = AirflowApi(environment(server))
    return lambda *, force=False, wait=False: trigger.trigger(api, DAY, force=force, wait=wait, say=said.append)


def test_once_and_again_by_force(go, server, said):
    assert go() and go()
    assert go(force=True), "a run that is going is left alone"
    server.runs[RUN]["state"] = "failed"
    assert not go()
    assert go(force=True)
    assert [line.split(":")[0] for line in said] == [
        f"{DAY} is triggered", f"{DAY} is running already", f"{DAY} is running already", f"{DAY} has run already",
        f"{DAY} runs again",
    ]  # fmt: skip
    assert (len(server.runs), server.runs[RUN]["state"], server.posted("/clear")) == (1, "queued", 1)


def test_two_at_once_are_one_run(go, server, said):
    barrier, done = threading.Barrier(4), []
    threads = [threading.Thread(target=lambda: (barrier.wait(), done.append(go()))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert (done, list(server.runs)) == ([True] * 4, [RUN])
    assert sorted(line.split(":")[0] for line in said) == [f"{DAY} is running already"] * 3 + [f"{DAY} is triggered"]


def test_waiting_ends_with_what_failed_and_where_to_look(go, server, said):
    def fail() -> None:
        server.tasks["run_stage1"] = "failed"
        server.runs[RUN]["state"] = "failed"

    threading.Timer(0.5, fail).start()
    assert not go(wait=True)
    page = f"{server.url}/dags/pothole_pipeline_spark_standalone/runs/{RUN}"
    assert said[-1] == f"run {RUN}: failed (run_stage1 failed); {page}"


def test_a_paused_dag_gets_no_run(go, server):
    server.paused = True
    with pytest.raises(AirflowApiError, match="is paused"):
        go()
    assert not server.runs


def test_the_runs_name_is_taken_by_another_date(go, server):
    server.add(RUN, "success", logical_date=None, run_after="2026-05-01T00:00:00Z", conf={"date": "2026-04-01"})
    with pytest.raises(AirflowApiError, match="answers 409"):
        go()


def test_the_default_is_yesterday_in_the_pipelines_zone():
    now = datetime(2026, 2, 13, 0, 30, tzinfo=ZoneInfo("Asia/Seoul"))
    assert trigger.batch_day(None, "Asia/Seoul", now) == "2026-02-12"
    assert trigger.batch_day(None, "UTC", now) == "2026-02-11"
    assert trigger.batch_day("2026-02-12", "Asia/Seoul", now) == "2026-02-12"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("2026-2-1", "is not a date"),
        ("2026-W07-4", "is not a date"),
        ("2026-02-13", "has not ended in Asia/Seoul"),
        ("2019-12-31", "before the DAG's first date"),
    ],
)
def test_dates_that_are_refused(text, words):
    now = datetime(2026, 2, 13, 12, tzinfo=ZoneInfo("Asia/Seoul"))
    with pytest.raises(UserError, match=words):
        trigger.batch_day(text, "Asia/Seoul", now)


def test_the_zone():
    assert trigger.zone({}) == "Asia/Seoul"
    assert trigger.zone({"POTHOLE_TIMEZONE": " Europe/Helsinki"}) == "Europe/Helsinki"
    with pytest.raises(ConfigError, match="POTHOLE_TIMEZONE is 'Asia/Soul'"):
        trigger.zone({"POTHOLE_TIMEZONE": "Asia/Soul"})
