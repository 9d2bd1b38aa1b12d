"""On a cluster there is nothing but PySpark: the stages must import the standard library and PySpark's API alone."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import pothole
from tests import needs

SOURCE = Path(pothole.__file__).parent
FILES = [
    *sorted(SOURCE.glob("stages/*.py")),
    *(SOURCE / f"{name}.py" for name in ("column_types", "ellipsoid", "geo", "tables")),
]
#: Beside these the package itself: what it offers to Python is imported when it is asked for (tests/analysis).


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
    return names


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.name)
def test_only_the_standard_library_and_pyspark(path: Path) -> None:
    allowed = ("pyspark.sql", "pothole.stages", "pothole.geo", "pothole.tables", "pothole.ellipsoid")
    strange = {
        name
        for name in imported(path)
        if name.split(".")[0] not in sys.stdlib_module_names and not name.startswith(allowed)
    }
    assert not strange


def test_the_rule_sees_a_foreign_import(tmp_path: Path) -> None:
    file = tmp_path / "bad.py"
    file.write_text("import numpy as np\n")
    assert imported(file) == {"numpy"}


ALONE = """
import sys, importlib.abc
class Refuse(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        top = name.split(".")[0]
        if top not in {"pyspark", "py4j", "pothole", *sys.stdlib_module_names} and not top.startswith("_sysconfigdata"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Refuse())
import pothole.stages.stage1, pothole.stages.stage2
import pothole.cluster, pothole.pipeline
print("pyspark" in sys.modules and "duckdb" not in sys.modules)
"""


@pytest.mark.spark
def test_stages_import_where_there_is_pyspark_alone() -> None:
    needs.module("pyspark")
    done = subprocess.run([sys.executable, "-c", ALONE], capture_output=True, text=True, check=False, timeout=120)
    assert done.stdout.strip() == "True", done.stderr[-2000:]
