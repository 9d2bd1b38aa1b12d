"""Airflow's public REST API (v2), with the standard library: runs of the DAG by batch date."""

from __future__ import annotations

import json
import os
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock
from typing import Any
from zoneinfo import ZoneInfo

from pothole.cloud.ssh import Say
from pothole.errors import PipelineFailure, UserError

DAG_ID = "pothole_pipeline_spark_standalone"
FIRST_DATE = "2020-01-01"
"""Dates before the DAG's start would be a success at once, without any task."""
_GOING = ("queued", "running")


class AirflowApiError(PipelineFailure):
    """Airflow cannot be reached, or refuses."""


@dataclass(frozen=True)
class Run:
    """A run of the DAG."""

    run_id: str
    state: str
    logical_date: str | None
    conf: Mapping[str, Any]


def batch_day(text: str | None, zone: str, now: datetime | None = None) -> str:
    """A date that has ended, by default yesterday; UserError for another."""
    today = (now or datetime.now(UTC)).astimezone(ZoneInfo(zone)).date()
    if text is None:
        return (today - timedelta(days=1)).isoformat()
    try:
        if len(text) != 10:
            raise ValueError
        day = date.fromisoformat(text)
    except ValueError:
        raise UserError(f"{text!r} is not a date", hint="expected YYYY-MM-DD, such as 2026-02-12") from None
    if day >= today:
        raise UserError(f"{text} has not ended in {zone}", hint=f"the latest date is {today - timedelta(days=1)}")
    if text < FIRST_DATE:
        raise UserError(f"{text} lies before the DAG's first date, {FIRST_DATE}", hint="check the year")
    return text


class AirflowApi:
    """The runs of the DAG. Errors are one line with the fix; the password never is in one."""

    def __init__(self, environ: Mapping[str, str] = os.environ, zone: str = "Asia/Seoul") -> None:
        self.url = environ.get("AIRFLOW_API_URL", "http://localhost:8080").rstrip("/")
        self._environ, self.zone = environ, zone
        self._token = environ.get("AIRFLOW_API_TOKEN", "")

    def logical_date(self, day: str) -> str:
        """That of the scheduled run of the date: one date is one run, however it was started."""
        return datetime.combine(date.fromisoformat(day), clock(10), ZoneInfo(self.zone)).astimezone(UTC).isoformat()

    def run_of(self, day: str) -> Run | None:
        """The run of a batch date, whoever started it; the last one if there are several."""
        query = urllib.parse.urlencode({"limit": 100, "order_by": "-run_after"})
        mine = [run for run in map(_run, self._call("GET", f"{self._runs}?{query}")["dag_runs"]) if self._is(run, day)]
        return mine[0] if mine else None

    def _is(self, run: Run, day: str) -> bool:
        if run.conf.get("date"):
            return bool(run.conf["date"] == day)
        at = run.logical_date
        return at is not None and datetime.fromisoformat(at).astimezone(ZoneInfo(self.zone)).date().isoformat() == day

    def trigger(self, day: str) -> Run:
        """Start the run of a date. AirflowApiError if it exists already."""
        body = {"logical_date": self.logical_date(day), "dag_run_id": f"batch__{day}", "conf": {"date": day}}
        run = _run(self._call("POST", self._runs, body))
        deadline = time.monotonic() + 30
        while not self.tasks(run.run_id):
            if time.monotonic() > deadline:
                raise AirflowApiError(f"run {run.run_id} has no tasks", hint="is the DAG loaded and not paused?")
            time.sleep(0.5)
        return run

    def clear(self, run_id: str) -> None:
        """Let the whole run run again."""
        body = {"dry_run": False, "only_failed": False}
        self._call("POST", f"{self._runs}/{urllib.parse.quote(run_id, safe='')}/clear", body)

    def get(self, run_id: str) -> Run:
        """A run by its id."""
        return _run(self._call("GET", f"{self._runs}/{urllib.parse.quote(run_id, safe='')}"))

    def tasks(self, run_id: str) -> dict[str, str | None]:
        """The run's tasks with their states."""
        path = f"{self._runs}/{urllib.parse.quote(run_id, safe='')}/taskInstances?limit=200"
        return {t["task_id"]: t["state"] for t in self._call("GET", path)["task_instances"]}

    def wait(self, run_id: str, say: Say) -> Run:
        """Until the run has ended; tells every task that begins or ends."""
        seen: dict[str, str | None] = {}
        while True:
            for task, state in self.tasks(run_id).items():
                if state and seen.get(task) != state and state not in ("scheduled", "queued"):
                    say(f"{task}: {state}")
                seen[task] = state
            run = self.get(run_id)
            if run.state not in _GOING:
                return run
            time.sleep(2)

    @property
    def _runs(self) -> str:
        return f"/api/v2/dags/{DAG_ID}/dagRuns"

    def _call(self, method: str, path: str, content: Any = None) -> Any:
        if not self._token:
            self._token = self._login()
        return self._ask(method, path, content, self._token)

    def _login(self) -> str:
        user, password = self._environ.get("AIRFLOW_USERNAME"), self._environ.get("AIRFLOW_PASSWORD")
        if user and password:
            return str(self._ask("POST", "/auth/token", {"username": user, "password": password})["access_token"])
        return str(self._ask("GET", "/auth/token")["access_token"])

    def _ask(self, method: str, path: str, content: Any = None, token: str | None = None) -> Any:
        headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
        body = None if content is None else json.dumps(content).encode()
        request = urllib.request.Request(f"{self.url}{path}", data=body, headers=headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            said = error.read()[:300].decode(errors="replace")
            raise AirflowApiError(_refusal(error.code, self.url, said)) from None
        except (OSError, ValueError) as error:
            raise AirflowApiError(
                f"Airflow does not answer at {self.url}: {getattr(error, 'reason', error)}",
                hint="is its api-server running? AIRFLOW_API_URL tells where it is",
            ) from None


def _refusal(code: int, url: str, said: str) -> str:
    fixes = {
        401: "set AIRFLOW_USERNAME and AIRFLOW_PASSWORD, or a fresh AIRFLOW_API_TOKEN",
        403: "this user may not do that: give it a role that may trigger runs",
        404: f"is the DAG {DAG_ID} loaded? `pothole airflow install`, then look at `airflow dags list-import-errors`",
        409: "the run exists already: --force runs it again",
    }
    return f"Airflow at {url} answers {code}: {fixes.get(code, said)}"


def _run(found: Mapping[str, Any]) -> Run:
    return Run(found["dag_run_id"], str(found["state"]), found.get("logical_date"), found.get("conf") or {})


def trigger(api: AirflowApi, day: str, *, force: bool, wait: bool, say: Say) -> bool:
    """Run a date unless it has run or is running; whether the run, if waited for, succeeded."""
    run = api.run_of(day)
    if run is None:
        run = api.trigger(day)
        say(f"{day} is triggered: run {run.run_id}")
    elif run.state in _GOING:
        say(f"{day} is running already: run {run.run_id} is {run.state}")
    elif force:
        api.clear(run.run_id)
        say(f"{day} runs again: run {run.run_id} (was {run.state})")
    else:
        say(f"{day} has run already: run {run.run_id} is {run.state}; --force runs it again")
        return run.state == "success"
    return not wait or api.wait(run.run_id, say).state == "success"
