"""Every command explains itself with an example; expected errors are one message and the right exit status."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import typer.main
from typer.testing import CliRunner

from pothole.cli import load


def commands(group: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name), command


ALL = list(commands(typer.main.get_command(load())))


def test_the_commands_are_those_of_the_readme() -> None:
    names = {" ".join(path) for path, _ in ALL}
    assert {"run", "simulate", "ingest", "roads build", "report", "evaluate", "config show", "lake repair"} <= names


@pytest.mark.parametrize(("path", "command"), ALL, ids=lambda v: " ".join(v) if isinstance(v, tuple) else "")
def test_every_command_has_help_with_an_example(path: tuple[str, ...], command: Any) -> None:
    result = CliRunner().invoke(load(), [*path, "--help"])
    assert result.exit_code == 0
    assert f"Example: pothole {' '.join(path)}" in " ".join(result.output.split())
    assert command.help


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "pothole", *arguments], capture_output=True, text=True, check=False)


def test_a_mistake_is_one_message_and_status_2(tmp_path) -> None:
    done = run("run", "2026-13-45", "--lake", str(tmp_path))
    assert done.returncode == 2
    assert "'2026-13-45' is not a date" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_unknown_engine_or_stage_is_named(tmp_path) -> None:
    assert "unknown engine 'flink'" in run("run", "2026-02-12", "--lake", str(tmp_path), "--engine", "flink").stderr
    done = run("run", "2026-02-12", "--lake", str(tmp_path), "--only-stage", "stage9")
    assert (done.returncode, "there is no stage 'stage9'" in done.stderr) == (2, True)


def test_config_show_as_json_names_every_source() -> None:
    result = CliRunner().invoke(load(), ["config", "show", "--json"])
    rows = json.loads(result.output)
    assert {"key", "value", "source", "meaning"} == set(rows[0])
    assert all(row["source"] for row in rows)
