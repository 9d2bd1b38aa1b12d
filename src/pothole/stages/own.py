"""Stages of your own: each a module of this package, run after the two of the house. `pothole stage new` adds them.

A stage's module has ``INPUTS`` (the tables that it reads), ``OUTPUT`` (the one that it gives) and
``run(*frames, date, settings)``, a pure function with a frame for every input.
"""

from __future__ import annotations

#: Their modules' names, in the order in which they run.
OWN: tuple[str, ...] = ()
