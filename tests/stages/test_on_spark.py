"""The stages' functions on Spark: the cases marked ``both_engines``, in one session; no function is left out."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

import pothole.stages
from tests import needs

pytestmark = [pytest.mark.slow, pytest.mark.spark]
FOLDER = Path(pothole.stages.__file__).parent


def functions() -> set[str]:
    """Public functions of the stages' modules, as ``module.name``."""
    found = set()
    for path in FOLDER.glob("*.py"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                found.add(f"{path.stem}.{node.name}")
    return found


def test_at_least_one_case_of_each_function_passes_on_spark(tmp_path):
    needs.spark()
    ran = tmp_path / "ran"
    command = [sys.executable, "-m", "pytest", "-q", "-m", "both_engines", "--engine", "spark", "--ran", str(ran)]
    done = subprocess.run(
        [*command, "-p", "no:cacheprovider", str(Path(__file__).parent)],
        capture_output=True, text=True, check=False, timeout=900, env={**os.environ, "PYTEST_ADDOPTS": ""},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-2000:]
    assert functions() - set(ran.read_text().split()) == set()
