"""``pothole airflow up``, ``down`` and ``services``: Airflow's four services, for a try-out and at a glance."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from pothole.cli.airflow import airflow
from pothole.cli.console import err, out
from pothole.errors import PipelineFailure

if TYPE_CHECKING:
    from pothole.cloud.sessions import Process

_say = partial(out.print, markup=False, soft_wrap=True)
_COLOURS = {"up": "green", "down": "red", "unknown": "yellow"}


@airflow.command(epilog="Example: pothole airflow services --json")
def services(as_json: Annotated[bool, typer.Option("--json", help="The same as JSON.")] = False) -> None:
    """Which of Airflow's services is up, as the api-server at AIRFLOW_API_URL tells; exit status 1 unless all are."""
    from pothole.cloud import airflow_health

    found = airflow_health.services(os.environ)
    if as_json:
        typer.echo(json.dumps([asdict(service) for service in found]))
    else:
        table = Table()
        for column in ("service", "state", "found", "start it with"):
            table.add_column(column, overflow="fold")
        for service in found:
            colour = _COLOURS[service.state]
            table.add_row(service.name, f"[{colour}]{service.state}[/]", service.found, service.start or "")
        out.print(table)
    if not all(service.up for service in found):
        raise typer.Exit(1)


@airflow.command(epilog="Example: pothole airflow up --detach")
def up(
    port: Annotated[int, typer.Option(help="Of the api-server.", min=1, max=65535)] = 8080,
    detach: Annotated[bool, typer.Option("--detach", help="Leave them running; `pothole airflow down` ends.")] = False,
) -> None:
    """Start Airflow's four services for a try-out, and end them with Ctrl-C. Their state lies in AIRFLOW_HOME.

    For real use there are systemd units in infra/airflow.
    """
    from pothole.cloud import airflow_cli
    from pothole.cloud import airflow_processes as processes

    environ = processes.environment(os.environ, port)
    folder = processes.home(environ)
    processes.check_free(folder, port)
    with _ended_by_signals():
        try:
            _say("making Airflow's database, or bringing it up to date")
            airflow_cli.migrate(environ)
            made = processes.start(environ, _say)
            _say(f"Airflow is up: http://localhost:{port}")
            _tell_login(folder, environ)
            if not detach:
                _follow(made, folder)
        except KeyboardInterrupt:
            err.print("ended")


def _follow(made: list[Process], folder: Path) -> None:
    """Until Ctrl-C, a service's end, or `pothole airflow down`."""
    from pothole.cloud import airflow_processes as processes

    _say("Ctrl-C ends it")
    try:
        while processes.known(folder):
            try:
                processes.check_alive(made, folder)
            except PipelineFailure:
                if processes.known(folder):
                    raise
            time.sleep(1)
    finally:
        err.print("ending Airflow's services")
        processes.end(made, folder)


def _tell_login(folder: Path, environ: Mapping[str, Any]) -> None:
    """Where Airflow keeps the password it made for its own user; never the password."""
    if environ.get("AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"):
        return
    made = folder / "simple_auth_manager_passwords.json.generated"
    if made.exists():
        _say(f"the user admin and its password: {made}")


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """SIGTERM and a closed terminal end it as Ctrl-C does."""

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@airflow.command(epilog="Example: pothole airflow down")
def down() -> None:
    """End what `pothole airflow up` has started in AIRFLOW_HOME, and nothing else; nothing running is fine."""
    from pothole.cloud import airflow_processes as processes

    folder = processes.home(os.environ)
    made = processes.known(folder)
    alive = [process.name for process in made if process.alive]
    processes.end(made, folder)
    _say(f"ended: {', '.join(alive)}" if alive else f"nothing was running in {folder}")
