"""A small simulated day that the embedded engine has run."""

from __future__ import annotations

import subprocess
import sys
from datetime import date
from pathlib import Path

from pothole.simulate.fleet import simulate
from tests.servers import shared

DAY = "2026-02-12"


def small_lake() -> Path:
    """A lake of ten trips and its layers, for all tests that only read it."""
    return shared.once("small-lake", _fill)


def _fill(lake: Path) -> None:
    simulate(lake, trips=10, vehicle_count=3, seed=11, start_date=date.fromisoformat(DAY), broken_share=0.01)
    embedded(lake)


def embedded(lake: Path) -> Path:
    """Run the day."""
    command = [sys.executable, "-m", "pothole", "run", DAY, "--lake", str(lake)]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    return lake
