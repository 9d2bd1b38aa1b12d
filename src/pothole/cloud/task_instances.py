"""The tasks of a run through Airflow's public API: states and durations, what is usual, run again."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from graphlib import TopologicalSorter
from statistics import median
from typing import Any
from urllib.parse import quote

from pothole.cloud.airflow_api import DAG_ID, AirflowApi, Run, moment, run_path
from pothole.errors import NoDataError, UserError

USUAL_RUNS = 10
"""The usual duration is the median of so many successful runs, the last ones."""
_PAGE = 100


@dataclass(frozen=True)
class Task:
    """One task of a run."""

    id: str
    state: str | None
    tries: int
    started: datetime | None
    ended: datetime | None

    @property
    def seconds(self) -> float | None:
        """How long its last try took, or has been going on; None before it began."""
        if self.started is None:
            return None
        going = self.state in ("running", "deferred")
        until = datetime.now(UTC) if going or self.ended is None else self.ended
        return max(0.0, (until - self.started).total_seconds())


def names(api: AirflowApi) -> list[str]:
    """The DAG's tasks, in the order in which they run."""
    found = api.call("GET", f"/dags/{DAG_ID}/tasks")["tasks"]
    order = TopologicalSorter[str]({task["task_id"]: () for task in found})
    for task in found:
        for after in task["downstream_task_ids"]:
            order.add(after, task["task_id"])
    return list(order.static_order())


def check_name(api: AirflowApi, task_id: str) -> list[str]:
    """The DAG's tasks in their order; UserError, with the nearest name, when this is none of them."""
    known = names(api)
    if task_id not in known:
        near = difflib.get_close_matches(task_id, known, 1, 0.5)
        hint = f"did you mean {near[0]}? " if near else ""
        raise UserError(f"there is no task {task_id!r}", hint=f"{hint}the tasks are {', '.join(known)}")
    return known


def run_of(api: AirflowApi, day: str) -> Run:
    """The run of a date; NoDataError when there is none."""
    run = api.run_of(day)
    if run is None:
        raise NoDataError(f"there is no run of {day}", hint=f"`pothole trigger {day}` starts one")
    return run


def one(api: AirflowApi, run_id: str, task_id: str) -> Task:
    """A task of a run."""
    return _task(api.call("GET", f"{run_path(run_id)}/taskInstances/{quote(task_id, safe='')}"))


def of_run(api: AirflowApi, run_id: str) -> list[Task]:
    """The run's tasks, in the order in which they run."""
    order = {name: number for number, name in enumerate(names(api))}
    found = api.call("GET", f"{run_path(run_id)}/taskInstances?limit={_PAGE}")["task_instances"]
    return sorted(map(_task, found), key=lambda task: order.get(task.id, len(order)))


def _task(found: Mapping[str, Any]) -> Task:
    return Task(
        found["task_id"],
        found["state"],
        int(found.get("try_number") or 0),
        moment(found.get("start_date")),
        moment(found.get("end_date")),
    )


def usual_seconds(api: AirflowApi) -> tuple[float | None, dict[str, float]]:
    """The median duration of the last successful runs, and of each of their tasks; no run, no median."""
    runs = api.runs(USUAL_RUNS, "success")
    whole = [run.seconds for run in runs if run.seconds is not None and run.ended]
    taken: dict[str, list[float]] = {}
    for task in _of_runs(api, [run.run_id for run in runs]):
        if task.state == "success" and task.seconds is not None:
            taken.setdefault(task.id, []).append(task.seconds)
    return (median(whole) if whole else None), {name: median(all_) for name, all_ in taken.items()}


def _of_runs(api: AirflowApi, run_ids: Iterable[str]) -> Iterator[Task]:
    body = {"dag_ids": [DAG_ID], "dag_run_ids": list(run_ids), "page_limit": _PAGE, "order_by": "id"}
    seen = 0
    while body["dag_run_ids"]:
        answer = api.call("POST", "/dags/~/dagRuns/~/taskInstances/list", body | {"page_offset": seen})
        yield from map(_task, answer["task_instances"])
        seen += len(answer["task_instances"])
        if not answer["task_instances"] or seen >= answer["total_entries"]:
            return


def clear_from(api: AirflowApi, run_id: str, task_id: str) -> list[str]:
    """Let a task and all after it run again; what Airflow brings along (cluster, code, verdict) is in the answer."""
    body = {
        "dry_run": False, "dag_run_id": run_id, "task_ids": [task_id], "include_downstream": True, "only_failed": False,
    }  # fmt: skip
    found = api.call("POST", f"/dags/{DAG_ID}/clearTaskInstances", body)["task_instances"]
    return [str(task["task_id"]) for task in found]
