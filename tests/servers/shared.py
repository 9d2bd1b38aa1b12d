"""A folder that all workers of one run of pytest share, for what is dear to make and only read or copied."""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

VARIABLE = "POTHOLE_TESTS_SHARED"


def make() -> Path | None:
    """Make it before the workers start; None in a worker, which has it. The warden removes it."""
    if "PYTEST_XDIST_WORKER" in os.environ and VARIABLE in os.environ:
        return None
    os.environ[VARIABLE] = tempfile.mkdtemp(prefix="pothole-tests-")
    return Path(os.environ[VARIABLE])


def once(name: str, fill: Callable[[Path], object]) -> Path:
    """A folder in it that the first who asks has filled; the others wait for that."""
    folder = Path(os.environ[VARIABLE]) / name
    folder.mkdir(exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.with_suffix(".made").exists():
            fill(folder)
            folder.with_suffix(".made").touch()
    return folder
