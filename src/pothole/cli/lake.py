"""``pothole lake``: what lies in a lake, and the removal of what killed runs left there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich import box
from rich.markup import escape
from rich.table import Table

from pothole.cli import app
from pothole.cli.console import err, out
from pothole.tables import RAW

if TYPE_CHECKING:
    from pothole.lake import DateState, Partition

commands = typer.Typer(help="Show what lies in a lake, or remove what killed runs left there.", no_args_is_help=True)
app.add_typer(commands, name="lake")

_Date = Annotated[str | None, typer.Argument(help="Batch date, YYYY-MM-DD; all dates without it.")]
_Lake = Annotated[str, typer.Option(help=r"A folder or s3://bucket\[/prefix].")]
_Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@commands.command(epilog="Example: pothole lake show 2026-02-12 --lake ./lake")
def show(lake: _Lake, date: _Date = None, json: _Json = False) -> None:
    """Each date's datasets with rows, size and the run that made them; locks, damage and leftovers."""
    from json import dumps

    from pothole.config import parse_date
    from pothole.errors import NoDataError
    from pothole.lake import open_lake

    opened = open_lake(lake)
    states = opened.states(parse_date(date) if date else None)
    if not states:
        of = f" of {date}" if date else ""
        raise NoDataError(
            f"there is nothing{of} in {opened.uri}", hint="pothole simulate and pothole ingest bring data"
        )
    if json:
        out.print_json(dumps([_plain(state) for state in states]))
        return
    out.print(_table(opened.uri, states))
    _print_notes(states, lake)


@commands.command(epilog="Example: pothole lake repair --lake ./lake")
def repair(lake: _Lake, date: _Date = None, json: _Json = False) -> None:
    """Remove run folders that no manifest lists, half-written files and expired locks.

    What is published stays, and so does everything of a date that a living run holds.
    """
    from json import dumps

    from pothole.config import parse_date
    from pothole.lake import open_lake

    opened = open_lake(lake)
    removed = opened.repair(parse_date(date) if date else None)
    if json:
        out.print_json(dumps({"removed": removed}))
        return
    for path in removed:
        out.print(f"removed {escape(path)}", soft_wrap=True)
    if not removed:
        out.print("nothing to remove")


def _table(uri: str, states: list[DateState]) -> Table:
    table = Table(title=escape(uri), title_justify="left", box=box.SIMPLE_HEAD)
    for column in ("dataset", "rows", "files", "MB", "run"):
        table.add_column(column, justify="left" if column in ("dataset", "run") else "right", overflow="fold")
    for state in states:
        table.add_row(f"[bold]{state.date}[/]")
        if state.raw_files:
            table.add_row(RAW.name, "", f"{state.raw_files:,}", f"{state.raw_bytes / 1e6:,.1f}", "")
        for partition in state.partitions:
            table.add_row(partition.dataset, *_cells(partition))
        table.add_section()
    return table


def _cells(partition: Partition) -> tuple[str, ...]:
    manifest = partition.manifest
    if manifest is None:
        return ("", "", "", "[red]damaged[/]" if partition.problem else "[dim]not published[/]")
    return (
        f"{manifest.rows:,}", f"{len(manifest.files):,}", f"{manifest.total_bytes / 1e6:,.1f}", manifest.run_id,
    )  # fmt: skip


def _print_notes(states: list[DateState], lake: str) -> None:
    for state in states:
        if state.holder is not None:
            whose = f"run {state.holder.get('run_id')} since {state.holder.get('since')}"
            word = "was held by a run that is gone:" if state.lock_expired else "is held by"
            err.print(f"{state.date} {word} {escape(whose)}", soft_wrap=True)
        for partition in state.partitions:
            if partition.problem:
                err.print(f"[red]damaged[/] {escape(partition.problem)}", soft_wrap=True)
    leftovers = sum(len(p.leftovers) for state in states for p in state.partitions)
    if leftovers:
        noun = "leftover" if leftovers == 1 else "leftovers"
        err.print(
            f"{leftovers} {noun} of killed runs; to remove: pothole lake repair --lake {escape(lake)}", soft_wrap=True
        )


def _plain(state: DateState) -> dict[str, Any]:
    holder = state.holder
    return {
        "date": state.date,
        "raw": {"files": state.raw_files, "bytes": state.raw_bytes},
        "lock": None if holder is None else {"run_id": holder.get("run_id"), "expired": state.lock_expired},
        "datasets": {p.dataset: _plain_partition(p) for p in state.partitions},
    }


def _plain_partition(partition: Partition) -> dict[str, Any]:
    manifest = partition.manifest
    published = None
    if manifest is not None:
        sizes = {"rows": manifest.rows, "files": len(manifest.files), "bytes": manifest.total_bytes}
        published = {"run_id": manifest.run_id, "code_version": manifest.code_version, **sizes}
    return {"published": published, "problem": partition.problem, "leftovers": list(partition.leftovers)}
