"""Airflow's four services as processes of this user, for a try-out: started, watched, ended with all their children.

What was started stands in ``AIRFLOW_HOME/pothole-services.json``, so that another command can end it.
"""

from __future__ import annotations

import json
import socket
import sys
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

from pothole.cloud import airflow_health, sessions
from pothole.cloud.airflow_health import SERVICES
from pothole.cloud.say import Say
from pothole.cloud.sessions import Process
from pothole.errors import PipelineFailure, UserError

_HEALTHY_SECONDS = 180.0
_POLL_SECONDS = 0.5


def home(environ: Mapping[str, str]) -> Path:
    """AIRFLOW_HOME, or what Airflow takes for it."""
    return Path(environ.get("AIRFLOW_HOME") or Path.home() / "airflow").expanduser()


def environment(environ: Mapping[str, str], port: int) -> dict[str, str]:
    """The services' environment; what the operator has set is left as it is."""
    own = {
        "AIRFLOW_HOME": str(home(environ)),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__PARALLELISM": "4",
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__BASE_URL": f"http://localhost:{port}",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://localhost:{port}/execution/",
        "AIRFLOW__API__WORKERS": "1",
    }
    return own | dict(environ) | {"AIRFLOW__API__PORT": str(port)}


def check_free(folder: Path, port: int) -> None:
    """UserError when they run already, or something else has the port."""
    if any(process.alive for process in known(folder)):
        raise UserError(f"Airflow of {folder} is running already", hint="`pothole airflow down` ends it")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("", port))
        except OSError as error:
            raise UserError(f"port {port} cannot be had: {error.strerror}", hint="--port takes another") from None


def start(environ: Mapping[str, str], say: Say) -> list[Process]:
    """Start the four and wait until all are healthy; whatever goes wrong, or stops it, none is left running."""
    folder = home(environ)
    log(folder, "").parent.mkdir(parents=True, exist_ok=True)
    made: list[Process] = []
    try:
        for name in SERVICES:
            command = [sys.executable, "-m", "airflow", name]
            made.append(sessions.spawn(name, command, environ, log(folder, name)))
            _state(folder).write_text(json.dumps([vars(p) for p in made]), encoding="utf-8")
        _wait(made, environ, say)
    except BaseException:
        end(made, folder)
        raise
    return made


def _wait(made: Iterable[Process], environ: Mapping[str, str], say: Say) -> None:
    deadline, told, folder = time.monotonic() + _HEALTHY_SECONDS, set[str](), home(environ)
    where = {"AIRFLOW_API_URL": f"http://localhost:{environ['AIRFLOW__API__PORT']}"}
    while True:
        check_alive(made, folder)
        up = {service.name for service in airflow_health.services(where) if service.up}
        for name in [n for n in SERVICES if n in up - told]:
            say(f"{name} is up")
        told |= up
        if up == set(SERVICES):
            return
        if time.monotonic() > deadline:
            missing = ", ".join(name for name in SERVICES if name not in up)
            raise PipelineFailure(
                f"after {_HEALTHY_SECONDS:.0f} s not healthy: {missing}",
                hint=f"their logs are in {log(folder, missing).parent}",
            )
        time.sleep(_POLL_SECONDS)


def log(folder: Path, name: str) -> Path:
    """Where a service's words go."""
    return folder / "logs" / "services" / f"{name}.log"


def check_alive(made: Iterable[Process], folder: Path) -> None:
    """PipelineFailure names a service that has ended, with its last words."""
    for process in made:
        if not process.alive:
            file = log(folder, process.name)
            said = file.read_text(errors="replace").strip().splitlines()
            last = said[-1].strip()[:300] if said else "without a word"
            raise PipelineFailure(f"{process.name} has ended: {last}", hint=f"its log is {file}")


def end(made: Iterable[Process], folder: Path) -> None:
    """Forget them and end them with all their children."""
    _state(folder).unlink(missing_ok=True)
    sessions.end(made)


def known(folder: Path) -> list[Process]:
    """What this folder's last start has started. UserError when that cannot be read."""
    try:
        found = json.loads(_state(folder).read_text(encoding="utf-8"))
        return [Process(str(x["name"]), int(x["pid"]), str(x["started"])) for x in found]
    except FileNotFoundError:
        return []
    except (ValueError, TypeError, KeyError):
        raise UserError(f"{_state(folder)} is damaged", hint="end Airflow's processes by hand and remove it") from None


def _state(folder: Path) -> Path:
    return folder / "pothole-services.json"
