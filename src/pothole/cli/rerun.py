"""``pothole rerun``: one task of a date and all after it, again."""

from __future__ import annotations

import os
from functools import partial
from typing import Annotated

import typer

from pothole.cli import app
from pothole.cli.console import out

EXAMPLE = "Example: pothole rerun --from run_stage2 2026-02-12 --wait"


@app.command(epilog=EXAMPLE)
def rerun(
    task: Annotated[str, typer.Option("--from", metavar="TASK", help="The first task that runs again: run_stage2.")],
    date: Annotated[str | None, typer.Argument(help="Batch date, YYYY-MM-DD; by default yesterday.")] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Follow the run; exit status 1 if it fails.")] = False,
) -> None:
    """Run a task of a date and all after it again; the cluster and the code come along by themselves.

    What earlier tasks have published stays and is read again. `pothole trigger --force` runs the whole date again.
    """
    from pothole.cloud import trigger as triggers
    from pothole.cloud.airflow_api import AirflowApi

    zone = triggers.zone(os.environ)
    day = triggers.batch_day(date, zone)
    say = partial(out.print, markup=False, soft_wrap=True)
    if not triggers.rerun(AirflowApi(os.environ, zone), day, task, wait=wait, say=say):
        raise typer.Exit(1)
