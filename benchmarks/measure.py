"""Timing whole processes: seconds and the peak memory of a process with its children."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Measurement:
    """Wall-clock seconds and peak resident memory (sum over the process and its descendants), GiB."""

    seconds: float
    peak_gib: float
    output: str


def run(command: Sequence[str], environment: dict[str, str] | None = None) -> Measurement:
    """Run a command to its end; SystemExit with its output when it fails."""
    start = time.perf_counter()
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ | (environment or {})
    )
    watch = _Watch(process.pid)
    watch.start()
    out, err = process.communicate()
    seconds = time.perf_counter() - start
    watch.ended.set()
    watch.join()
    if process.returncode != 0:
        sys.exit(f"{' '.join(command)} failed:\n{out[-2000:]}\n{err[-3000:]}")
    return Measurement(seconds, watch.peak / 2**30, out)


class _Watch(threading.Thread):
    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.pid, self.peak, self.ended = pid, 0, threading.Event()

    def run(self) -> None:
        while not self.ended.wait(0.1):
            self.peak = max(self.peak, sum(_resident(pid) for pid in _family(self.pid)))


def _family(pid: int) -> list[int]:
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text()
            except OSError:
                continue
            parents.setdefault(int(stat.rsplit(")", 1)[1].split()[1]), []).append(int(entry.name))
    family, todo = [], [pid]
    while todo:
        family.append(todo.pop())
        todo += parents.get(family[-1], [])
    return family


def _resident(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return 0
