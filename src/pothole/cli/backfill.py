"""``pothole backfill``: a range of dates on the cluster, one after the other."""

from __future__ import annotations

import os
from dataclasses import asdict
from functools import partial
from typing import Annotated

import typer

from pothole.cli import app
from pothole.cli.console import err, out, print_json, steps

EXAMPLE = "Example: pothole backfill 2026-02-01 2026-02-12"


@app.command(epilog=EXAMPLE)
def backfill(
    first: Annotated[str, typer.Argument(metavar="FROM", help="First batch date, YYYY-MM-DD.")],
    last: Annotated[str, typer.Argument(metavar="TO", help="Last batch date, itself too.")],
    force: Annotated[bool, typer.Option("--force", help="Run dates again that have succeeded.")] = False,
    keep_going: Annotated[bool, typer.Option("--keep-going", help="Go on after a date that fails.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print what became of each date as JSON.")] = False,
) -> None:
    """Run every date of a range in order, each when the one before has ended.

    Dates that have succeeded are skipped and a date that is running is waited for, so the same command goes on where it
    was interrupted. Exit status 1 when a date has failed. Airflow is asked as `pothole trigger` asks it.
    """
    from pothole.cloud import backfill as backfills
    from pothole.cloud import trigger as triggers
    from pothole.cloud.airflow_api import AirflowApi
    from pothole.errors import PipelineFailure

    zone = triggers.zone(os.environ)
    dates = backfills.days(first, last, zone)
    say = partial((err if json else out).print, markup=False, soft_wrap=True)
    try:
        with steps() as advance:
            done = backfills.backfill(
                AirflowApi(os.environ, zone), dates, force=force, keep_going=keep_going, say=say, progress=advance
            )
    except KeyboardInterrupt:
        raise PipelineFailure(
            "interrupted: what has been started goes on in Airflow", hint="the same command goes on where it was"
        ) from None
    if json:
        print_json([asdict(outcome) for outcome in done])
    else:
        out.print(f"{first} to {last}: {backfills.summary(done)}")
    if any(outcome.what == "failed" for outcome in done):
        raise typer.Exit(1)
