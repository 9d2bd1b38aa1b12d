"""Both engines give the same rows: the contract's rule, checked on every dataset of a simulated day."""

from __future__ import annotations

import math
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
from pothole.tables import CONDITION, IMPACTS, POTHOLES, QUARANTINE, TRAVERSALS, Table

DAY = "2026-02-12"
START = date.fromisoformat(DAY)
pytestmark = [pytest.mark.slow, pytest.mark.spark]


@pytest.fixture(scope="module")
def lakes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    if shutil.which("java") is None:
        pytest.skip("Java is not installed; Spark cannot run")
    pytest.importorskip("pyspark")
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


def rows(lake: Path, table: Table) -> list[dict[str, object]]:
    found = open_lake(str(lake)).read_table(table.name, DAY)
    key = list(table.key) or [*found.column_names]
    return sorted(found.to_pylist(), key=lambda row: [str(row[k]) for k in key])


def close(a: object, b: object) -> bool:
    if isinstance(a, float) and isinstance(b, float):
        return (math.isnan(a) and math.isnan(b)) or abs(a - b) <= 1e-9 + 1e-9 * abs(a)
    return a == b


@pytest.mark.parametrize("table", [IMPACTS, TRAVERSALS, QUARANTINE, POTHOLES, CONDITION], ids=lambda t: t.name)
def test_same_rows_on_both_engines(lakes: dict[str, Path], table: Table) -> None:
    ours, theirs = rows(lakes["duckdb"], table), rows(lakes["spark"], table)
    assert len(ours) == len(theirs)
    assert len(ours) > 0
    different = [
        (a.get("timestamp", a), name, a[name], b[name])
        for a, b in zip(ours, theirs, strict=True)
        for name in table.names
        if not close(a[name], b[name])
    ]
    assert not different, different[:5]


def test_types_are_the_same(lakes: dict[str, Path]) -> None:
    for table in (IMPACTS, TRAVERSALS, QUARANTINE, POTHOLES, CONDITION):
        schemas: list[pa.Schema] = [open_lake(str(lake)).read_table(table.name, DAY).schema for lake in lakes.values()]
        assert schemas[0].types == schemas[1].types
