"""``pothole config``: what the settings are and where each came from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from pothole.cli import app
from pothole.cli.console import out

commands = typer.Typer(help="Show or check the configuration.", no_args_is_help=True)
app.add_typer(commands, name="config")

_File = Annotated[Path | None, typer.Option("--config", help="YAML file with settings.")]
_Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@commands.command(epilog="Example: pothole config show --config pothole.yaml")
def show(config: _File = None, json: _Json = False) -> None:
    """Every key with its value, where it came from and what it means; units are in the names."""
    from json import dumps

    from pothole import config as configuration

    rows = configuration.rows(configuration.load(config))
    if json:
        out.print_json(dumps([dict(zip(("key", "value", "source", "meaning"), row, strict=True)) for row in rows]))
        return
    table = Table(title="configuration", title_justify="left")
    for column in ("key", "value", "source", "meaning"):
        table.add_column(column, overflow="fold")
    for key, value, source, meaning in rows:
        table.add_row(key, str(value), source, meaning)
    out.print(table)


@commands.command(epilog="Example: pothole config check --config pothole.yaml")
def check(config: _File = None) -> None:
    """Validate the file and the environment; exit status 2 with the key that is wrong."""
    from pothole import config as configuration

    loaded = configuration.load(config)
    keys = len(configuration.rows(loaded))
    out.print(f"configuration is valid: {len(loaded.sources)} of {keys} keys set, hash {loaded.hash}")
