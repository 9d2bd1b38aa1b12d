"""The ``pothole`` command: each subcommand is a thin call; expected errors become one message and an exit status."""

from __future__ import annotations

import importlib.util
import os
import sys
import traceback
from typing import TYPE_CHECKING, Annotated

import typer

from pothole import __version__

if TYPE_CHECKING:
    from pothole.errors import PotholeError

app = typer.Typer(
    name="pothole",
    help="From a fleet's raw accelerometer, gyroscope and GPS samples to a ranked list of potholes, day by day.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

_debug = False
_MISTAKE = "a mistake in pothole: run it again as `pothole --debug ...`"

#: Modules of this package that add their commands to ``app`` when imported, in the order of ``pothole --help``.
_COMMANDS = (
    "run", "simulate", "ingest", "roads", "report", "evaluate", "config", "lake",
    "deploy", "trigger", "backfill", "rerun", "status", "logs", "metrics", "check", "airflow", "airflow_services",
    "artefacts", "env", "doctor", "stage",
)  # fmt: skip


def _version(show: bool) -> None:
    if show:
        typer.echo(f"pothole {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[  # noqa: ARG001 -- its callback uses it
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show where an error arose: its traceback.")] = False,
) -> None:
    """The options shared by all commands."""
    from pothole import log

    global _debug
    _debug = debug
    log.check()


def load() -> typer.Typer:
    """The application with all its commands."""
    for name in _COMMANDS:
        if importlib.util.find_spec(f"pothole.cli.{name}"):
            importlib.import_module(f"pothole.cli.{name}")
    return app


def main() -> None:
    """Entry point: run a command. Exit status 0, 1 or 2; an error is one message, with ``--debug`` and a traceback."""
    from pothole.cli.console import show_error
    from pothole.errors import PotholeError

    try:
        load()()
    except PotholeError as error:
        _trace()
        show_error(error)
        sys.exit(error.exit_status)
    except ModuleNotFoundError as error:
        _trace()
        told = _missing(error)
        show_error(told)
        sys.exit(told.exit_status)
    except BrokenPipeError:  # who was to read it has gone: `pothole logs ... | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except Exception as error:
        _trace()
        show_error(PotholeError(_unexpected(error), hint=_MISTAKE))
        sys.exit(1)


def _trace() -> None:
    if _debug:
        traceback.print_exc()


def _missing(error: ModuleNotFoundError) -> PotholeError:
    """A library of an extra is for the operator to install; any other module is a mistake of this package."""
    from pothole import extras
    from pothole.errors import PotholeError

    name = str(error.name).partition(".")[0]
    return extras.missing(name) if name in extras.EXTRAS else PotholeError(_unexpected(error), hint=_MISTAKE)


def _unexpected(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())
