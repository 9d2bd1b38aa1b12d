"""A folder that all workers of one run of pytest share."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

VARIABLE = "POTHOLE_TESTS_SHARED"


def shared_folder() -> Path:
    """The folder; ``tests/conftest.py`` makes it before the workers start, and removes it at the end."""
    return Path(os.environ[VARIABLE])


def make() -> Path | None:
    """Make it, unless a run has done so that this process is a worker of."""
    if "PYTEST_XDIST_WORKER" in os.environ and VARIABLE in os.environ:
        return None
    os.environ[VARIABLE] = tempfile.mkdtemp(prefix="pothole-tests-")
    return shared_folder()
