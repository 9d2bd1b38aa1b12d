"""A stage of one's own is one file and one line: it is added to a copy of the package, and then it is everywhere.

It reads what another stage has published, its own output of the newest date before, and a layer of dated rows.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from pothole.lake import Lake, open_lake
from pothole.tables import POTHOLES
from tests import needs
from tests.report.fake_day import pothole, table

ROOT = Path(__file__).parents[2]
LINE = '    declared("open_places"),\n'
FILE = '''"""Places that are open: sure ones of this date and those of before, without the repaired."""

from __future__ import annotations

from dataclasses import dataclass

from pyspark.sql import functions as F

from pothole.stages.frames import equi_join
from pothole.stages.settings import Share
from pothole.stages.stage import Before, Dated, Found, Given, Stage
from pothole.tables import POTHOLES, Column, Table

OPEN = Table("stage9_open_places", "one open place", (Column("pothole_id", "string", "the place"),), ("pothole_id",))
REPAIRS = Table(
    "repairs",
    "one repair",
    (Column("pothole_id", "string", "the place"), Column("repaired_on", "string", "the day, YYYY-MM-DD")),
    key=("pothole_id",),
    partitioned=False,
)


@dataclass(frozen=True)
class Settings:
    """Which places are open."""

    min_confidence: Share = 0.5
    """Potholes that are less sure are left out."""


def run(given: Given) -> Found:
    """The open places."""
    sure = given.inputs[POTHOLES].where(F.col("confidence") >= given.settings.min_confidence).select("pothole_id")
    known = given.keep(sure.unionByName(given.inputs[Before(OPEN)]).distinct())
    return Found({OPEN: equi_join(known, given.layers[REPAIRS], ["pothole_id"], "left_anti").select("pothole_id")})


STAGE = Stage(
    name="stage9",
    inputs=(POTHOLES, Before(OPEN)),
    layers=(Dated(REPAIRS, "repaired_on"),),
    outputs=(OPEN,),
    settings=Settings,
    run=run,
)
'''


class Copy:
    """A copy of the package with the stage, and a lake with three dates of potholes."""

    def __init__(self, root: Path) -> None:
        shutil.copytree(ROOT / "src", root / "src", ignore=shutil.ignore_patterns("__pycache__", "assets"))
        shutil.copytree(ROOT / "docs", root / "docs", ignore=shutil.ignore_patterns("pictures"))
        (root / "src/pothole/stages/open_places.py").write_text(FILE)
        registry = root / "src/pothole/registry.py"
        place = "    # Stages of your own"
        registry.write_text(registry.read_text().replace(place, LINE + place))
        self.root, self.lake = root, open_lake(str(root / "lake"), create=True)
        for date, ids in (("2026-02-10", "ab"), ("2026-02-11", "c"), ("2026-02-13", "d")):
            publish(self.lake, date, ids)
        self.repairs("a,2026-02-11", "c,2026-02-12", "d,2026-02-14", "b,2026-02-20")

    def repairs(self, *rows: str) -> None:
        text = "\n".join(["pothole_id,repaired_on", *rows, ""])
        self.lake.storage.write("repairs/a.csv", text.encode())

    def python(self, *arguments: str, status: int = 0, **environment: str) -> str:
        environ = os.environ | {"PYTHONPATH": str(self.root / "src"), "COLUMNS": "200"} | environment
        ran = subprocess.run(
            [sys.executable, *arguments], cwd=self.root, env=environ, capture_output=True, text=True, check=False
        )
        assert ran.returncode == status, (ran.stdout + ran.stderr)[-3000:]
        return ran.stdout + ran.stderr

    def run(self, date: str, *options: str, **more) -> str:
        command = ["-m", "pothole", "run", date, "--lake", self.lake.uri, "--only-stage", "stage9", *options]
        return self.python(*command, **more)

    def open(self, date: str) -> list[str]:
        files = self.lake.files("stage9_open_places", date)
        return sorted(row["pothole_id"] for file in files for row in pq.ParquetFile(file).read().to_pylist())


def publish(lake: Lake, date: str, ids: str) -> None:
    """Potholes of these ids, and one that is not sure."""
    rows = [pothole(i, date=date) for i in ids] + [pothole("x", date=date, confidence=0.1)]
    with lake.publishing(f"run-{date}", date) as publication:
        pq.write_table(table(POTHOLES, rows), publication.local_target(POTHOLES.name) / "part-0.parquet")
        publication.commit(POTHOLES.name, inputs=[], code_version="test", config_hash="0")


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    return Copy(tmp_path_factory.mktemp("copy"))


@pytest.fixture(scope="module")
def days(copy: Copy) -> Copy:
    """The stage has run on the three dates."""
    for date in ("2026-02-10", "2026-02-11", "2026-02-13"):
        copy.run(date)
    return copy


@pytest.mark.slow
def test_it_reads_its_own_output_of_before_and_the_rows_up_to_the_date(days):
    found = {date: days.open(date) for date in ("2026-02-10", "2026-02-11", "2026-02-13")}
    assert found == {"2026-02-10": ["a", "b"], "2026-02-11": ["b", "c"], "2026-02-13": ["b", "d"]}


@pytest.mark.slow
def test_its_record_tells_what_it_has_read(days):
    (first,), (last,) = (days.lake.run_records(date) for date in ("2026-02-10", "2026-02-13"))
    assert [i["dataset"] for i in first["inputs"]] == [POTHOLES.name, "repairs"]
    assert [(i["dataset"], i.get("date")) for i in last["inputs"]] == [
        (POTHOLES.name, None), ("stage9_open_places", "2026-02-11"), ("repairs", None)
    ]  # fmt: skip
    assert (last["stage"], last["rows"], last["config"]["stage9"]) == ("stage9", {"rows": 2}, {"min_confidence": 0.5})
    assert last["outputs"][0]["rows"] == 2


@pytest.mark.slow
def test_its_settings_its_name_and_its_table_are_known(copy):
    rows = json.loads(copy.python("-m", "pothole", "config", "show", "--json"))
    (own,) = [row for row in rows if row["key"].startswith("stage9.")]
    assert own["key"] == "stage9.min_confidence" and own["meaning"] == "Potholes that are less sure are left out."
    assert "did you mean stage9.min_confidence" in copy.run("2026-02-10", status=2, POTHOLE__STAGE9__CONFIDENCE="1")
    assert "stage9.min_confidence is 2" in copy.run("2026-02-10", status=2, POTHOLE__STAGE9__MIN_CONFIDENCE="2")
    copy.python("docs/columns.py")
    contract = (copy.root / "docs/contract.md").read_text()
    assert (
        "| stage 2 | `stage2_spatial_clustering`, `stage2_segment_condition` | stage 9, the report, you |" in contract
    )
    assert "| stage 9 | `stage9_open_places` | stage 9, you |" in contract
    assert "### `stage9_open_places/dt=DATE/*.parquet`" in contract and "### `repairs/*.csv`" in contract


@pytest.mark.slow
@pytest.mark.parametrize(
    ("row", "words"), [("a,11.2.2026", "holds '11.2.2026', expected dates"), ("a,", "without a valid repaired_on")]
)
def test_a_date_that_is_none_is_refused(copy, row, words):
    copy.repairs(row)
    assert words in copy.run("2026-02-10", status=2).replace("\n", " ")
    copy.repairs()
    copy.run("2026-02-10")


@pytest.mark.slow
@pytest.mark.spark
def test_spark_gives_the_same_rows(days, tmp_path):
    needs.spark()
    days.repairs("a,2026-02-11", "b,2026-02-20")
    for date in ("2026-02-10", "2026-02-11"):
        days.run(date)
        expected = days.open(date)
        days.run(date, "--engine", "spark", POTHOLE__ENGINE__SPARK_MASTER="local[1]")
        assert days.open(date) == expected
