"""``pothole deploy``: the cluster's code onto S3."""

from __future__ import annotations

from collections import Counter
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from pothole.cli import app
from pothole.cli.console import out, print_json

if TYPE_CHECKING:
    from pothole.cloud.bundle import Bundle
    from pothole.cloud.settings import CloudSettings

EXAMPLE = "Example: pothole deploy --dry-run"


@app.command(epilog=EXAMPLE)
def deploy(
    root: Annotated[
        Path | None, typer.Option(help="Folder that holds stage1/, ...; this one, else the package.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would change, and change nothing.")] = False,
    rollback: Annotated[bool, typer.Option("--rollback", help="Bring the former version back.")] = False,
    json: Annotated[bool, typer.Option("--json", help="With --dry-run: print the changes as JSON.")] = False,
) -> None:
    """Check the stages' configuration, upload their code to S3, verify it; the former version is kept.

    After the upload every file is read back and compared, then the version's manifest is replaced.
    """
    from pothole import repository
    from pothole.cloud import bundle
    from pothole.cloud.settings import from_environment
    from pothole.errors import UserError

    if json and not dry_run:
        raise UserError("--json goes with --dry-run", hint="pothole deploy --dry-run --json")
    settings = from_environment()
    made = bundle.earlier(settings) if rollback else bundle.build(repository.find(root), settings)
    if dry_run:
        _show(made, settings, json)
    else:
        bundle.deploy(made, settings, partial(out.print, markup=False, soft_wrap=True))


def _show(made: Bundle, settings: CloudSettings, as_json: bool) -> None:
    from pothole.cloud import bundle

    found, place = bundle.changes(made, settings), bundle.Store(settings).uri("")
    if as_json:
        changes = [{"path": c.path, "change": c.what, "bytes_before": c.before, "bytes_after": c.after} for c in found]
        print_json({"version": made.version, "place": place, "changes": changes})
        return
    table = Table(title=f"version {made.version} for {place}", title_justify="left")
    table.add_column("file", overflow="fold")
    table.add_column("change")
    for column in ("bytes now", "then"):
        table.add_column(column, justify="right")
    for change in found:
        table.add_row(change.path, _COLOURED.get(change.what, change.what), _size(change.before), _size(change.after))
    out.print(table)
    counts = Counter(change.what for change in found)
    out.print(", ".join(f"{count} {what}" for what, count in counts.items()))
    if counts["stray"]:
        out.print("stray files were not deployed by pothole; they stay, and the cluster does not take them")
    out.print("nothing was changed (--dry-run)")


_COLOURED = {
    "added": "[green]added[/]", "changed": "[yellow]changed[/]", "removed": "[red]removed[/]", "same": "[dim]same[/]",
}  # fmt: skip


def _size(size: int | None) -> str:
    return "-" if size is None else f"{size:,}"
