"""What commands share in talking to a person: one console for results, one for messages, errors and progress."""

from __future__ import annotations

from rich.console import Console

from pothole.errors import PotholeError

#: Results go to standard output, everything else to standard error. Colours only on a terminal.
out = Console(highlight=False)
err = Console(stderr=True, highlight=False)


def show_error(error: PotholeError) -> None:
    """Print an expected error: what happened, and on a line of its own what to do next."""
    err.print(f"[bold red]error:[/] {_plain(error.message)}", soft_wrap=True)
    if error.hint:
        err.print(f"[dim]hint:[/]  {_plain(error.hint)}", soft_wrap=True)


def _plain(text: str) -> str:
    return text.replace("[", r"\[")
