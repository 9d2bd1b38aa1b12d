"""``pothole status``: the last runs, or one run's tasks."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Group, RenderableType
from rich.live import Live

from pothole.cli import app
from pothole.cli.console import err, out, print_json

if TYPE_CHECKING:
    from pothole.cloud.say import Say
    from pothole.cloud.status import Reader
    from pothole.lake import Lake

EXAMPLE = "Example: pothole status 2026-02-12 --watch"
_WATCH_SECONDS = 2.0


@app.command(epilog=EXAMPLE)
def status(
    date: Annotated[
        str | None, typer.Argument(help="Batch date, YYYY-MM-DD: its run's tasks. Else the last runs.")
    ] = None,
    last: Annotated[int, typer.Option(min=1, max=100, help="So many runs.")] = 10,
    lake: Annotated[
        str | None, typer.Option(help="Where the run records lie; by default the lake of S3_BUCKET.")
    ] = None,
    watch: Annotated[
        bool, typer.Option("--watch", help="Keep it live; ends with a date's run, with its status.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """The last runs, or one run's tasks: state, try, duration against the usual one, rows, cost.

    Usual is the median of the last ten successful runs. Airflow is asked as `pothole trigger` asks it.
    """
    from pothole.cloud import trigger as triggers
    from pothole.cloud.airflow_api import AirflowApi
    from pothole.cloud.status import Reader
    from pothole.errors import UserError

    if watch and json:
        raise UserError("--watch and --json exclude each other", hint="ask --json again and again")
    zone = triggers.zone(os.environ)
    day = triggers.batch_day(date, zone) if date else None
    say = partial(err.print, markup=False, soft_wrap=True)
    reader = Reader(AirflowApi(os.environ, zone), _lake(lake, say), say)
    if json:
        print_json(_plain(reader, day, last))
        return
    good = _watched(partial(_shown, reader, day, last, zone)) if watch else _shown(reader, day, last, zone, _print)
    if watch and good is False:
        raise typer.Exit(1)


def _lake(uri: str | None, say: Say) -> Lake | None:
    """The lake that is asked for; else that of the environment, if it is there: Airflow's part needs none."""
    from pothole.cli.options import lake_of_environment, opened_lake
    from pothole.errors import PotholeError

    if uri is None and lake_of_environment() is None:
        return None
    try:
        return opened_lake(uri)
    except PotholeError as error:
        if uri is not None:
            raise
        say(f"without rows and cost: {error.message}")
        return None


#: Takes what is to be seen, and its states: without a terminal it is printed again only when they have changed.
Show = Callable[[RenderableType, object], None]


def _shown(reader: Reader, day: str | None, last: int, zone: str, show: Show) -> bool | None:
    """Show it once; whether the date's run ended well, None while it goes on."""
    from pothole.cli import status_tables as tables

    if day is None:
        runs = reader.last(last)
        show(tables.runs(runs, zone), [(run.run_id, run.state) for run in runs])
        return None
    run = reader.run(day)
    tasks = reader.tasks(run.run_id)
    states = [run.state, *((task.state, task.tries) for task in tasks)]
    show(Group(*tables.run(run, tasks, reader.usual()[0], zone)), states)
    return None if run.going else run.state == "success"


def _watched(shown: Callable[[Show], bool | None]) -> bool | None:
    """Until the run has ended, or somebody presses Ctrl-C; an Airflow that is away for a while is no end."""
    from pothole.cloud.http_json import AwayError

    with suppress(KeyboardInterrupt), _screen() as show:
        while True:
            try:
                good = shown(show)
            except AwayError as error:
                good = None
                err.print(f"{error.message}; asking again", markup=False, soft_wrap=True)
            if good is not None:
                return good
            time.sleep(_WATCH_SECONDS)
    return None


@contextmanager
def _screen() -> Iterator[Show]:
    """One place that is drawn again on a terminal; elsewhere everything anew when a state has changed."""
    if out.is_terminal:
        with Live(console=out, auto_refresh=False, vertical_overflow="visible") as live:
            yield lambda what, _: live.update(what, refresh=True)
        return
    said: object = None

    def changed(what: RenderableType, states: object) -> None:
        nonlocal said
        if states != said:
            said = states
            out.print(what)

    yield changed


def _print(what: RenderableType, _: object) -> None:
    out.print(what)


def _plain(reader: Reader, day: str | None, last: int) -> dict[str, Any]:
    from pothole.cli import status_tables as tables

    usual, _ = reader.usual()
    if day is None:
        return {"usual_seconds": usual, "runs": [tables.plain(run) for run in reader.last(last)]}
    run = reader.run(day)
    tasks = [tables.plain(task) for task in reader.tasks(run.run_id)]
    return {"usual_seconds": usual, "run": tables.plain(run), "tasks": tasks}
