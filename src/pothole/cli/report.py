"""``pothole report``: the day as a person reads it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from pothole.cli import app
from pothole.cli.console import err, out

if TYPE_CHECKING:
    from pothole.lake import Lake
    from pothole.report import Ranked

EXAMPLE = "Example: pothole report 2026-02-12 --lake ./lake"


@app.command(epilog=EXAMPLE)
def report(
    date: Annotated[str, typer.Argument(help="Batch date, YYYY-MM-DD.")],
    lake: Annotated[str, typer.Option(help=r"A folder or s3://bucket\[/prefix].")],
    out_dir: Annotated[
        Path | None,
        typer.Option(
            "--out", help="Folder for the files; by default LAKE/reports/dt=DATE, for S3 ./out.", show_default=False
        ),
    ] = None,
    min_confidence: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Leave out places that are less likely a pothole.")
    ] = 0.8,
    rows: Annotated[int, typer.Option(min=0, help="How many potholes to print.")] = 20,
    attribution: Annotated[
        str | None, typer.Option(help="Who made the road network; by default LAKE/road-network/ATTRIBUTION.txt.")
    ] = None,
    config: Annotated[Path | None, typer.Option(help="YAML file with settings.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the files and the ranked list as JSON.")] = False,
) -> None:
    """Write a day's map page, GeoJSON and CSV, and print the ranked potholes."""
    import pyarrow.compute as pc

    from pothole import config as configuration
    from pothole.lake import open_lake
    from pothole.report import ranked, write_report
    from pothole.report.day import read_day

    day = configuration.parse_date(date)
    settings = configuration.load(config).settings
    zone, confirmed = settings.timezone, settings.stage2.evidence.confirmed
    opened = open_lake(lake)
    read = read_day(opened, day)
    likely = read.potholes.filter(pc.greater_equal(read.potholes["confidence"], min_confidence))
    files = write_report(
        out_dir or _default_folder(opened, day),
        *(likely, read.condition, read.segments),
        date=day,
        attribution=attribution or read.attribution,
        run=read.run,
        zone=zone,
        confirmed=confirmed,
    )
    ranking = ranked(likely, read.segments, confirmed)
    _print_json(ranking, files, zone) if json else _print(ranking, files, rows, read.condition.num_rows, day)


def _default_folder(lake: Lake, day: str) -> Path:
    """Beside the data of a local lake; in the working folder for a lake elsewhere."""
    return Path("out") if lake.storage.remote else Path(lake.root) / "reports" / f"dt={day}"


def _print(ranking: list[Ranked], files: list[Path], most: int, driven: int, day: str) -> None:
    from pothole.report import potholes_table

    if not ranking:
        out.print(f"No potholes on {day}; {driven:,} {'segment was' if driven == 1 else 'segments were'} driven.")
    elif most:
        out.print(potholes_table(ranking, most=most))
    for file in files:
        err.print(f"[dim]wrote[/] {escape(str(file))}", soft_wrap=True)


def _print_json(ranking: list[Ranked], files: list[Path], zone: str) -> None:
    import json

    from pothole.report.export import properties

    plain = {"files": [str(f) for f in files], "potholes": [properties(r, zone) for r in ranking]}
    out.print_json(json.dumps(plain))
