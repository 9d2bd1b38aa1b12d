"""Runs through the public API: what is asked, and what is told when Airflow refuses, is away or is something else."""

from __future__ import annotations

import threading

import pytest

from pothole.cloud import airflow_api
from pothole.cloud.airflow_api import AirflowApi, AirflowApiError, ConflictError
from pothole.errors import ConfigError
from tests.servers.fake_airflow import environment

DAY = "2026-02-12"


def test_a_new_run_has_the_scheduled_ones_logical_date(api, server):
    run = api.trigger(DAY)
    assert (run.run_id, run.state, run.conf) == (f"batch__{DAY}", "queued", {"date": DAY})
    assert server.runs[run.run_id]["logical_date"] == "2026-02-12T01:00:00+00:00"
    with pytest.raises(ConflictError):
        api.trigger(DAY)


@pytest.mark.parametrize(
    ("logical_date", "run_after", "conf", "counts"),
    [
        ("2026-02-12T01:00:00Z", "2026-02-13T01:00:00Z", {}, True),  # scheduled
        ("2026-02-11T15:00:00Z", "2026-02-20T01:00:00Z", {}, True),  # the day's first instant in Seoul
        ("2026-02-12T15:00:00Z", "2026-02-20T01:00:00Z", {}, False),
        ("2026-02-11T01:00:00Z", "2026-02-12T01:00:00Z", {}, False),
        (None, "2026-02-12T15:00:00Z", {"date": None}, True),  # without a date: the day before
        (None, "2026-02-12T14:59:59Z", {}, False),
        ("2026-02-13T01:00:00Z", "2026-02-13T01:00:00Z", {}, True),  # that day has not ended
        ("2025-01-01T01:00:00Z", "2026-03-01T01:00:00Z", {"date": DAY}, True),
        ("2026-02-12T01:00:00Z", "2026-02-13T01:00:00Z", {"date": "2026-01-01"}, False),
    ],
)
def test_the_run_of_a_date_whoever_started_it(api, server, logical_date, run_after, conf, counts):
    server.add("x", "success", logical_date=logical_date, run_after=run_after, conf=conf)
    found = api.run_of(DAY)
    assert (found is not None and found.run_id == "x") is counts


def test_of_several_runs_one_that_is_going_counts_else_the_last(api, server):
    for number, state in enumerate(("success", "running", "failed")):
        server.add(
            str(number), state, logical_date=None, run_after=f"2026-03-0{number + 1}T00:00:00Z", conf={"date": DAY}
        )
    assert api.run_of(DAY).run_id == "1"
    server.runs["1"]["state"] = "success"
    assert api.run_of(DAY).run_id == "2"


def test_a_run_without_tasks_is_an_error(api, server, monkeypatch):
    monkeypatch.setattr(airflow_api, "_TASKS_SECONDS", 0.6)
    server.tasks = {}
    with pytest.raises(AirflowApiError, match=r"is without tasks .*: nothing will be done"):
        api.trigger(DAY)


def test_a_paused_dag(api, server):
    api.check_ready()
    server.paused = True
    with pytest.raises(AirflowApiError, match="is paused") as told:
        api.check_ready()
    assert "airflow dags unpause pothole_pipeline_spark_standalone" in str(told.value)


def test_waiting_outlasts_an_api_that_is_away_for_a_while(api, server, said, monkeypatch):
    monkeypatch.setattr(airflow_api, "_POLL_SECONDS", 0.1)
    api.trigger(DAY)
    server.broken = [(503, b"<html>busy</html>")] * 3
    threading.Timer(1.0, lambda: server.runs[f"batch__{DAY}"].update(state="failed")).start()
    assert api.wait(f"batch__{DAY}", said.append).state == "failed"
    assert "lease: success" in said and "run_stage1" not in " ".join(said)
    assert sum("answers 503: Service Unavailable; asking again" in line for line in said) == 3


def test_waiting_has_an_end(api, server, said, monkeypatch):
    monkeypatch.setattr(airflow_api, "_POLL_SECONDS", 0.1)
    api.trigger(DAY)
    with pytest.raises(AirflowApiError, match=rf"run batch__{DAY} has not ended after 1 s"):
        api.wait(f"batch__{DAY}", said.append, limit_seconds=1)
    monkeypatch.setattr(airflow_api, "AWAY_SECONDS", 0.3)
    server.broken = [(502, b"")] * 20
    with pytest.raises(AirflowApiError, match="answers 502"):
        api.wait(f"batch__{DAY}", said.append, limit_seconds=9)


@pytest.mark.parametrize("answer", [(401, {"detail": "Token Expired"}), (403, {"detail": "Invalid JWT token"})])
def test_an_expired_token_is_renewed_once(api, server, answer):
    api.trigger(DAY)
    server.stale = answer
    server.token = "token-2"
    assert api.run_of(DAY) is not None
    assert server.posted("/auth/token") == 2


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"AIRFLOW_PASSWORD": "wrong-one"}, "refuses the user officer or the password"),
        ({"AIRFLOW_USERNAME": "", "AIRFLOW_PASSWORD": ""}, "wants a login\n  set AIRFLOW_USERNAME"),
        ({"AIRFLOW_API_TOKEN": "old-token"}, "answers 401: Token Expired\n  the token has expired"),
        ({"AIRFLOW_API_URL": "http://127.0.0.1:9"}, "does not answer at http://127.0.0.1:9"),
    ],
)
def test_no_way_in_tells_the_fix_and_no_secret(server, changes, words):
    with pytest.raises(AirflowApiError) as told:
        AirflowApi(environment(server, **changes)).run_of(DAY)
    assert words in str(told.value)
    assert not any(secret in str(told.value) for secret in ("wrong-one", "old-token", "a-secret-word"))


def test_without_a_user_where_everybody_is_an_administrator(server):
    server.all_admins = True
    assert AirflowApi({"AIRFLOW_API_URL": server.url}).run_of(DAY) is None


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"AIRFLOW_PASSWORD": ""}, "AIRFLOW_PASSWORD is not set"),
        ({"AIRFLOW_API_URL": "localhost:8080"}, "AIRFLOW_API_URL is not an address"),
        ({"AIRFLOW_API_URL": "http://me:secret@host"}, "AIRFLOW_API_URL is not an address"),
    ],
)
def test_variables_that_cannot_be_used(server, changes, words):
    with pytest.raises(ConfigError, match=words) as told:
        AirflowApi(environment(server, **changes))
    assert "secret" not in str(told.value)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ((403, {"detail": "Forbidden"}), "answers 403: Forbidden\n  this user may not do that"),
        ((404, {"detail": "Dag not found"}), "answers 404: Dag not found\n  is the DAG loaded?"),
        ((400, {"detail": "has import\nerrors"}), "answers 400: has import errors"),
        ((200, b"<html>a wiki</html>"), "is not Airflow\n  check AIRFLOW_API_URL"),
    ],
)
def test_refusals_are_told_with_their_fix(api, server, answer, words):
    api.run_of(DAY)
    server.broken = [answer]
    with pytest.raises(AirflowApiError) as told:
        api.run_of(DAY)
    assert words in str(told.value)
