"""``pothole check``: is a day's input there, has a stage published?"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer

from pothole.cli import app
from pothole.cli.console import out

if TYPE_CHECKING:
    from pothole.lake.manifest import Manifest

EXAMPLE = "Example: pothole check raw-sensor-data 2026-02-12 --lake s3://roads"


@app.command(epilog=EXAMPLE)
def check(
    dataset: Annotated[str, typer.Argument(help="A dataset, such as raw-sensor-data or stage2_spatial_clustering.")],
    date: Annotated[str, typer.Argument(help="Batch date, YYYY-MM-DD.")],
    lake: Annotated[str, typer.Option(help="A folder, or s3://bucket\\[/prefix].")],
    run_id: Annotated[str | None, typer.Option(help="Only a partition of this run counts.")] = None,
) -> None:
    """Whether a partition is there: samples for raw data, a published manifest for everything else.

    No data ends in exit status 2; no permission and no network, which tell nothing about the data, in 1.
    """
    from pothole.config import parse_date
    from pothole.datasets import TABLES
    from pothole.errors import UserError
    from pothole.tables import RAW

    if dataset not in TABLES or not TABLES[dataset].partitioned:
        raise UserError(
            f"there is no dataset {dataset}", hint=", ".join(t.name for t in TABLES.values() if t.partitioned)
        )
    day = parse_date(date)
    if dataset == RAW.name:
        files, size = _input(lake, day)
        out.print(f"{dataset} of {date}: {files} files, {size / 1e6:.1f} MB")
        return
    manifest = _published(lake, dataset, day, run_id)
    out.print(f"{dataset} of {date}: {manifest.rows:,} rows in {len(manifest.files)} files, run {manifest.run_id}")


def _on_s3(lake: str) -> bool:
    return lake.startswith(("s3://", "s3a://"))


def _input(lake: str, date: str) -> tuple[int, int]:
    """Number and bytes of the date's raw files."""
    if _on_s3(lake):
        from pothole.cloud import objects

        return objects.check_input(lake, date, region=os.environ.get("AWS_REGION"))
    from pothole.lake import open_lake

    files = open_lake(lake).check_raw(date).files
    return len(files), sum(file.bytes for file in files)


def _published(lake: str, dataset: str, date: str, run_id: str | None) -> Manifest:
    if _on_s3(lake):
        from pothole.cloud import objects

        return objects.check_published(lake, dataset, date, run_id, region=os.environ.get("AWS_REGION"))
    from pothole.lake import open_lake, presence

    return presence.check_published(open_lake(lake), dataset, date, run_id)
