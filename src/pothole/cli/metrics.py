"""``pothole metrics``: what a monitoring system reads."""

from __future__ import annotations

from typing import Annotated

import typer

from pothole.cli import app

EXAMPLE = "Example: pothole metrics 2026-02-12 --lake ./lake > /var/lib/node_exporter/pothole.prom"


@app.command(epilog=EXAMPLE)
def metrics(
    date: Annotated[
        str | None, typer.Argument(help="Batch date, YYYY-MM-DD; by default the last with records.")
    ] = None,
    lake: Annotated[
        str | None, typer.Option(help="A folder or s3://bucket\\[/prefix]; by default that of S3_BUCKET.")
    ] = None,
    last: Annotated[int, typer.Option(min=1, max=100, help="So many dates with records, up to this one.")] = 1,
) -> None:
    """Rows, bytes, seconds, quarantined rows by reason, outcome and cost of a date's runs, as OpenMetrics text."""
    from pothole import metrics as openmetrics
    from pothole import records
    from pothole.cli.options import opened_lake
    from pothole.config import parse_date
    from pothole.errors import NoDataError

    opened = opened_lake(lake)
    day = parse_date(date) if date else None
    dates = [known for known in opened.dates("runs") if day is None or known <= day][-last:]
    if not dates or (day is not None and day != dates[-1]):
        of = f" of {day}" if day else ""
        raise NoDataError(
            f"there is no run record{of} in {opened.uri}", hint=f"`pothole run {day or 'DATE'} --lake {opened.uri}`"
        )
    typer.echo(openmetrics.text(records.of_date(opened, known) for known in dates), nl=False)
