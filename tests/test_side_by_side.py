"""Side by side a file's tests share a worker, so that what a file starts is started once."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import conftest

ROOT = Path(__file__).parents[1]


def test_files_that_share_airflows_services_are_there_and_one_scope():
    assert all((ROOT / file).is_file() for file in conftest.AIRFLOWS)
    assert {conftest.scope_of(f"{file}::test_x[a::b]") for file in conftest.AIRFLOWS} == {"airflow's services"}
    assert conftest.scope_of("tests/lake/test_lock.py::test_x[y]") == "tests/lake/test_lock.py"


class Item:
    """A test as pytest collects it."""

    def __init__(self, nodeid: str, *marks: str) -> None:
        self.nodeid, self._marks = nodeid, marks

    def iter_markers(self) -> Iterator[pytest.Mark]:
        return (getattr(pytest.mark, name).mark for name in self._marks)


def test_what_takes_long_comes_first_and_a_file_keeps_its_order():
    first = next(iter(conftest.AIRFLOWS))
    collected = [Item("a::1"), Item("b::1"), Item("b::2", "spark"), Item("b::3"), Item(f"{first}::1", "airflow")]
    conftest.pytest_collection_modifyitems(collected)
    assert [item.nodeid for item in collected] == [f"{first}::1", "b::1", "b::2", "b::3", "a::1"]


@pytest.mark.slow
def test_each_file_runs_on_one_worker():
    files = ["tests/test_geo.py", "tests/stages/test_match.py", "tests/stages/test_frames.py"]
    command = [sys.executable, "-m", "pytest", "-n", "2", "--dist", "loadgroup", "--no-loadscope-reorder", "-v", *files]
    done = subprocess.run(
        [*command, "-p", "no:cacheprovider"], capture_output=True, text=True, check=True, cwd=ROOT, timeout=120,
        env={k: v for k, v in os.environ.items() if not k.startswith("PYTEST_XDIST")},
    )  # fmt: skip
    ran = [line.split() for line in done.stdout.splitlines() if " PASSED " in line]
    workers = {file: {words[0] for words in ran if words[-1].startswith(file)} for file in files}
    assert [len(found) for found in workers.values()] == [1, 1, 1], done.stdout
