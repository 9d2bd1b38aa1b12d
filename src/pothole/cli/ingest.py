"""``pothole ingest``: other devices' files into the raw layout."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich import box
from rich.table import Table
from rich.text import Text

from pothole.cli import app
from pothole.cli.console import out, steps

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from pothole.ingest import FileSummary


@app.command(epilog="Example: pothole ingest trip1.csv trip2.csv --mapping examples/pittsburgh.yaml --lake ./lake")
def ingest(
    files: Annotated[list[Path], typer.Argument(help="CSV (also .csv.gz) or Parquet files; all of a trip together.")],
    mapping: Annotated[Path, typer.Option(help="YAML: raw column -> source column or constant, unit, sign.")],
    lake: Annotated[str, typer.Option(help=r"A folder or s3://bucket\[/prefix].")],
    timezone: Annotated[
        str | None, typer.Option(help="Zone whose days are the batch dates; else the configuration's (Asia/Seoul).")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Convert and report, but write nothing.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Convert files and write them to raw-sensor-data; the same file again replaces what it gave before."""
    import json as jsons

    from pothole.ingest import ingested, load, write
    from pothole.lake import open_lake

    rules, zone = load(mapping), _zone(timezone)
    summaries: list[FileSummary] = []
    written: list[list[str]] = []
    with steps() as advance:
        advance(f"reading {len(files)} files", 0.0)
        with ingested(files, rules, zone.key) as read:
            summaries = [read.summary(i) for i in range(len(read.files))]
            opened = None if dry_run else open_lake(lake, create=True)
            for i, file in enumerate(read.files):
                advance(f"{'checking' if opened is None else 'writing'} {file.name}", (i + 1) / len(read.files))
                written.append([] if opened is None else write(opened, file, read.parts(i)))
    if json:
        report = [s.as_json() | {"written": paths} for s, paths in zip(summaries, written, strict=True)]
        out.print_json(jsons.dumps({"timezone": zone.key, "files": report}))
        return
    _show(summaries, zone, "would write to" if dry_run else "wrote to", lake)
    if not dry_run:
        _show_next(sorted({date for s in summaries for date in s.dates}), timezone, lake)


def _zone(name: str | None) -> ZoneInfo:
    """The zone of batch dates; UserError for an unknown one."""
    from zoneinfo import ZoneInfo

    from pothole import config
    from pothole.errors import UserError

    if name is None:
        return config.load().zone
    try:
        return ZoneInfo(name)
    except (LookupError, ValueError, OSError):
        raise UserError(f"unknown time zone {name!r}", hint="an IANA name, such as Asia/Seoul") from None


def _show(summaries: list[FileSummary], zone: ZoneInfo, what: str, lake: str) -> None:
    title = Text(f"{what} {lake}, days and times in {zone.key}")
    table = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left", show_edge=False, padding=0)
    for column in ("file", "rows in", "rows out", "trips", "Hz", "dates", "times"):
        justify: Literal["left", "right"] = "left" if column in ("file", "dates", "times") else "right"
        table.add_column(column, justify=justify, overflow="fold", no_wrap=column != "file")
    for s in summaries:
        table.add_row(
            Text(Path(s.file).name), f"{s.rows_in:,}", f"{s.rows_out:,}", f"{s.trips:,}",
            f"{s.rate_hz:.3g}" if s.rate_hz else "", "\n".join(s.dates), _times(s, zone),
        )  # fmt: skip
    out.print(table)
    for s in summaries:
        for note in s.notes:
            out.print(f"{Path(s.file).name}: {note}", soft_wrap=True, markup=False)


def _show_next(dates: list[str], timezone: str | None, lake: str) -> None:
    """The commands that run these days, in the zone that was named."""
    zone = f"POTHOLE__TIMEZONE={timezone} " if timezone else ""
    for date in dates:
        out.print(f"next: {zone}pothole run {date} --lake {lake}", soft_wrap=True, markup=False)


def _times(s: FileSummary, zone: ZoneInfo) -> str:
    if s.first_ms is None or s.last_ms is None:
        return ""
    first, last = (datetime.fromtimestamp(ms / 1000, zone) for ms in (s.first_ms, s.last_ms))
    return f"{first:%H:%M}..{last:%H:%M}" if first.date() == last.date() else f"{first:%d. %H:%M}..{last:%d. %H:%M}"
