"""Use from Python: the documentation's lines run as they stand, and what is wrong is said."""

from __future__ import annotations

import doctest
import shutil
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import pothole
from pothole.analysis.dataset import SHORT
from pothole.errors import NoDataError, UserError
from pothole.tables import Table
from tests import needs
from tests.same_rows import PUBLISHED, assert_same, close
from tests.servers.day import DAY, small_lake

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def lake() -> pothole.Lake:
    return pothole.open_lake(str(small_lake()))


def test_the_documentations_lines_give_what_stands_there(tmp_path, monkeypatch):
    for module in ("pandas", "geopandas"):
        needs.module(module)
    shutil.copytree(small_lake(), tmp_path / "sim")
    monkeypatch.chdir(tmp_path)
    failed, tried = doctest.testfile(str(ROOT / "docs" / "python.md"), module_relative=False)
    assert tried > 15
    assert failed == 0


def test_each_dataset_has_a_short_name_and_the_lakes(lake):
    for name, table in SHORT.items():
        date = DAY if table.partitioned else None
        short, long = (pothole.read(*ask, date).arrow() for ask in ((lake, name), (lake.root, table.name)))
        assert short.num_rows > 0 and short.column_names == list(table.names), name
        assert all(short[key].equals(long[key]) for key in table.key), name


def test_samples_are_all_rows_of_the_raw_files(lake):
    files = (Path(lake.root) / "raw-sensor-data" / f"dt={DAY}").glob("*.parquet")
    assert len(pothole.read(lake, "samples", DAY)) == sum(pq.read_metadata(f).num_rows for f in files)


def in_order(rows: pa.Table, table: Table) -> list[dict[str, object]]:
    return sorted(rows.to_pylist(), key=lambda row: [str(row[k]) for k in table.key or table.names])


@pytest.mark.parametrize("stage", ["stage1", "stage2"])
def test_a_stage_by_itself_finds_what_is_published_and_publishes_nothing(lake, stage):
    before = {p for p in Path(lake.root).rglob("*") if p.is_file()}
    for name, found in pothole.run_stage(lake, stage, DAY).items():
        published = pothole.read(lake, name, DAY).arrow()
        assert found.arrow().schema.types == published.schema.types
        ours, theirs = (in_order(table, SHORT[name]) for table in (found.arrow(), published))
        assert len(ours) == len(theirs)
        assert all(close(a[n], b[n]) for a, b in zip(ours, theirs, strict=True) for n in SHORT[name].names), name
    assert {p for p in Path(lake.root).rglob("*") if p.is_file()} == before


def test_other_settings_find_something_else(lake):
    few = pothole.run_stage(lake, "stage2", DAY, settings={"stage2": {"cluster": {"min_passes": 50}}})
    assert len(few["potholes"]) == 0
    with pytest.raises(UserError, match=r"unknown configuration key stage2\.cluster\.gap"):
        pothole.run_stage(lake, "stage2", DAY, settings={"stage2": {"cluster": {"gap": 3}}})


def test_what_is_wrong_is_said_with_what_there_is(lake):
    with pytest.raises(UserError, match="no dataset 'holes'") as error:
        pothole.read(lake, "holes", DAY)
    assert "potholes, condition" in str(error.value.hint)
    with pytest.raises(UserError, match="needs a date") as error:
        pothole.read(lake, "potholes")
    assert error.value.hint == f"the lake has {DAY}"
    with pytest.raises(UserError, match="no stage 'stage99'"):
        pothole.run_stage(lake, "stage99", DAY)
    with pytest.raises(NoDataError):
        pothole.run_stage(lake, "stage1", "2020-01-01")
    reasons = pothole.read(lake, "quarantine", DAY).arrow().select(["reason"])
    with pytest.raises(UserError, match="quarantine has no positions"):
        pothole.Dataset(SHORT["quarantine"], reasons).geopandas()


def test_roads_are_lines_and_places_are_points(lake):
    needs.module("geopandas")
    assert set(pothole.read(lake, "roads").geopandas().geom_type) == {"LineString"}
    condition = pothole.read(lake, "condition", DAY)
    assert set(condition.geopandas().geom_type) == {"Point"}
    assert condition.geopandas().geometry.x.tolist() == condition.arrow()["centroid_lon"].to_pylist()


ALONE = """
import sys, pothole
print([m for m in ("pyarrow", "duckdb", "pydantic", "pandas") if m in sys.modules], dir(pothole))
"""


def test_importing_the_package_loads_nothing_else():
    done = subprocess.run([sys.executable, "-c", ALONE], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.startswith("[] [")
    assert "'run_day'" in done.stdout


BOTH = """
import sys, pothole
for engine, lake in zip(("duckdb", "spark", "duckdb"), sys.argv[1:]):
    pothole.run_day(lake, "{day}", engine=engine, settings={{"engine": {{"spark_master": "local[1]", "threads": 1}}}})
import pyspark
print(pyspark.__version__, type(pothole.read(sys.argv[1], "potholes", "{day}").arrow()).__name__)
"""


@pytest.mark.spark
def test_both_engines_run_a_day_in_one_process(tmp_path):
    needs.spark()
    lakes = [str(tmp_path / name) for name in ("first", "spark", "again")]
    for lake in lakes:
        shutil.copytree(small_lake(), lake, ignore=shutil.ignore_patterns("stage*", "quarantine", "runs"))
    done = subprocess.run(
        [sys.executable, "-c", BOTH.format(day=DAY), *lakes], capture_output=True, text=True, check=False, timeout=600
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.split()[-1] == "Table"
    for other in lakes[1:]:
        for table in PUBLISHED:
            assert_same(lakes[0], other, table, DAY)
