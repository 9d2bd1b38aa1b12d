"""A small simulated day that the embedded engine has run."""

from __future__ import annotations

import subprocess
import sys
from datetime import date
from pathlib import Path

from pothole.simulate.fleet import simulate

DAY = "2026-02-12"


def embedded_day(lake: Path, day: str) -> Path:
    simulate(lake, trips=10, vehicle_count=3, seed=11, start_date=date.fromisoformat(day), broken_share=0.01)
    command = [sys.executable, "-m", "pothole", "run", day, "--lake", str(lake)]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    return lake
