"""Log lines as JSON objects, one a line on standard error, where ``POTHOLE_LOG=json`` asks for them.

Every line has ``time``, ``level`` and ``message``, and what is bound where it is written: run id, date, stage. Standard
library only, since stage programs on a cluster write them too.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

from pothole.errors import ConfigError

VARIABLE = "POTHOLE_LOG"
FORMATS = ("text", "json")

_bound: ContextVar[Mapping[str, Any] | None] = ContextVar("bound", default=None)


def as_json() -> bool:
    """Are lines wanted as JSON?"""
    return _wanted() == "json"


def check() -> None:
    """ConfigError for a format that is none."""
    if _wanted() not in FORMATS:
        raise ConfigError(f"{VARIABLE} is {_wanted()!r}", hint=f"expected {' or '.join(FORMATS)}")


def _wanted() -> str:
    return os.environ.get(VARIABLE, "").strip().lower() or "text"


@contextmanager
def bound(**fields: Any) -> Iterator[None]:
    """Every line written inside has these fields."""
    token = _bound.set({**(_bound.get() or {}), **fields})
    try:
        yield
    finally:
        _bound.reset(token)


def write(message: str, *, level: str = "info", **fields: Any) -> None:
    """One line."""
    at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    line = {"time": at, "level": level, "message": message, **(_bound.get() or {}), **fields}
    print(json.dumps(line, ensure_ascii=False, default=str), file=sys.stderr, flush=True)


def error_in(line: str) -> str | None:
    """What a line tells as an error, in one piece, whichever format it has; None for any other line."""
    if line.startswith("ERROR "):
        return line
    try:
        found = json.loads(line) if line.startswith('{"time"') else {}
    except ValueError:
        return None
    if found.get("level") != "error":
        return None
    return f"ERROR {' | '.join(str(found[name]) for name in ('message', 'hint') if found.get(name))}"
