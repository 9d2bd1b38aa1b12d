"""`make test` passes ARGS on to pytest in every phase; a phase in which nothing is selected does not fail it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests import needs

ROOT = Path(__file__).parents[1]


def make(venv: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [needs.program("make"), "-C", str(ROOT), f"VENV={venv}", *arguments]
    environ = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKELEVEL", "ARGS")}
    return subprocess.run(command, env=environ, capture_output=True, text=True, check=False, timeout=60)


@pytest.fixture
def venv(tmp_path: Path) -> Path:
    """An environment whose python writes down its arguments and ends as the file ``status`` says."""
    (tmp_path / "bin").mkdir()
    python = tmp_path / "bin" / "python"
    python.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/called\nexit $(cat {tmp_path}/status)\n')
    python.chmod(0o755)
    for name in (".core", ".dev"):
        (tmp_path / name).touch()
    return tmp_path


@pytest.mark.parametrize(("status", "good"), [(0, True), (5, True), (1, False), (2, False), (137, False)])
def test_nothing_selected_is_no_failure(venv: Path, status: int, good: bool) -> None:
    (venv / "status").write_text(str(status))
    done = make(venv, "test-fast", "ARGS=-k lease")
    assert (done.returncode == 0) is good, done.stderr
    assert "-k lease" in (venv / "called").read_text()


def test_both_phases_take_the_arguments_and_tell_the_slowest(venv: Path) -> None:
    done = make(venv, "--dry-run", "test", 'ARGS=-k "lease or lock"')
    phases = [line for line in done.stdout.splitlines() if "-m pytest" in line]
    assert len(phases) == 2
    assert all('-k "lease or lock"' in line and "--durations 25" in line and "not long" in line for line in phases)
    assert "-n 2 --dist loadgroup" in phases[1]
