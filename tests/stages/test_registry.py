"""The stages' declarations: readable where there is no PySpark, and what the rest of the system derives from them."""

from __future__ import annotations

import dataclasses
import subprocess
import sys

import pytest

from pothole import config, stages
from pothole.datasets import TABLES
from pothole.stages.registry import STAGES, declared, named
from pothole.stages.stage import table_of
from pothole.tables import HOUSE

READ = """
import sys, importlib.abc
class Refuse(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        top = name.split(".")[0]
        if top not in {"pothole", *sys.stdlib_module_names} and not top.startswith("_sysconfigdata"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Refuse())
import pothole.datasets, pothole.settings
print("pothole.stages.registry" in sys.modules)
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


@pytest.fixture
def module(tmp_path, monkeypatch):
    """Writes a module of the stages' package."""
    monkeypatch.setattr(stages, "__path__", [*stages.__path__, str(tmp_path)])

    def write(name: str, text: str) -> str:
        (tmp_path / f"{name}.py").write_text(text)
        return name

    return write


def test_a_module_that_imports_pyspark_when_it_is_read_is_named(module, monkeypatch):
    for name in [n for n in sys.modules if n.split(".")[0] == "pyspark"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "pyspark", None)  # as where there is none
    with pytest.raises(ImportError, match=r"stages/eager\.py imports PySpark when it is read"):
        declared(module("eager", "from pyspark.sql import functions as F\n"))
    with pytest.raises(ModuleNotFoundError, match="no_such_module"):
        declared(module("broken", "import no_such_module\n"))


def test_an_unknown_name():
    with pytest.raises(KeyError, match="stage99"):
        named("stage99")
