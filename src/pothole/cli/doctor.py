"""``pothole doctor``: is everything in place for a run?"""

from __future__ import annotations

import json as jsons
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from pothole.cli import app
from pothole.cli.console import err, out

if TYPE_CHECKING:
    from pothole.doctor import Finding

EXAMPLE = "Example: pothole doctor 2026-02-12 --only ssh --only code"
_COLOURS = {"ok": "green", "warning": "yellow", "wrong": "bold red", "not checked": "dim"}


@app.command(epilog=EXAMPLE)
def doctor(
    date: Annotated[str | None, typer.Argument(help="Batch date, YYYY-MM-DD; by default yesterday.")] = None,
    only: Annotated[list[str] | None, typer.Option(help="Only this check, and what it needs; may be repeated.")] = None,
    root: Annotated[
        Path | None, typer.Option(help="Folder that holds stage1/, ...; this one, else the package.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Look at everything that a run on the cluster needs, and print what mends what is wrong.

    Nothing is changed and no machine is started: what only a running node can tell is `not checked` while it is off.
    Exit status 0 if nothing is wrong (warnings are allowed), 1 if something is.
    """
    from pothole import repository
    from pothole.cloud import trigger
    from pothole.doctor import Context, Status, examine

    day = trigger.batch_day(date, trigger.zone(os.environ))
    found: list[tuple[str, Finding]] = []
    for name, findings in examine(Context(os.environ, day, repository.find(root)), only or ()):
        if err.is_terminal and not json:
            err.print(f"[dim]{name}: {findings[0].status}[/]")
        found += [(name, finding) for finding in findings]
    good = all(finding.status is not Status.WRONG for _, finding in found)
    if json:
        typer.echo(jsons.dumps({"date": day, "ok": good, "checks": [_plain(*f) for f in found]}, ensure_ascii=False))
    else:
        _show(day, found)
    if not good:
        raise typer.Exit(1)


def _plain(name: str, finding: Finding) -> dict[str, str]:
    return {"check": name, "status": finding.status.value, "found": finding.found, "fix": finding.fix}


def _show(day: str, found: list[tuple[str, Finding]]) -> None:
    from rich.text import Text

    table = Table(title=f"what a run of {day} needs", title_justify="left")
    table.add_column("check", no_wrap=True)
    table.add_column("status", no_wrap=True)
    table.add_column("found, and what mends it", overflow="fold")
    for name, finding in found:
        told = Text(finding.found)
        if finding.fix:
            told.append(f"\nfix: {finding.fix}", style="bold")
        table.add_row(name, Text(finding.status.value, style=_COLOURS[finding.status.value]), told)
    out.print(table)
    counts = {s: sum(f.status.value == s for _, f in found) for s in _COLOURS}
    out.print(", ".join(f"{n} {status}" for status, n in counts.items() if n))
