"""``pothole stage``: a stage of one's own."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from pothole.cli import app
from pothole.cli.console import out

stage = typer.Typer(no_args_is_help=True, help="Stages of your own, after the two of the house.")
app.add_typer(stage, name="stage")

_NEXT = """next:
  change src/pothole/stages/{stage}.py and its test; `python docs/columns.py` writes its table into the contract
  make lint && .venv/bin/python -m pytest tests/stages/test_{stage}.py
  pothole run DATE --lake LAKE --only-stage {stage}
  pothole deploy; the DAG has run_{stage} and check_s3_{stage}_out as soon as Airflow runs this code"""


@stage.callback()
def _group() -> None:
    """One command so far; others may come."""


@stage.command(epilog="Example: pothole stage new road_wear --dry-run")
def new(
    name: Annotated[str, typer.Argument(help="What it is for, such as road_wear: its dataset is stageN_NAME.")],
    root: Annotated[Path, typer.Option(help="The repository.")] = Path("."),
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the files, and write none.")] = False,
) -> None:
    """Make the next stage: a file with its function, settings and table, a line in the registry, and a test.

    As made it gives every pothole that is sure enough a priority; it runs with `pothole run` and on the cluster, where
    the DAG has its tasks.
    """
    from pothole import scaffold

    made = scaffold.plan(root, name)
    if not dry_run:
        made.write()
    say = partial(out.print, markup=False, soft_wrap=True)
    for what, paths in (("new", made.new), ("changed", [*made.changed, *made.made])):
        for path in paths:
            say(f"{what:<8}{path}")
    say("nothing was written (--dry-run)" if dry_run else _NEXT.format(stage=made.stage))
