"""Airflow's public REST API (v2), with the standard library: runs of the DAG by batch date."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock
from typing import Any
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

from pothole.cloud.http_json import AirflowApiError, AwayError, ConflictError, Session
from pothole.cloud.say import Say

__all__ = ["DAG_ID", "AirflowApi", "AirflowApiError", "ConflictError", "Run"]

DAG_ID = "pothole_pipeline_spark_standalone"
_WAIT_SECONDS = 6 * 3600.0
AWAY_SECONDS = 300.0
"""For so long the API may be away while something is followed."""
_TASKS_SECONDS = 30.0
_POLL_SECONDS = 2.0


@dataclass(frozen=True)
class Run:
    """A run of the DAG."""

    run_id: str
    state: str
    run_after: datetime
    logical_date: datetime | None
    conf: Mapping[str, Any]
    started: datetime | None = None
    ended: datetime | None = None

    @property
    def seconds(self) -> float | None:
        """How long it took, or has been going on; None before it began."""
        return None if self.started is None else ((self.ended or datetime.now(UTC)) - self.started).total_seconds()

    @property
    def going(self) -> bool:
        """Has it not ended yet?"""
        return self.state in ("queued", "running")

    def day(self, zone: ZoneInfo) -> str:
        """The batch date, by the DAG's own rule: the parameter, else the logical date's day if it has ended."""
        if self.conf.get("date"):
            return str(self.conf["date"])
        before = self.run_after.astimezone(zone).date() - timedelta(days=1)
        day = before if self.logical_date is None else min(before, self.logical_date.astimezone(zone).date())
        return day.isoformat()


class AirflowApi:
    """The runs of the DAG. Errors are AirflowApiErrors with the fix; no password or token is ever in one."""

    def __init__(self, environ: Mapping[str, str] = os.environ, zone: str = "Asia/Seoul") -> None:
        self._session, self.zone = Session(environ), ZoneInfo(zone)

    def logical_date(self, day: str) -> datetime:
        """That of the scheduled run of the date: one date is one run, however it was started."""
        return datetime.combine(date.fromisoformat(day), clock(10), self.zone).astimezone(UTC)

    def check_ready(self) -> None:
        """The DAG is loaded and not paused."""
        if self.call("GET", f"/dags/{DAG_ID}")["is_paused"]:
            raise AirflowApiError(
                f"the DAG {DAG_ID} is paused: a run would wait for ever", hint=f"`airflow dags unpause {DAG_ID}`"
            )

    def run_of(self, day: str) -> Run | None:
        """The run of a batch date, whoever started it; of several one that is going, else the last."""
        mine = {run.run_id: run for run in self._candidates(day) if run.day(self.zone) == day}
        return max(mine.values(), key=lambda run: (run.going, run.run_after, run.run_id), default=None)

    def runs(self, last: int, state: str | None = None) -> list[Run]:
        """The last runs, the newest first; all, or those in one state."""
        query = {"limit": str(last), "order_by": "-run_after"} | ({"state": state} if state else {})
        return [_run(found) for found in self.call("GET", f"{_RUNS}?{urlencode(query)}")["dag_runs"]]

    def _candidates(self, day: str) -> Iterator[Run]:
        start = datetime.combine(date.fromisoformat(day), clock(0), self.zone)
        days = [(start + timedelta(days=i)).astimezone(UTC).isoformat() for i in range(3)]
        for where in (
            {"conf_contains": day},
            {"logical_date_gte": days[0], "logical_date_lt": days[1]},
            {"run_after_gte": days[1], "run_after_lt": days[2]},
        ):
            query = urlencode({"limit": 100, "order_by": "-run_after"} | where)
            yield from map(_run, self.call("GET", f"{_RUNS}?{query}")["dag_runs"])

    def trigger(self, day: str) -> Run:
        """Start the run of a date, and see that it has tasks. ConflictError if it exists already."""
        logical_date = self.logical_date(day).isoformat()
        body = {"logical_date": logical_date, "dag_run_id": f"batch__{day}", "conf": {"date": day}}
        run = _run(self.call("POST", _RUNS, body))
        deadline = time.monotonic() + _TASKS_SECONDS
        while not self.tasks(run.run_id):
            if time.monotonic() > deadline:
                raise AirflowApiError(
                    f"run {run.run_id} is without tasks (태스크 없는 실행): nothing will be done",
                    hint=_WITHOUT_TASKS,
                )
            time.sleep(0.5)
        return run

    def check_has_tasks(self, run: Run) -> None:
        """A run that has succeeded did something. AirflowApiError when it was a success at once, without tasks."""
        if run.state == "success" and not self.tasks(run.run_id):
            raise AirflowApiError(
                f"run {run.run_id} was a success at once, without tasks (태스크 없이 바로 성공): nothing was done",
                hint=_WITHOUT_TASKS,
            )

    def clear(self, run_id: str) -> None:
        """Let the whole run run again."""
        self.call("POST", f"{run_path(run_id)}/clear", {"dry_run": False, "only_failed": False})

    def get(self, run_id: str) -> Run:
        """A run by its id."""
        return _run(self.call("GET", run_path(run_id)))

    def tasks(self, run_id: str) -> dict[str, str | None]:
        """The run's tasks with their states."""
        found = self.call("GET", f"{run_path(run_id)}/taskInstances?limit=100")
        return {task["task_id"]: task["state"] for task in found["task_instances"]}

    def link(self, run_id: str) -> str:
        """The run's page."""
        return f"{self._session.url}/dags/{DAG_ID}/runs/{quote(run_id, safe='')}"

    def wait(self, run_id: str, say: Say, *, limit_seconds: float = _WAIT_SECONDS) -> Run:
        """Until the run has ended; tells every task that begins or ends. An API that is away for a while is no end."""
        seen: dict[str, str | None] = {}
        deadline, heard = time.monotonic() + limit_seconds, time.monotonic()
        while True:
            try:
                run, heard = self._look(run_id, seen, say), time.monotonic()
                if not run.going:
                    return run
            except AwayError as error:
                if time.monotonic() - heard > AWAY_SECONDS:
                    raise
                say(f"{error.message}; asking again")
            if time.monotonic() > deadline:
                raise AirflowApiError(
                    f"run {run_id} has not ended after {limit_seconds:.0f} s", hint=f"look at {self.link(run_id)}"
                )
            time.sleep(_POLL_SECONDS)

    def _look(self, run_id: str, seen: dict[str, str | None], say: Say) -> Run:
        run = self.get(run_id)
        for task, state in self.tasks(run_id).items():
            if state and seen.get(task) != state and state not in ("scheduled", "queued"):
                say(f"{task}: {state}")
            seen[task] = state
        return run

    def call(self, method: str, path: str, content: Any = None) -> Any:
        """The answer to a call of the API, by its path below ``/api/v2``."""
        return self._session.call(method, f"/api/v2{path}", content)


_WITHOUT_TASKS = (
    "its logical date lies before the DAG's start_date, or the DAG was not loaded when it began: "
    "delete the run in Airflow, then `pothole trigger` that date"
)
_RUNS = f"/dags/{DAG_ID}/dagRuns"


def run_path(run_id: str) -> str:
    """Where the API keeps a run."""
    return f"{_RUNS}/{quote(run_id, safe='')}"


def _run(found: Mapping[str, Any]) -> Run:
    return Run(
        found["dag_run_id"],
        str(found["state"]),
        datetime.fromisoformat(found["run_after"]),
        moment(found.get("logical_date")),
        found.get("conf") or {},
        moment(found.get("start_date")),
        moment(found.get("end_date")),
    )


def moment(text: str | None) -> datetime | None:
    """A time as the API writes it; None for none."""
    return datetime.fromisoformat(text) if text else None
