"""The README's lines for a day run as they stand; those with names in capitals run with files of these names' kinds."""

from __future__ import annotations

import math
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests import needs
from tests.docs.pages import ROOT, blocks
from tests.servers.day import DAY

pytestmark = pytest.mark.slow
HEAD = "timestamp,longitude,latitude,speed,accelerometerX,accelerometerY,accelerometerZ,gyroX,gyroY,gyroZ\n"
START_S = 1770858000.0  # 10:00 of DAY in Seoul


def block(first: str) -> str:
    (found,) = (text for text in blocks("README.md") if text.startswith(first))
    return found


def shell(script: str, folder: Path) -> str:
    """What a shell that ends at the first failure prints; ``pothole`` is the one under test."""
    called = f"set -euo pipefail\npothole() {{ '{sys.executable}' -m pothole \"$@\"; }}\n{script}"
    done = subprocess.run(
        [needs.program("bash"), "-c", called], cwd=folder, capture_output=True, text=True, check=False, timeout=600
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-3000:]
    return done.stdout + done.stderr


def test_a_simulated_fleets_day(tmp_path: Path):
    told = shell(block("pothole simulate"), tmp_path)
    assert "stage2_spatial_clustering" in told
    assert "recall" in told and "stage1.detect" in told
    assert (tmp_path / "sim/reports" / f"dt={DAY}" / f"report-{DAY}.html").is_file()


def test_a_day_with_files_of_ones_own(tmp_path: Path):
    for extra in ("pyogrio", "shapely"):
        needs.module(extra)
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    shutil.copy(ROOT / "tests/roads/data/helsinki.osm.pbf", tmp_path / "CITY.osm.pbf")
    for number in (1, 2):
        (tmp_path / f"TRIP{number}.csv").write_text(HEAD + "".join(drive(number)))
    told = shell(block("pothole ingest").replace("DATE", DAY), tmp_path)
    assert f"pothole run {DAY} --lake" in told and "driven" in told
    assert (tmp_path / "lake/road-network/segments.csv").is_file()


def drive(number: int) -> list[str]:
    """Two minutes at 10 m/s, 20 samples a second, with a jolt every ten seconds."""
    lines = []
    for n in range(2400):
        t, jolt = START_S + 600 * number + n / 20, 0.8 if n % 200 == 100 else 0.02 * math.sin(n)
        lines.append(f"{t:.3f},{24.94 + n * 9e-6:.6f},60.17,10.0,0.0,0.0,{-1 - jolt:.4f},0.0,0.0,0.0\n")
    return lines
