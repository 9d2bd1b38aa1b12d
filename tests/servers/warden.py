"""Ends every process that a run of pytest has started as soon as pytest itself is gone, in whichever way.

Processes are known by a variable of their environment, which they inherit. Fixtures end what they have started by
themselves; the warden is for a suite that is ended from outside in the middle of a test.
"""

from __future__ import annotations

import os
import select
import shutil
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import FrameType

VARIABLE = "POTHOLE_TESTS_RUN"


def watch(*folders: Path) -> None:
    """Set the variable; SIGTERM is an interrupt from now on, so that fixtures are torn down; folders go at the end."""
    mark = uuid.uuid4().hex
    subprocess.Popen(
        [sys.executable, "-I", "-S", __file__, str(os.getpid()), mark, *map(str, folders)], start_new_session=True,
        env={name: value for name, value in os.environ.items() if name != VARIABLE},
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    os.environ[VARIABLE] = mark
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, _interrupt)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt("SIGTERM")


def marked(mark: str) -> Iterator[int]:
    """The processes that have the variable."""
    for file in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):
            if f"{VARIABLE}={mark}".encode() in file.read_bytes().split(b"\0"):
                yield int(file.parent.name)


def main(pid: int, mark: str, folders: list[str]) -> None:
    """Wait for the end of pytest, then end what is left."""
    with suppress(ProcessLookupError):
        select.select([os.pidfd_open(pid)], [], [])
    while left := list(marked(mark)):
        for process in left:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        time.sleep(0.05)
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], sys.argv[3:])
