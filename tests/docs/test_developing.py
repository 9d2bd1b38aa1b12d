"""docs/developing.md: its lines give what stands there; the packages it maps are those that there are."""

from __future__ import annotations

import doctest
import re
import shutil
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, text
from tests.servers.day import small_lake

PAGE = "docs/developing.md"
SOURCE = ROOT / "src" / "pothole"


@pytest.mark.slow
def test_its_lines_give_what_stands_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    shutil.copytree(small_lake(), tmp_path / "sim")
    monkeypatch.chdir(tmp_path)
    failed, tried = doctest.testfile(str(ROOT / PAGE), module_relative=False)
    assert (failed, tried > 10) == (0, True)


def test_every_package_is_on_the_map_and_no_other():
    packages = {path.parent.name for path in SOURCE.glob("*/__init__.py")}
    rows = [line.split("|")[1] for line in text(PAGE).splitlines() if line.startswith("| `")]
    mapped = {name for row in rows for name in re.findall(r"`([\w.]+)/?`", row)}
    assert packages <= mapped
    assert all((SOURCE / name).exists() or (ROOT / name).is_dir() for name in mapped)


def test_the_days_way_leads_through_files_that_are_there():
    (way,) = re.findall(r"^```\n(cli/run.*?)^```$", text(PAGE), flags=re.MULTILINE | re.DOTALL)
    paths = [line.split()[0] for line in way.splitlines()]
    assert len(paths) > 10 and all((SOURCE / path).exists() for path in paths)
    steps = [name for line in way.splitlines() if "stages/stage" in line for name in re.findall(r"\b[a-z]+\b", line)]
    steps = [name for name in steps if name not in ("stages", "py", "chain")]
    assert all((SOURCE / "stages" / f"{name}.py").exists() for name in steps), steps
