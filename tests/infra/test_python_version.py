"""One number: what pyproject.toml asks for is what nodes get, what the doctor asks for, what the documentation says."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import metadata
from pathlib import Path

import pytest

from pothole.doctor import nodes
from tests import needs

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
NEEDED = PROJECT["project"]["requires-python"].removeprefix(">=")


def release(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def test_the_nodes_get_it():
    boot = (ROOT / "infra" / "spark" / "boot.sh").read_text()
    assert re.findall(r"^PYTHON_NEEDED=(.*)$", boot, re.MULTILINE) == [NEEDED]


def test_the_doctor_asks_for_it():
    assert nodes.expected_python() == NEEDED
    assert NEEDED in (nodes.python.__doc__ or "")


def test_the_linters_read_the_code_as_it_does():
    tools = PROJECT["tool"]
    assert (tools["ruff"]["target-version"], tools["mypy"]["python_version"]) == (
        f"py{NEEDED.replace('.', '')}",
        NEEDED,
    )


@pytest.mark.parametrize("page", ["cluster.md", "infrastructure.md", "troubleshooting.md"])
def test_the_documentation_says_it(page):
    text = " ".join((ROOT / "docs" / page).read_text(encoding="utf-8").split())
    assert set(re.findall(r"(\d\.\d+) or later", text)) == {NEEDED}


def test_it_is_enough_for_pyspark():
    needs.module("pyspark")
    asked = metadata("pyspark")["Requires-Python"]
    assert release(asked.removeprefix(">=")) <= release(NEEDED)
