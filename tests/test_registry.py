"""The stages' declarations: readable where there is no PySpark, and what the rest of the system derives from them."""

from __future__ import annotations

import dataclasses
import subprocess
import sys

import pytest

from pothole import config, stages
from pothole.datasets import TABLES
from pothole.registry import STAGES, declared, named
from pothole.stages.stage import Before, table_of
from pothole.tables import HOUSE, POTHOLES

READ = """
import sys, importlib.abc
class Refuse(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        top = name.split(".")[0]
        if top not in {"pothole", *sys.stdlib_module_names} and not top.startswith("_sysconfigdata"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Refuse())
import pothole.datasets, pothole.settings
print("pothole.registry" in sys.modules)
"""


def test_declarations_are_read_with_the_standard_library_alone():
    done = subprocess.run([sys.executable, "-c", READ], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "True", done.stderr[-2000:]


def test_every_dataset_has_one_writer_and_is_known():
    outputs = [table.name for stage in STAGES for table in stage.outputs]
    assert len(set(outputs)) == len(outputs)
    read = [table_of(source).name for stage in STAGES for source in (*stage.inputs, *stage.layers)]
    assert {*outputs, *read} == set(TABLES)
    assert list(TABLES.values())[: len(HOUSE)] == list(HOUSE)


def test_a_stage_reads_what_comes_before_it():
    written = {table.name for table in HOUSE} - {table.name for stage in STAGES for table in stage.outputs}
    for stage in STAGES:
        assert {s.name for s in stage.inputs if not hasattr(s, "table")} <= written, stage.name
        written |= {table.name for table in stage.outputs}


def test_every_stage_has_its_section_of_settings():
    settings = config.load(None, {}).settings
    for stage in STAGES:
        if stage.settings:
            assert getattr(settings, stage.name) == stage.settings()
            assert dataclasses.is_dataclass(stage.settings)


OWN = """
from pyspark.sql import functions as F
from pothole.stages.stage import Before, Found, Stage
from pothole.tables import POTHOLES

STAGE = Stage("mine", (Before(POTHOLES),), (POTHOLES,), lambda given: Found({}))
assert F.__name__.startswith("pothole.engines")
"""


def test_a_stage_of_ones_own_is_plain_pyspark_and_is_read_without(tmp_path, monkeypatch):
    monkeypatch.setattr(stages, "__path__", [*stages.__path__, str(tmp_path)])
    monkeypatch.setattr(sys, "meta_path", [f for f in sys.meta_path if "pytest" not in type(f).__module__])
    (tmp_path / "mine_for_a_test.py").write_text(OWN)
    before = sys.modules.get("pyspark")
    stage = declared("mine_for_a_test")
    assert (stage.module, stage.inputs) == ("pothole.stages.mine_for_a_test", (Before(POTHOLES),))
    assert sys.modules.get("pyspark") is before


def test_an_unknown_name():
    with pytest.raises(KeyError, match="stage99"):
        named("stage99")
