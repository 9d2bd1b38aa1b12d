"""``pothole trigger``: run a date on the cluster, through Airflow's public API."""

from __future__ import annotations

import os
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
    """Run a date on the cluster: a date that has run or is running is left alone."""
    from pothole.cloud import airflow_api

    zone = os.environ.get("POTHOLE_TIMEZONE") or "Asia/Seoul"
    day = airflow_api.batch_day(date, zone)
    say = lambda text: out.print(text, markup=False, soft_wrap=True)  # noqa: E731
    if not airflow_api.trigger(airflow_api.AirflowApi(zone=zone), day, force=force, wait=wait, say=say) and wait:
        raise typer.Exit(1)
