"""With Airflow's real services: a run that is a success at once without tasks is told; the doctor finds all well."""

from __future__ import annotations

import time

import pytest

from pothole.cloud import trigger
from pothole.cloud.airflow_api import AirflowApi, AirflowApiError
from pothole.doctor import Context, examine
from tests.servers.airflow import DAG_ID, LOGIN
from tests.servers.pipeline import Pipeline

pytestmark = [pytest.mark.slow, pytest.mark.airflow]


def test_a_run_before_the_first_date_is_a_success_at_once(stage: Pipeline) -> None:
    create(stage, {"logical_date": "2019-01-01T01:00:00Z", "dag_run_id": "early"})
    assert (stage.airflow.wait("early", 60), stage.airflow.states("early")) == ("success", {})
    api = AirflowApi(LOGIN | {"AIRFLOW_API_URL": stage.airflow.url})
    with pytest.raises(AirflowApiError, match="run early was a success at once, without tasks") as told:
        trigger.trigger(api, "2019-01-01", force=False, wait=False, say=print)
    assert "태스크 없이 바로 성공" in str(told.value) and "start_date" in str(told.value)


def create(stage: Pipeline, body: dict) -> None:
    """SQLite does not always let the API in between the scheduler's writes."""
    for _ in range(20):
        try:
            stage.airflow.api("POST", f"/dags/{DAG_ID}/dagRuns", body)
            return
        except AssertionError as error:
            if "atabase" not in str(error):
                raise
            time.sleep(1)
    raise AssertionError((stage.airflow.home / "api-server.log").read_text()[-3000:])


def test_the_doctor_finds_the_services_well(stage: Pipeline) -> None:
    environ = stage.airflow.environ | LOGIN | {"AIRFLOW_API_URL": stage.airflow.url}
    names = ("airflow-services", "airflow-login", "dag", "connection")
    found = {name: findings[0] for name, findings in examine(Context(environ, "2026-01-01"), names)}
    assert [found[name].status.value for name in names] == ["ok", "ok", "ok", "not checked"], found
    assert "spark_master is as the environment says; the master is stopped" in found["connection"].found
