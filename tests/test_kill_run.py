"""``pothole run`` killed at any point: every dataset is read whole, the old one or the new; the next run works."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pothole.lake import open_lake
from pothole.tables import CONDITION, IMPACTS, POTHOLES, QUARANTINE, TRAVERSALS
from tests.stages import drives

DAY = "2026-02-12"
PUBLISHED = (IMPACTS, TRAVERSALS, QUARANTINE, POTHOLES, CONDITION)
POINTS = [("says", n) for n in range(1, 6)] + [("writes", n) for n in range(1, 12)] + [("publishes", n) for n in (1, 3)]
"""A run is killed as soon as it has said so many lines, written so many files, published so many datasets."""


class Run:
    """A run of the day, and what can be seen of it from outside."""

    def __init__(self, lake: Path) -> None:
        self.lake, self.said = lake, lake.parent / "said"
        self.files, self.published = files(lake), runs(lake)
        command = [sys.executable, "-m", "pothole", "run", DAY, "--lake", str(lake)]
        with self.said.open("wb") as out:
            self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=out)

    def says(self) -> int:
        return self.said.read_bytes().count(b"\n")

    def writes(self) -> int:
        return len(files(self.lake) - self.files)

    def publishes(self) -> int:
        return sum(now != before for now, before in zip(runs(self.lake), self.published, strict=True))

    def kill_when(self, seen: Callable[[], int], enough: int) -> None:
        while self.process.poll() is None and seen() < enough:
            time.sleep(0.005)
        self.process.kill()
        self.process.wait()


def files(lake: Path) -> set[str]:
    return {os.path.join(folder, name) for folder, _, names in os.walk(lake) for name in names}


def runs(lake: Path) -> list[str]:
    found = [open_lake(str(lake)).manifest(t.name, DAY) for t in PUBLISHED]
    return [manifest.run_id if manifest else "" for manifest in found]


def read(lake: Path) -> dict[str, pa.Table]:
    opened = open_lake(str(lake))
    tables = {t.name: opened.read_table(t.name, DAY) for t in PUBLISHED}
    keys = {t.name: t.key or ("vehicle_id", "trip_id", "timestamp") for t in PUBLISHED}
    return {name: tables[name].sort_by([(key, "ascending") for key in keys[name]]) for name in tables}


@pytest.mark.slow
def test_a_killed_run_leaves_every_dataset_whole(tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    folder = lake / "raw-sensor-data" / f"dt={DAY}"
    folder.mkdir(parents=True)
    bad = drives.raw(trip="T9", seconds=10, kmh=-1.0)  # quarantined
    pq.write_table(pa.concat_tables([drives.raw(jolts_s=(12.3, 25.0, 41.7)), bad]), folder / "part-0.parquet")
    assert Run(lake).process.wait(120) == 0
    expected, leftovers, changed = read(lake), 0, 0
    for what, enough in POINTS:
        run = Run(lake)
        run.kill_when(getattr(run, what), enough)
        found = read(lake)
        for name, table in expected.items():
            assert found[name].equals(table), f"{name} of a run killed when it {what} {enough}"
        changed += runs(lake) != run.published
        leftovers += bool(open_lake(str(lake)).repair(DAY))
    assert leftovers > len(POINTS) / 3, "the points were such that nothing was ever interrupted"
    assert changed > 0, "no run ever came as far as publishing"
    assert Run(lake).process.wait(120) == 0
    assert read(lake) == expected
    assert open_lake(str(lake)).repair(DAY) == []
