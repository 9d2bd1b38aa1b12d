"""``pothole run``: the day."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from pothole.cli import app
from pothole.cli.console import out, steps, warn

EXAMPLE = "Example: pothole run 2026-02-12 --lake ./lake"


@app.command(epilog=EXAMPLE)
def run(
    date: Annotated[str, typer.Argument(help="Batch date, YYYY-MM-DD.")],
    lake: Annotated[str, typer.Option(help="A folder or s3://bucket\\[/prefix].")],
    engine: Annotated[str, typer.Option(help="duckdb (in this process) or spark.")] = "duckdb",
    config: Annotated[Path | None, typer.Option(help="YAML file with settings.")] = None,
    from_stage: Annotated[str | None, typer.Option(help="Start with this stage: stage1 or stage2.")] = None,
    only_stage: Annotated[str | None, typer.Option(help="Run this stage alone.")] = None,
    skip_bad_files: Annotated[bool, typer.Option("--skip-bad-files", help="Go on without unreadable files.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print what was done as JSON.")] = False,
) -> None:
    """Run a day: raw samples to impacts (stage 1), impacts to potholes and segment conditions (stage 2)."""
    from pothole import config as configuration
    from pothole import engines, log, pipeline
    from pothole.lake import new_run_id, open_lake

    loaded = configuration.load(config)
    day = configuration.parse_date(date)
    stages = pipeline.chosen_stages(from_stage, only_stage)
    opened = open_lake(lake)
    engines.check(engine)

    def start() -> engines.Engine:
        return engines.from_settings(engine, loaded.settings.engine, opened)

    run_id = new_run_id()
    with log.bound(run_id=run_id, date=day), steps() as advance:
        report = pipeline.run_day(
            opened, day, loaded, start, stages=stages, skip_bad_files=skip_bad_files, progress=advance, run_id=run_id
        )
    _show(report, json)


def _show(report: object, as_json: bool) -> None:
    import dataclasses
    import json

    from pothole.pipeline import DayReport

    assert isinstance(report, DayReport)  # noqa: S101 -- tells mypy what main knows
    if as_json:
        out.print_json(json.dumps(dataclasses.asdict(report)))
        return
    table = Table(title=f"{report.date}, run {report.run_id}", title_justify="left")
    for column in ("stage", "what", "rows"):
        table.add_column(column, justify="right" if column == "rows" else "left")
    for stage in report.stages:
        for i, (what, rows) in enumerate(stage.rows.items()):
            table.add_row(f"{stage.stage} ({stage.seconds:.1f} s)" if i == 0 else "", what, f"{rows:,}")
        for reason, rows in sorted(stage.quarantined.items()):
            table.add_row("", f"  refused: {reason}", f"{rows:,}")
        table.add_section()
    out.print(table)
    for path, reason in report.skipped_files:
        warn(f"skipped {path}: {reason}")
