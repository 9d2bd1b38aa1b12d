"""Airflow's own command line, for what its public API should not be given: connections with their keys' places."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pothole import extras
from pothole.errors import PipelineFailure, PotholeError

_SECONDS = 120.0
_QUIET = {"AIRFLOW__LOGGING__LOGGING_LEVEL": "ERROR", "PYTHONWARNINGS": "ignore"}


def connection(name: str) -> dict[str, Any] | None:
    """A connection's type, host, port, login and extra; None when there is none. UserError without Airflow."""
    ran = _run("connections", "get", name, "-o", "json")
    if ran.returncode:
        if "Connection not found" in ran.stdout + ran.stderr:
            return None
        raise _failed(ran, "connections get")
    try:
        found = json.loads(ran.stdout[ran.stdout.index("[") :])[0]
        port = int(found["port"]) if found["port"] else None
    except (ValueError, KeyError, IndexError, TypeError):
        raise PipelineFailure(
            f"what `airflow connections get {name}` prints is not understood", hint="is it Airflow 3.3?"
        ) from None
    kept = {key: found[key] for key in ("conn_type", "host", "login")}
    return kept | {"port": port, "extra": found["extra_dejson"]}


def set_connection(name: str, content: dict[str, Any]) -> None:
    """Register or replace a connection: its content goes in a file of this user alone, never in an argument."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "connections.json"
        file.touch(mode=0o600)
        file.write_text(json.dumps({name: content | {"extra": json.dumps(content["extra"])}}))
        ran = _run("connections", "import", "--overwrite", str(file))
    if ran.returncode:
        raise _failed(ran, "connections import")


def migrate(environ: Mapping[str, str]) -> None:
    """Make Airflow's database, or bring it to this version. UserError without Airflow."""
    ran = _run("db", "migrate", environ=environ)
    if ran.returncode:
        raise _failed(ran, "db migrate")


def _run(*arguments: str, environ: Mapping[str, str] = os.environ) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "airflow", *arguments]
    try:
        return subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=_SECONDS, env={**environ, **_QUIET}
        )
    except subprocess.TimeoutExpired:
        raise PipelineFailure(
            f"airflow {' '.join(arguments[:2])} has not ended in {_SECONDS:.0f} s", hint="does its database answer?"
        ) from None


def _failed(ran: subprocess.CompletedProcess[str], what: str) -> PotholeError:
    said = (ran.stderr.strip() or ran.stdout.strip()).splitlines()
    if "No module named airflow" in ran.stderr:
        return extras.missing("airflow", called="Airflow")
    return PipelineFailure(
        f"airflow {what} failed: {said[-1].strip() if said else 'without a word'}",
        hint="is Airflow's database there? `airflow db migrate`",
    )
