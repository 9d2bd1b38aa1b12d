"""What a day has to pass before it is published."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pothole.errors import BadInputError, PipelineFailure
from pothole.lake import RawFile
from pothole.pipeline import gate
from tests.servers.day import small_lake

FILES = (RawFile("a.parquet", 10, 60), RawFile("b.parquet", 10, 40))


def test_every_row_is_used_or_quarantined():
    gate.check_whole({"in": 100, "used": 90, "quarantined": 10}, FILES, lambda file: pytest.fail("counted anew"))


def test_a_file_that_was_replaced_meanwhile_is_named():
    with pytest.raises(BadInputError, match=r"used and 8 quarantined: b\.parquet had 40 rows .*, and now 38 are read"):
        gate.check_whole(
            {"in": 100, "used": 90, "quarantined": 8}, FILES, {"a.parquet": 60, "b.parquet": 38}.__getitem__
        )


def test_rows_that_a_stage_loses_are_its_mistake():
    with pytest.raises(PipelineFailure, match="100 rows came in, but 95 were used and 10 quarantined; nothing is publ"):
        gate.check_whole(
            {"in": 100, "used": 95, "quarantined": 10}, FILES, {"a.parquet": 60, "b.parquet": 40}.__getitem__
        )


REPLACED = """
import shutil, sys
from pathlib import Path
import pyarrow.parquet as pq
from pothole import analysis, engines
from pothole.engines.duckdb import DuckDBEngine
from pothole.errors import BadInputError

raw = sorted(Path(sys.argv[1], "raw-sensor-data", "dt=2026-02-12").glob("*.parquet"))[0]
unique = DuckDBEngine.keys_are_unique

def replaced(self, files):
    pq.write_table(pq.read_table(raw).slice(7), raw)
    return unique(self, files)

DuckDBEngine.keys_are_unique = replaced
try:
    analysis.run_day(sys.argv[1], "2026-02-12")
except BadInputError as error:
    print(raw.name in error.message, error.message)
print(sorted(path.name for path in Path(sys.argv[1]).glob("stage1*/*/*")))
"""


@pytest.mark.slow
def test_a_file_that_is_replaced_while_a_day_runs_leaves_nothing_published(tmp_path: Path):
    lake = tmp_path / "lake"
    shutil.copytree(small_lake(), lake, ignore=shutil.ignore_patterns("stage*", "quarantine", "runs"))
    done = subprocess.run([sys.executable, "-c", REPLACED, str(lake)], capture_output=True, text=True, timeout=120)
    told, published = done.stdout.splitlines()
    assert told.startswith("True ") and "and now" in told, done.stderr[-2000:]
    assert published == "[]"
