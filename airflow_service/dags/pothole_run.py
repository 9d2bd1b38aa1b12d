"""A run as a whole: its date and its turn on the cluster at the beginning; its record, cost and verdict at the end."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from dag_utils import batch_date
from pothole_expected import expected

from pothole.cloud.settings import CloudSettings
from pothole.errors import PipelineFailure, PotholeError, UserError

say = logging.getLogger("pothole").info
LEASE, VERDICT, STOP_CLUSTER = "lease", "verdict", "stop_cluster"
_TURN_SECONDS = 10.0


def day_of(settings: CloudSettings, context: Mapping[str, Any]) -> str:
    """The run's batch date. UserError for one that is none, or has not ended."""
    run = context["dag_run"]
    try:
        return batch_date(run.conf, run.logical_date, run.run_after, settings.timezone)
    except ValueError as error:
        raise UserError(str(error)) from None


@expected
def open_run(settings: CloudSettings, context: Mapping[str, Any]) -> dict[str, Any]:
    """What the tasks of a run share: batch date, the run id of what they publish (new each time), the start."""
    date = day_of(settings, context)
    await_turn(context["ti"])
    run_id = f"dag-{date.replace('-', '')}-{datetime.now(UTC):%Y%m%dT%H%M%S}"
    say("batch date %s (%s), run id %s", date, settings.timezone, run_id)
    return {"date": date, "run_id": run_id, "began": time.time()}


def await_turn(ti: Any) -> None:
    """Wait until no other run has the cluster.

    Backfills are not bound by the DAG's ``max_active_runs``. Only one lease is looked for at a time
    (``max_active_tis_per_dag``), so two runs never take the same turn.
    """
    said = None
    while (other := holder(ti)) is not None:
        if other != said:
            say("waiting for run %s, which has the cluster", other)
            said = other
        time.sleep(_TURN_SECONDS)


def holder(ti: Any) -> str | None:
    """Another run that is going on and has a lease, but no verdict yet."""
    found = ti.get_task_states(dag_id=ti.dag_id, task_ids=[LEASE, VERDICT])
    for run_id, states in found.items():
        has = states.get(LEASE) == "success" and states.get(VERDICT) not in ("success", "failed")
        if has and run_id != ti.run_id and ti.get_dagrun_state(ti.dag_id, run_id) == "running":
            return str(run_id)
    return None


@expected
def judge(settings: CloudSettings, run: Mapping[str, Any], context: Mapping[str, Any]) -> None:
    """Keep the run's record; PipelineFailure unless every task of the run has succeeded."""
    ti = context["ti"]
    found = ti.get_task_states(dag_id=ti.dag_id, run_ids=[ti.run_id])[ti.run_id]
    states = {name: str(state) for name, state in found.items() if name != ti.task_id}
    seconds = {t["task_id"]: t["duration"] for t in ti.get_task_breadcrumbs(ti.dag_id, ti.run_id)}
    tasks = {name: {"state": state, "seconds": seconds.get(name)} for name, state in states.items()}
    wrong = {name: state for name, state in states.items() if state != "success"}
    used = ti.xcom_pull(task_ids=STOP_CLUSTER, map_indexes=None)
    record = record_of(settings, run, tasks, used) | {"dag_run": ti.run_id, "outcome": "failed" if wrong else "success"}
    say("%s", cost_text(record))
    try:
        keep(settings, record)
    except PotholeError as error:
        if not wrong:
            raise
        say("%s", error)
    if wrong:
        raise PipelineFailure(f"not every task succeeded: {culprits(wrong)}; {cost_text(record)}")


def culprits(wrong: Mapping[str, str]) -> str:
    """The tasks that went wrong by themselves, not those that only never had their turn."""
    own = {name: state for name, state in wrong.items() if state != "upstream_failed"} or wrong
    return ", ".join(f"{name} {state}" for name, state in own.items())


def record_of(
    settings: CloudSettings,
    run: Mapping[str, Any],
    tasks: Mapping[str, Mapping[str, Any]],
    used: Mapping[str, float] | None,
) -> dict[str, Any]:
    """What ``dag.json`` holds. ``used`` are seconds by instance; None (nobody knows) makes the cost unknown too."""
    hours = None if used is None else sum(used.values()) / 3600
    price = settings.price_per_hour
    return {
        "run_id": run["run_id"], "stage": "dag", "date": run["date"], "tasks": tasks,
        "began": f"{datetime.fromtimestamp(run['began'], UTC):%Y-%m-%dT%H:%M:%SZ}",
        "seconds": round(time.time() - run["began"], 1), "instance_seconds": used,
        "cost": None if hours is None or price is None else round(hours * price, 4), "currency": settings.currency,
    }  # fmt: skip


def cost_text(record: Mapping[str, Any]) -> str:
    """The cost as people read it."""
    if record["instance_seconds"] is None:
        return "what the machines cost is not known: stop_cluster did not tell; look whether they are off"
    text = f"{sum(record['instance_seconds'].values()):.0f} instance-seconds"
    return text if record["cost"] is None else f"{text}, {record['cost']:.2f} {record['currency']}"


def keep(settings: CloudSettings, record: Mapping[str, Any]) -> None:
    """Write the record into the lake, beside those of the stages. LakeError when S3 says no."""
    from pothole.cloud import objects

    key = f"{settings.lake_prefix}/runs/dt={record['date']}/{record['run_id']}/dag.json".lstrip("/")
    with objects.explained("write", f"s3://{settings.bucket}/{key}"):
        objects.client(settings.region).put_object(
            Bucket=settings.bucket, Key=key, Body=json.dumps(record, indent=1).encode()
        )
    say("record: s3://%s/%s", settings.bucket, key)
