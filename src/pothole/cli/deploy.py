"""``pothole deploy``: the cluster's code onto S3."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from pothole.cli import app
from pothole.cli.console import out

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
    say = lambda text: out.print(text, markup=False, soft_wrap=True)  # noqa: E731
    if rollback:
        bundle.rollback(settings, say)
        return
    made = bundle.build(root, settings)
    table = Table(title=f"version {made.version} for {bundle.Store(settings).uri('')}", title_justify="left")
    table.add_column("file")
    table.add_column("change")
    for change in bundle.changes(made, settings):
        table.add_row(change.path, change.what)
    out.print(table)
    if not dry_run:
        bundle.deploy(made, settings, say)
