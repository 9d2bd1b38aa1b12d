"""Where runs are: Airflow's states and times beside what the run records in the lake tell."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from pothole import records
from pothole.cloud import task_instances
from pothole.cloud.airflow_api import AirflowApi, Run
from pothole.cloud.say import Say
from pothole.errors import PotholeError

if TYPE_CHECKING:
    from pothole.lake import Lake

_KEPT_SECONDS = 20.0


@dataclass(frozen=True)
class RunStatus:
    """A run. Rows and cost are None where no record tells them (yet)."""

    date: str
    run_id: str
    state: str
    started: datetime | None
    seconds: float | None
    rows_in: int | None = None
    rows_out: int | None = None
    quarantined: int | None = None
    cost: float | None = None
    currency: str = ""
    stages: Sequence[records.StageFigures] = field(default=())

    @property
    def going(self) -> bool:
        """Has it not ended yet?"""
        return self.state in ("queued", "running")


@dataclass(frozen=True)
class TaskStatus:
    """A task of a run, beside its usual duration (median of the last successful runs)."""

    task: str
    state: str | None
    tries: int
    started: datetime | None
    seconds: float | None
    usual_seconds: float | None


class Reader:
    """Asks Airflow each time; keeps what the lake tells for a while, and goes on without it when it says no."""

    def __init__(self, api: AirflowApi, lake: Lake | None, say: Say) -> None:
        self._api, self._lake, self._say = api, lake, say
        self._kept: dict[str, tuple[float, bool, records.DayRecords]] = {}
        self._usual: tuple[float | None, Mapping[str, float]] | None = None

    def last(self, count: int) -> list[RunStatus]:
        """The last runs, the newest first."""
        return [self._status(run) for run in self._api.runs(count)]

    def run(self, day: str) -> RunStatus:
        """The run of a date; NoDataError when there is none."""
        return self._status(task_instances.run_of(self._api, day), day)

    def tasks(self, run_id: str) -> list[TaskStatus]:
        """The run's tasks in their order."""
        usual = self.usual()[1]
        return [
            TaskStatus(t.id, t.state, t.tries, t.started, t.seconds, usual.get(t.id))
            for t in task_instances.of_run(self._api, run_id)
        ]

    def usual(self) -> tuple[float | None, Mapping[str, float]]:
        """Usual seconds of a run, and of each task."""
        if self._usual is None:
            self._usual = task_instances.usual_seconds(self._api)
        return self._usual

    def _status(self, run: Run, day: str | None = None) -> RunStatus:
        day = day or run.day(self._api.zone)
        told = RunStatus(day, run.run_id, run.state, run.started, run.seconds)
        found = self._records(day, run)
        return told if found is None else _with(told, run, found)

    def _records(self, day: str, run: Run) -> records.DayRecords | None:
        """The date's records, read again after a while and when the run has ended; None without a lake that answers."""
        kept = self._kept.get(day)
        if kept and (run.going, time.monotonic() - kept[0] < _KEPT_SECONDS) == (kept[1], True):
            return kept[2]
        if self._lake is None:
            return None
        try:
            found = records.of_date(self._lake, day)
        except PotholeError as error:
            self._say(f"without rows and cost: {error.message}")
            self._lake = None
            return None
        self._kept[day] = (time.monotonic(), run.going, found)
        return found


def _with(told: RunStatus, run: Run, found: records.DayRecords) -> RunStatus:
    """The run with its records' figures: each stage's last record, the cost of all its attempts."""
    attempts = [r for r in found.runs if r.dag_run == run.run_id]
    others = {r.run_id for r in found.runs} - {r.run_id for r in attempts}
    since = run.started.timestamp() if run.started else float("inf")
    mine = {r.run_id for r in attempts}
    if run.going:
        mine |= {s.run_id for s in found.stages if s.began >= since and s.run_id not in others}
    stages = found.last_of_each_stage(mine)
    costs = [attempt.cost for attempt in attempts]
    return RunStatus(
        *(told.date, told.run_id, told.state, told.started, told.seconds),
        rows_in=stages[0].rows_in if stages else None,
        rows_out=_sum([stage.rows_out for stage in stages]),
        quarantined=sum(sum(stage.quarantined.values()) for stage in stages) if stages else None,
        cost=None if not costs or None in costs else round(sum(c for c in costs if c is not None), 4),
        currency=attempts[-1].currency if attempts else "",
        stages=stages,
    )


def _sum(numbers: Sequence[int | None]) -> int | None:
    known = [number for number in numbers if number is not None]
    return sum(known) if known and len(known) == len(numbers) else None
