"""``pothole run`` killed at any moment: every dataset is read whole, the old one or the new; the next run works."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pothole.lake import open_lake
from pothole.tables import CONDITION, IMPACTS, POTHOLES, QUARANTINE, TRAVERSALS
from tests.stages import drives

DAY = "2026-02-12"
KILLS = 22
PUBLISHED = (IMPACTS, TRAVERSALS, QUARANTINE, POTHOLES, CONDITION)


def start(lake: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "pothole", "run", DAY, "--lake", str(lake)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def read(lake: Path) -> dict[str, pa.Table]:
    opened = open_lake(str(lake))
    tables = {t.name: opened.read_table(t.name, DAY) for t in PUBLISHED}
    keys = {t.name: t.key or ("vehicle_id", "trip_id", "timestamp") for t in PUBLISHED}
    return {name: tables[name].sort_by([(key, "ascending") for key in keys[name]]) for name in tables}


def runs(lake: Path) -> list[str]:
    opened = open_lake(str(lake))
    return [opened.published(t.name, DAY).run_id for t in PUBLISHED]


def until_changed(lake: Path, before: list[str], process: subprocess.Popen[bytes]) -> None:
    while process.poll() is None and runs(lake) == before:
        time.sleep(0.01)


@pytest.mark.slow
def test_a_killed_run_leaves_every_dataset_whole(tmp_path: Path) -> None:
    lake, moments = tmp_path / "lake", random.Random(20260212)
    folder = lake / "raw-sensor-data" / f"dt={DAY}"
    folder.mkdir(parents=True)
    bad = drives.raw(trip="T9", seconds=10, kmh=-1.0)  # quarantined
    pq.write_table(pa.concat_tables([drives.raw(jolts_s=(12.3, 25.0, 41.7)), bad]), folder / "part-0.parquet")
    began = time.monotonic()
    assert start(lake).wait(120) == 0
    whole_s = time.monotonic() - began
    expected, leftovers, changed = read(lake), 0, 0
    for number in range(KILLS):
        before = runs(lake)
        process = start(lake)
        # Half of the kills anywhere, a quarter in its last part, a quarter as soon as a dataset is published.
        if number % 4 == 0:
            until_changed(lake, before, process)
        else:
            time.sleep(whole_s * moments.uniform(0.1 if number % 2 else 0.55, 1.0))
        process.kill()
        process.communicate()
        found = read(lake)
        for name, table in expected.items():
            assert found[name].equals(table), f"{name} after kill {number}"
        changed += runs(lake) != before
        leftovers += bool(open_lake(str(lake)).repair(DAY))
    assert leftovers > KILLS / 3, "the moments were such that nothing was ever interrupted"
    assert changed > 0, "no run ever came as far as publishing"
    assert start(lake).wait(120) == 0
    assert read(lake) == expected
    assert open_lake(str(lake)).repair(DAY) == []
