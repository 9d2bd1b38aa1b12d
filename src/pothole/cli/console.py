"""What commands share in talking to a person: one console for results, one for messages, errors and progress."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from pothole import log
from pothole.errors import PotholeError

#: Results go to standard output, everything else to standard error. Colours only on a terminal.
out = Console(highlight=False)
err = Console(stderr=True, highlight=False)


def show_error(error: PotholeError) -> None:
    """Print an expected error: what happened, and on a line of its own what to do next."""
    if log.as_json():
        log.write(error.message, level="error", **({"hint": error.hint} if error.hint else {}))
        return
    err.print(f"[bold red]error:[/] {_plain(error.message)}", soft_wrap=True)
    if error.hint:
        err.print(f"[dim]hint:[/]  {_plain(error.hint)}", soft_wrap=True)


def warn(message: str) -> None:
    """Something that the person should know and that is no error."""
    if log.as_json():
        log.write(message, level="warning")
    else:
        err.print(message, style="yellow", markup=False, soft_wrap=True)


def print_json(content: Any) -> None:
    """A result for programs, on standard output."""
    typer.echo(json.dumps(content, indent=1, ensure_ascii=False))


def _plain(text: str) -> str:
    return text.replace("[", r"\[")


class steps:  # in lower case, since it reads as a function
    """A progress bar on a terminal, plain lines elsewhere, JSON lines where POTHOLE_LOG asks for them."""

    def __enter__(self) -> steps:
        self._bar: Progress | None = None
        self._last: str | None = None
        self._json = log.as_json()
        if err.is_terminal and not self._json:
            self._bar = Progress(
                SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), console=err,
                transient=True,
            )  # fmt: skip
            self._task = self._bar.add_task("starting", total=1.0)
            self._bar.start()
        return self

    def __call__(self, what: str, share: float) -> None:
        """Say what is being done, and how much of all is done (0..1)."""
        if self._bar is not None:
            self._bar.update(self._task, description=what, completed=share)
        elif what != self._last:
            self._last = what
            if self._json:
                log.write(what, share=round(share, 3))
                return
            err.print(f"{datetime.now().astimezone():%Y-%m-%dT%H:%M:%S%z} {what}", soft_wrap=True)

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()
