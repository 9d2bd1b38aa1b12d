"""Programs started as sessions of their own, known again by another process, and ended with all their children.

A program is known by its process id and time of start, so that an id that was used again is never ended. Linux alone.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_END_SECONDS = 20.0


@dataclass(frozen=True)
class Process:
    """A program's first process, the leader of its session."""

    name: str
    pid: int
    started: str
    """Ticks between the machine's boot and its start, as /proc tells."""

    @property
    def alive(self) -> bool:
        """Is it this very process, and at work?"""
        return _started(self.pid) == self.started


def spawn(name: str, command: Sequence[str], environ: Mapping[str, str], log: Path) -> Process:
    """Start a program; what it says is added to its log."""
    with log.open("ab") as file:
        process = subprocess.Popen(
            command, env=dict(environ), stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT,
            start_new_session=True,
        )  # fmt: skip
    return Process(name, process.pid, _started(process.pid) or "")


def end(processes: Iterable[Process]) -> None:
    """End the sessions, also those whose first process has ended: politely, and what is left after 20 s by force.

    Signals to this process wait until that is done.
    """
    ours = [p for p in processes if _started(p.pid) in (None, p.started)]
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
    try:
        _end(ours)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _end(ours: Sequence[Process]) -> None:
    for how, seconds in ((signal.SIGTERM, _END_SECONDS), (signal.SIGKILL, 5.0)):
        deadline = time.monotonic() + seconds
        for pid in _members(ours):
            with suppress(ProcessLookupError):
                os.kill(pid, how)
        while _members(ours) and time.monotonic() < deadline:
            time.sleep(0.1)


def _members(processes: Iterable[Process]) -> list[int]:
    """All processes of their sessions that have not ended."""
    sessions = {process.pid for process in processes}
    return [pid for pid in map(int, filter(str.isdigit, os.listdir("/proc"))) if _session(pid) in sessions]


def _session(pid: int) -> int | None:
    fields = _stat(pid)
    return int(fields[3]) if fields else None


def _started(pid: int) -> str | None:
    fields = _stat(pid)
    return fields[19] if fields else None


def _stat(pid: int) -> list[str] | None:
    """What follows the name in /proc/PID/stat; None for a process that has ended, a zombie too."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else fields
