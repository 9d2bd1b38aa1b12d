"""``pothole trigger``: run a date on the cluster, through Airflow's public API."""

from __future__ import annotations

import os
from functools import partial
from typing import Annotated

import typer

from pothole.cli import app
from pothole.cli.console import out

EXAMPLE = "Example: pothole trigger 2026-02-12 --wait"


@app.command(epilog=EXAMPLE)
def trigger(
    date: Annotated[str | None, typer.Argument(help="Batch date, YYYY-MM-DD; by default yesterday.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Run a date again that has run.")] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Follow the run; exit status 1 if it fails.")] = False,
) -> None:
    """Run a date on the cluster: a date that has run or is running is left alone.

    Airflow is asked at AIRFLOW_API_URL, as AIRFLOW_USERNAME with AIRFLOW_PASSWORD, or with AIRFLOW_API_TOKEN.
    """
    from pothole.cloud import trigger as triggers
    from pothole.cloud.airflow_api import AirflowApi

    zone = triggers.zone(os.environ)
    day = triggers.batch_day(date, zone)
    say = partial(out.print, markup=False, soft_wrap=True)
    if not triggers.trigger(AirflowApi(os.environ, zone), day, force=force, wait=wait, say=say) and wait:
        raise typer.Exit(1)
