"""How what is done with the cluster tells of it: a line at a time, to the terminal or to a task's log."""

from __future__ import annotations

from collections.abc import Callable

Say = Callable[[str], None]
