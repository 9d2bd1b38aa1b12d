"""``pothole ingest``: other devices' files into the raw layout."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from pothole.cli import app
from pothole.cli.console import err, out


@app.command(epilog="Example: pothole ingest trip1.csv trip2.csv --mapping examples/pittsburgh.yaml --lake ./lake")
def ingest(
    files: Annotated[list[Path], typer.Argument(help="CSV or Parquet files.")],
    mapping: Annotated[Path, typer.Option(help="YAML: raw column -> source column or constant, unit, sign.")],
    lake: Annotated[str, typer.Option(help=r"A folder or s3://bucket\[/prefix].")],
    timezone: Annotated[
        str | None, typer.Option(help="Zone whose days are the batch dates; else the configuration's.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Convert and report, but write nothing.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Convert files and write them to raw-sensor-data; the same file again replaces what it gave before."""
    import json as jsons

    from pothole import config as configuration
    from pothole.errors import BadInputError, UserError
    from pothole.ingest.convert import convert
    from pothole.ingest.mapping import load
    from pothole.ingest.write import write
    from pothole.lake import open_lake

    environ = {"POTHOLE__TIMEZONE": timezone} if timezone else None
    zone = (configuration.load(None, environ) if environ else configuration.load()).settings.timezone
    rules, opened = load(mapping), open_lake(lake, create=True)
    missing = [f for f in files if not f.is_file()]
    if missing:
        raise UserError(f"there is no file {missing[0]}")
    report = []
    for file in files:
        try:
            done = convert(file, rules, zone)
        except BadInputError:
            raise
        except Exception as error:  # what DuckDB's readers may say of a file
            if type(error).__module__.split(".")[0] not in ("duckdb", "_duckdb"):
                raise
            raise BadInputError(f"cannot read {file}: {str(error).splitlines()[0]}") from None
        written = [] if dry_run else write(opened, file, done.by_date)
        report.append(
            {
                "file": str(file), "rows_in": done.rows_in, "rows_out": sum(t.num_rows for t in done.by_date.values()),
                "dates": sorted(done.by_date), "rate_hz": round(done.median_rate_hz, 1), "times_spread": done.spread,
                "without_speed": done.invalid_speeds, "written": written,
            }
        )  # fmt: skip
    if json:
        out.print_json(jsons.dumps(report))
        return
    table = Table(title=f"{'would write' if dry_run else 'wrote'} to {opened.uri}", title_justify="left")
    for column in ("file", "rows in", "rows out", "dates", "rate Hz", "notes"):
        table.add_column(column, justify="right" if column in ("rows in", "rows out", "rate Hz") else "left")
    for entry in report:
        notes = [f"{entry['times_spread']:,} equal times spread"] if entry["times_spread"] else []
        notes += [f"{entry['without_speed']:,} rows without a speed"] if entry["without_speed"] else []
        table.add_row(
            Path(str(entry["file"])).name, f"{entry['rows_in']:,}", f"{entry['rows_out']:,}", ", ".join(entry["dates"]),  # type: ignore[arg-type]
            f"{entry['rate_hz']}", "; ".join(notes),
        )  # fmt: skip
    out.print(table)
    if any(e["rows_in"] != e["rows_out"] for e in report):
        err.print("rows without a time belong to no date and were left out", soft_wrap=True)
