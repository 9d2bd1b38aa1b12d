"""Both engines give the same rows: the contract's rule, checked on every dataset of a simulated day."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest

from pothole.lake import open_lake
from pothole.simulate.fleet import simulate
from pothole.tables import Table
from tests import needs
from tests.same_rows import PUBLISHED, assert_same, rows

DAY = "2026-02-12"
START = date.fromisoformat(DAY)
pytestmark = [pytest.mark.slow, pytest.mark.spark]


@pytest.fixture(scope="module")
def lakes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    needs.spark()
    folder = tmp_path_factory.mktemp("parity")
    simulate(folder / "duckdb", trips=24, vehicle_count=4, seed=11, start_date=START, broken_share=0.01)
    shutil.copytree(folder / "duckdb", folder / "spark")
    for engine in ("duckdb", "spark"):
        command = [sys.executable, "-m", "pothole", "run", DAY, "--lake", str(folder / engine), "--engine", engine]
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=900,
            env=os.environ | {"POTHOLE__ENGINE__SPARK_MASTER": "local[2]"},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-3000:]
    return {engine: folder / engine for engine in ("duckdb", "spark")}


@pytest.mark.parametrize("table", PUBLISHED, ids=lambda t: t.name)
def test_same_rows_on_both_engines(lakes: dict[str, Path], table: Table) -> None:
    assert rows(str(lakes["duckdb"]), table, DAY)
    assert_same(str(lakes["duckdb"]), str(lakes["spark"]), table, DAY)


def test_types_are_the_same(lakes: dict[str, Path]) -> None:
    for table in PUBLISHED:
        schemas: list[pa.Schema] = [open_lake(str(lake)).read_table(table.name, DAY).schema for lake in lakes.values()]
        assert schemas[0].types == schemas[1].types
