"""Airflow's connection to the master: there, as the environment says, and of use."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Mapping
from typing import Any

from pothole.cloud import ssh
from pothole.cloud.http_json import AirflowApiError
from pothole.cloud.settings import SSH_CONN_ID
from pothole.doctor.context import Context
from pothole.doctor.findings import Finding, differences, not_checked, ok, wrong
from pothole.errors import ConfigError, PotholeError

_INSTALL = "`pothole airflow install --yes` registers it from the environment"
_VARIABLE = f"AIRFLOW_CONN_{SSH_CONN_ID.upper()}"


def registered(context: Context) -> Iterator[Finding]:
    """It is known to Airflow, and its key and host key open the master."""
    given = context.environ.get(_VARIABLE, "").strip()
    if given and not given.startswith("{"):
        yield not_checked(f"{_VARIABLE} is set as a URI, which comes before Airflow's own")
        return
    found = _found(context, given)
    if found is None:
        yield wrong(f"Airflow has no connection {SSH_CONN_ID}", _INSTALL)
        return
    odd = differences(_wanted(context), found)
    if odd:
        yield wrong(f"connection {SSH_CONN_ID}: {'; '.join(odd)}", _INSTALL)
        return
    yield _tried(context, found)


def _found(context: Context, given: str) -> dict[str, Any] | None:
    """What is compared of the connection in Airflow's database, or of the variable that comes before it."""
    if given:
        try:
            return _compared(json.loads(given))
        except ValueError:
            raise ConfigError(f"{_VARIABLE} is not valid JSON", hint=_INSTALL) from None
    try:
        return _compared(context.airflow.call("GET", f"/api/v2/connections/{SSH_CONN_ID}"))
    except AirflowApiError as error:
        if "answers 404" in error.message:
            return None
        raise


def _compared(about: Mapping[str, Any]) -> dict[str, Any]:
    extra = about.get("extra") or {}
    extra = json.loads(extra) if isinstance(extra, str) else extra
    return {
        "type": about.get("conn_type"), "host": about.get("host"), "port": about.get("port") or 22,
        "login": about.get("login"), "host_key": extra.get("host_key"), "key_file": extra.get("key_file"),
        "own key": "private_key" in extra,
    }  # fmt: skip


def _wanted(context: Context) -> dict[str, Any]:
    settings = context.settings
    host, port = settings.host_map.get(settings.master_ip, (settings.master_ip, 22))
    wanted = {"type": "ssh", "host": host, "port": port, "login": settings.ssh_user}
    return wanted | ({"host_key": settings.master_host_key} if settings.master_host_key else {})


def _tried(context: Context, found: Mapping[str, Any]) -> Finding:
    if found["own key"]:
        return ok(f"{SSH_CONN_ID} is there; the private key that it holds is not shown, so it was not tried")
    settings = dataclasses.replace(
        context.settings, ssh_user=found["login"], ssh_key_file=found["key_file"] or context.settings.ssh_key_file
    )
    try:
        state = str(context.instances[settings.master_id]["State"]["Name"])
    except (PotholeError, KeyError):
        state = "not known to EC2"
    if state != "running":
        return not_checked(f"{SSH_CONN_ID} is as the environment says; the master is {state}")
    ips = {i: str(a.get("PrivateIpAddress")) for i, a in context.instances.items()}
    master = dataclasses.replace(ssh.hosts(settings, ips)[0], host_key=found["host_key"])
    try:
        ssh.run(master, "true", timeout_seconds=15)
    except PotholeError as error:
        return wrong(f"connection {SSH_CONN_ID} opens nothing: {error.message}", error.hint or _INSTALL)
    return ok(f"{SSH_CONN_ID}: {found['login']}@{found['host']}:{found['port']}, its key and host key work")
