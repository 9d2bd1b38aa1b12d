"""The ``pothole`` command: each subcommand is a thin call; expected errors become one message and an exit status."""

from __future__ import annotations

import importlib.util
import sys
from typing import Annotated

import typer

from pothole import __version__

app = typer.Typer(
    name="pothole",
    help="From a fleet's raw accelerometer, gyroscope and GPS samples to a ranked list of potholes, day by day.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

#: Modules of this package that add their commands to ``app`` when imported, in the order of ``pothole --help``.
_COMMANDS = (
    "run", "simulate", "ingest", "roads", "report", "evaluate", "config", "lake",
    "deploy", "trigger", "check", "airflow", "airflow_services", "artefacts", "env",
)  # fmt: skip


def _version(show: bool) -> None:
    if show:
        typer.echo(f"pothole {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Nothing of its own: the options shared by all commands."""


def load() -> typer.Typer:
    """The application with all its commands."""
    for name in _COMMANDS:
        if importlib.util.find_spec(f"pothole.cli.{name}"):
            importlib.import_module(f"pothole.cli.{name}")
    return app


def main() -> None:
    """Entry point: run a command; expected errors are printed without a traceback. Exit status 0, 1 or 2."""
    from pothole.cli.console import show_error
    from pothole.errors import PotholeError

    try:
        load()()
    except PotholeError as error:
        show_error(error)
        sys.exit(error.exit_status)
