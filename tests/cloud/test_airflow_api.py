"""Runs by batch date through the public API: against a small server that answers as Airflow does."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from zoneinfo import ZoneInfo

import pytest

from pothole.cloud import airflow_api
from pothole.cloud.airflow_api import AirflowApi, AirflowApiError, batch_day
from pothole.errors import UserError

DAY = "2026-02-12"


class Fake(ThreadingHTTPServer):
    """Keeps runs; takes the user officer with the password secret."""

    runs: dict[str, dict]
    calls: list[str]


class Handler(BaseHTTPRequestHandler):
    server: Fake

    def log_message(self, *_: object) -> None:
        pass

    def answer(self, code: int, content: object) -> None:
        self.send_response(code)
        self.end_headers()
        self.wfile.write(json.dumps(content).encode())

    def body(self) -> dict:
        return json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"{}")

    def do_POST(self) -> None:
        self.server.calls.append(f"POST {self.path}")
        body = self.body()
        if self.path == "/auth/token":
            good = body == {"username": "officer", "password": "secret"}
            self.answer(201 if good else 401, {"access_token": "t"} if good else {"detail": "Invalid credentials"})
        elif self.path.endswith("/clear"):
            self.server.runs[self.path.split("/")[-2]]["state"] = "queued"
            self.answer(200, {})
        elif any(run["logical_date"] == body["logical_date"] for run in self.server.runs.values()):
            self.answer(409, {"detail": "exists"})
        else:
            self.server.runs[body["dag_run_id"]] = body | {"state": "queued"}
            self.answer(200, self.server.runs[body["dag_run_id"]])

    def do_GET(self) -> None:
        self.server.calls.append(f"GET {self.path}")
        if self.path == "/auth/token" or self.headers.get("Authorization") != "Bearer t":
            self.answer(401, {})
        elif "/taskInstances" in self.path:
            self.answer(200, {"task_instances": [{"task_id": "lease", "state": "success"}]})
        elif "?" in self.path:
            self.answer(200, {"dag_runs": list(self.server.runs.values())})
        else:
            self.answer(200, self.server.runs[self.path.rsplit("/", 1)[-1]])


@pytest.fixture
def server() -> Iterator[Fake]:
    made = Fake(("127.0.0.1", 0), Handler)
    made.runs, made.calls = {}, []
    threading.Thread(target=made.serve_forever, daemon=True).start()
    yield made
    made.shutdown()
    made.server_close()


def environment(server: Fake, **more: str) -> dict[str, str]:
    host, port = server.server_address[:2]
    user = {"AIRFLOW_USERNAME": "officer", "AIRFLOW_PASSWORD": "secret"}
    return {"AIRFLOW_API_URL": f"http://{host}:{port}"} | user | more


@pytest.fixture
def api(server: Fake) -> AirflowApi:
    return AirflowApi(environment(server))


def go(api: AirflowApi, said: list[str], *, force: bool = False, wait: bool = False) -> bool:
    return airflow_api.trigger(api, DAY, force=force, wait=wait, say=said.append)


def test_a_date_is_triggered_once_and_again_by_force(api, server, said):
    assert go(api, said)
    run = server.runs[f"batch__{DAY}"]
    assert (run["conf"], run["logical_date"]) == ({"date": DAY}, "2026-02-12T01:00:00+00:00")
    go(api, said)
    run["state"] = "success"
    go(api, said)
    go(api, said, force=True)
    assert [line.split(":")[0] for line in said] == [
        f"{DAY} is triggered", f"{DAY} is running already", f"{DAY} has run already", f"{DAY} runs again",
    ]  # fmt: skip
    assert len(server.runs) == 1


def test_the_scheduled_run_of_the_date_counts(api, server, said):
    server.runs["scheduled__x"] = {
        "dag_run_id": "scheduled__x", "state": "success", "logical_date": "2026-02-12T01:00:00Z", "conf": {},
    }  # fmt: skip
    go(api, said)
    assert said == [f"{DAY} has run already: run scheduled__x is success; --force runs it again"]


def test_waiting_tells_the_tasks_and_the_end(api, server, said):
    threading.Timer(1.0, lambda: server.runs[f"batch__{DAY}"].update(state="failed")).start()
    assert not go(api, said, wait=True)
    assert "lease: success" in said


def test_a_wrong_password_is_not_shown(server):
    with pytest.raises(AirflowApiError, match="answers 401: set AIRFLOW_USERNAME") as told:
        AirflowApi(environment(server, AIRFLOW_PASSWORD="wrong-one")).run_of(DAY)
    assert "wrong-one" not in str(told.value)


def test_nobody_answers():
    with pytest.raises(AirflowApiError, match=r"does not answer at http://127\.0\.0\.1:9") as told:
        AirflowApi({"AIRFLOW_API_URL": "http://127.0.0.1:9"}).run_of(DAY)
    assert "AIRFLOW_API_URL" in str(told.value)


def test_the_default_is_yesterday_in_the_pipelines_zone():
    now = datetime(2026, 2, 13, 0, 30, tzinfo=ZoneInfo("Asia/Seoul"))
    assert batch_day(None, "Asia/Seoul", now) == "2026-02-12"
    assert batch_day(None, "UTC", now) == "2026-02-11"


@pytest.mark.parametrize(
    ("text", "words"),
    [("2026-2-1", "is not a date"), ("2026-02-13", "has not ended"), ("2019-12-31", "before the DAG's first date")],
)
def test_dates_that_are_refused(text, words):
    now = datetime(2026, 2, 13, 12, tzinfo=ZoneInfo("Asia/Seoul"))
    with pytest.raises(UserError, match=words):
        batch_day(text, "Asia/Seoul", now)
