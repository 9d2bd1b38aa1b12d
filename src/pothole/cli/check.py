"""``pothole check``: is a day's input there, has a stage published?"""

from __future__ import annotations

import os
from typing import Annotated

import typer

from pothole.cli import app
from pothole.cli.console import out

EXAMPLE = "Example: pothole check raw-sensor-data 2026-02-12 --lake s3://roads"


@app.command(epilog=EXAMPLE)
def check(
    dataset: Annotated[str, typer.Argument(help="A dataset, such as raw-sensor-data or stage2_spatial_clustering.")],
    date: Annotated[str, typer.Argument(help="Batch date, YYYY-MM-DD.")],
    lake: Annotated[str, typer.Option(help="s3://bucket\\[/prefix].")],
    run_id: Annotated[str | None, typer.Option(help="Only a partition of this run counts.")] = None,
) -> None:
    """Whether a partition on S3 is there: samples for raw data, a published manifest for everything else.

    No data ends in exit status 2; no permission and no network, which tell nothing about the data, in 1.
    """
    from pothole.cloud import objects
    from pothole.config import parse_date
    from pothole.datasets import TABLES
    from pothole.errors import UserError
    from pothole.tables import RAW

    if dataset not in TABLES or not TABLES[dataset].partitioned:
        raise UserError(
            f"there is no dataset {dataset}", hint=", ".join(t.name for t in TABLES.values() if t.partitioned)
        )
    region = os.environ.get("AWS_REGION")
    if dataset == RAW.name:
        files, size = objects.check_input(lake, parse_date(date), region=region)
        out.print(f"{dataset} of {date}: {files} files, {size / 1e6:.1f} MB")
        return
    manifest = objects.check_published(lake, dataset, parse_date(date), run_id, region=region)
    out.print(f"{dataset} of {date}: {manifest.rows:,} rows in {len(manifest.files)} files, run {manifest.run_id}")
