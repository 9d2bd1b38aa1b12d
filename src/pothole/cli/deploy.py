"""``pothole deploy``: the cluster's code onto S3."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from pothole.cli import app
from pothole.cli.console import out

if TYPE_CHECKING:
    from pothole.cloud.bundle import Bundle
    from pothole.cloud.settings import CloudSettings

EXAMPLE = "Example: pothole deploy --dry-run"


@app.command(epilog=EXAMPLE)
def deploy(
    root: Annotated[Path, typer.Option(help="Folder that holds stage1/, stage2/, ...")] = Path("."),
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would change, and change nothing.")] = False,
    rollback: Annotated[bool, typer.Option("--rollback", help="Bring the former version back.")] = False,
) -> None:
    """Check the stages' configuration, upload their code to S3, verify it; the former version is kept."""
    from pothole.cloud import bundle
    from pothole.cloud.settings import from_environment

    settings = from_environment()
    made = bundle.earlier(settings) if rollback else bundle.build(root, settings)
    if dry_run:
        _show(made, settings)
    else:
        bundle.deploy(made, settings, partial(out.print, markup=False, soft_wrap=True))


def _show(made: Bundle, settings: CloudSettings) -> None:
    from pothole.cloud import bundle

    table = Table(title=f"version {made.version} for {bundle.Store(settings).uri('')}", title_justify="left")
    table.add_column("file", overflow="fold")
    table.add_column("change")
    for change in bundle.changes(made, settings):
        table.add_row(change.path, change.what)
    out.print(table)
    out.print("nothing was changed (--dry-run)")
