"""Which of Airflow's services are up, as its api-server tells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pothole.cloud.http_json import AwayError, Session

SERVICES = ("api-server", "scheduler", "dag-processor", "triggerer")
PATH = "/api/v2/monitor/health"
UNITS = Path("/etc/systemd/system")


@dataclass(frozen=True)
class Service:
    """A service: ``up``, ``down``, or ``unknown`` while the api-server cannot be asked."""

    name: str
    state: str
    found: str
    start: str | None = None
    """The command that starts it, where it is not up."""

    @property
    def up(self) -> bool:
        """Is it healthy?"""
        return self.state == "up"


def services(environ: Mapping[str, str], units: Path = UNITS) -> list[Service]:
    """The four services in their order. AirflowApiError when what answers is not Airflow."""
    session = Session(environ)
    try:
        return told(session.public(PATH), units)
    except AwayError as error:
        away = _service("api-server", "down", error.message, units)
        return [away, *(_service(name, "unknown", "the api-server tells, and is down", units) for name in SERVICES[1:])]


def told(health: Any, units: Path = UNITS) -> list[Service]:
    """The four services by the answer to ``PATH``."""
    database = _state(health, "metadatabase")
    api = Service("api-server", "up", "its database is healthy")
    if database != "healthy":
        api = Service("api-server", "down", f"it answers; its database: {database}", "airflow db check")
    return [api, *(_of(name, health, units) for name in SERVICES[1:])]


def _of(name: str, health: Mapping[str, Any], units: Path) -> Service:
    key = name.replace("-", "_")
    state, beat = _state(health, key), (health.get(key) or {}).get(f"latest_{key}_heartbeat")
    found = f"last heard of at {beat[:19].replace('T', ' ')} UTC" if beat else "never heard of"
    return _service(name, "up" if state == "healthy" else "down", found, units)


def _state(health: Any, part: str) -> str:
    found = health.get(part) if isinstance(health, Mapping) else None
    return str((found or {}).get("status") or "not there")


def _service(name: str, state: str, found: str, units: Path) -> Service:
    if state == "up":
        return Service(name, state, found)
    start = f"systemctl restart airflow@{name}" if (units / "airflow@.service").exists() else "pothole airflow up"
    return Service(name, state, found, start)
