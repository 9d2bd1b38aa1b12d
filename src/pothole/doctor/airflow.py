"""Airflow: its services, whether it lets this user in, the DAG."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pothole.cloud.airflow_api import DAG_ID
from pothole.cloud.http_json import AirflowApiError, AwayError
from pothole.doctor.context import Context
from pothole.doctor.findings import Finding, not_checked, ok, warning, wrong

#: Names in the answer of ``/monitor/health`` by service, and what starts each.
_SERVICES = {
    "scheduler": "airflow scheduler",
    "dag_processor": "airflow dag-processor",
    "triggerer": "airflow triggerer",
}


def services(context: Context) -> Iterator[Finding]:
    """The api-server answers; database, scheduler, DAG processor and triggerer are well by its own account."""
    health = context.airflow.ask("GET", "/api/v2/monitor/health")
    down = list(_down(health))
    yield from down
    if not down:
        yield ok(f"api-server at {context.airflow.url}, scheduler, dag-processor, triggerer, database")


def _down(health: Mapping[str, Any]) -> Iterator[Finding]:
    def state(part: str) -> Mapping[str, Any]:
        return health.get(part) or {}

    if state("metadatabase").get("status") != "healthy":
        yield wrong("Airflow's database does not answer", "start it; `airflow db check` asks it")
    for part, command in _SERVICES.items():
        if state(part).get("status") != "healthy":
            heard = state(part).get(f"latest_{part}_heartbeat") or "never"
            name = part.replace("_", "-")
            yield wrong(f"the {name} is down (last heard of: {heard})", f"start it: `{command}`; its log says why")


def login(context: Context) -> Iterator[Finding]:
    """Airflow takes the user, the password or the token."""
    try:
        context.airflow.call("GET", "/api/v2/dags?limit=1")
    except AwayError as error:
        yield not_checked(error.message)
        return
    yield ok(f"{context.airflow.url} lets this user in")


def dag(context: Context) -> Iterator[Finding]:
    """The DAG is loaded from files without an error, and not paused."""
    errors = context.airflow.call("GET", "/api/v2/importErrors?limit=50")["import_errors"]
    found = [_import_error(error) for error in errors]
    try:
        about = context.airflow.call("GET", f"/api/v2/dags/{DAG_ID}")
    except AirflowApiError as error:
        yield from found
        yield wrong(f"the DAG {DAG_ID} is not loaded: {error.message}", "`pothole airflow install`, then wait a minute")
        return
    if about.get("is_paused"):
        found.append(
            wrong(f"the DAG {DAG_ID} is paused: a run would wait for ever", f"`airflow dags unpause {DAG_ID}`")
        )
    if about.get("has_import_errors") and not errors:
        found.append(wrong(f"the DAG {DAG_ID} has import errors", "`airflow dags list-import-errors`"))
    yield from found or [ok(f"{DAG_ID} is loaded and not paused")]


def _import_error(error: Mapping[str, Any]) -> Finding:
    """Ours is wrong; another DAG's does not stop a run of this one."""
    file, lines = str(error["filename"]), str(error["stack_trace"]).strip().splitlines()
    told = f"{file} cannot be loaded: {lines[-1].strip() if lines else 'without a word'}"
    ours = file.rsplit("/", 1)[-1].startswith(("pothole", "dag_utils"))
    fix = "mend it, or what it imports, in the environment of the dag-processor; `pothole airflow install` links ours"
    return wrong(told, fix) if ours else warning(told, fix)
