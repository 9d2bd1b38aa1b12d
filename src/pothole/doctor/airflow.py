"""Airflow: its services, whether it lets this user in, the DAG."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pothole.cloud import airflow_health
from pothole.cloud.airflow_api import DAG_ID
from pothole.cloud.http_json import AirflowApiError, AwayError
from pothole.doctor.context import Context
from pothole.doctor.findings import Finding, not_checked, ok, warning, wrong


def services(context: Context) -> Iterator[Finding]:
    """The api-server answers; database, scheduler, DAG processor and triggerer are well by its own account."""
    told = airflow_health.told(context.airflow.public(airflow_health.PATH))
    for service in told:
        if not service.up:
            yield wrong(f"the {service.name} is down ({service.found})", f"`{service.start}`; its log says why")
    if all(service.up for service in told):
        yield ok(f"at {context.airflow.url}: {', '.join(service.name for service in told)}, database")


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
