"""``pothole lake``: what a person sees."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

import pothole.cli.lake  # noqa: F401  (adds the commands)
from pothole.cli import app
from pothole.errors import NoDataError, PotholeError, UserError
from pothole.lake import Lake, open_lake
from tests.lake.samples import BOTH, DAY, PARTS, ROWS, publish, put_raw
from tests.lake.test_repair import leave_behind


@pytest.fixture
def made(tmp_path: Path) -> Lake:
    """A lake with a published day and what a killed run left of another."""
    lake = open_lake(str(tmp_path / "lake"), create=True)
    publish(lake, 1)
    put_raw(lake)
    leave_behind(lake, "2026-02-13")
    return lake


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["lake", *arguments])


def told(error_class: type[PotholeError], *arguments: str) -> PotholeError:
    """The expected error that a command ends in."""
    error = run(*arguments).exception
    assert isinstance(error, error_class), error
    return error


def test_show_lists_datasets_with_rows_and_run(made: Lake) -> None:
    result = run("show", "--lake", made.uri)
    assert result.exit_code == 0, result.output
    lines = [line.split() for line in result.stdout.splitlines()]
    assert [DAY] in lines and ["2026-02-13"] in lines
    for dataset in BOTH:
        assert [dataset, str(PARTS * ROWS), str(PARTS), "0.0", "run-000001"] in lines
    assert ["raw-sensor-data", "1", "0.0"] in lines
    assert [BOTH[0], "not", "published"] in lines
    assert "2026-02-13 was held by a run that is gone: run dead" in result.stderr
    assert f"2 leftovers of killed runs; to remove: pothole lake repair --lake {made.uri}" in result.stderr


def test_show_one_date_as_json(made: Lake) -> None:
    (state,) = json.loads(run("show", DAY, "--lake", made.uri, "--json").stdout)
    published = state["datasets"][BOTH[0]]["published"]
    assert (state["date"], state["raw"]["files"], state["lock"]) == (DAY, 1, None)
    assert (published["run_id"], published["rows"], published["files"]) == ("run-000001", PARTS * ROWS, PARTS)
    assert published["bytes"] == sum(os.path.getsize(path) for path in made.files(BOTH[0], DAY))


def test_show_tells_damage(made: Lake) -> None:
    made.storage.write(f"{BOTH[1]}/dt={DAY}/_manifest.json", b"{}")
    result = run("show", DAY, "--lake", made.uri)
    assert [BOTH[1], "damaged"] in [line.split() for line in result.stdout.splitlines()]
    assert f"{BOTH[1]}/dt={DAY}/_manifest.json is not a valid manifest" in result.stderr


def test_show_tells_who_holds_a_date(made: Lake) -> None:
    with made.lock(DAY, "living"):
        assert f"{DAY} is held by run living since" in run("show", "--lake", made.uri).stderr


def test_repair_names_what_it_removed(made: Lake) -> None:
    result = run("repair", "--lake", made.uri)
    assert result.exit_code == 0, result.output
    assert f"removed {BOTH[0]}/dt=2026-02-13/run-dead\n" in result.stdout
    assert run("repair", "--lake", made.uri).stdout == "nothing to remove\n"


def test_repair_one_date_as_json(made: Lake) -> None:
    assert json.loads(run("repair", DAY, "--lake", made.uri, "--json").stdout) == {"removed": []}
    removed = json.loads(run("repair", "2026-02-13", "--lake", made.uri, "--json").stdout)["removed"]
    assert "locks/dt=2026-02-13.json" in removed and len(removed) == 5


@pytest.mark.parametrize("command", ["show", "repair"])
def test_mistakes_are_told(made: Lake, command: str, tmp_path: Path) -> None:
    assert "no lake at" in told(NoDataError, command, "--lake", str(tmp_path / "typo")).message
    assert "'13.2.2026' is not a date" in told(UserError, command, "13.2.2026", "--lake", made.uri).message


def test_show_of_nothing(made: Lake) -> None:
    assert told(NoDataError, "show", "2026-03-01", "--lake", made.uri).message == (
        f"there is nothing of 2026-03-01 in {made.uri}"
    )


@pytest.mark.parametrize("command", ["show", "repair"])
def test_help_has_an_example(command: str) -> None:
    assert f"Example: pothole lake {command}" in run(command, "--help").stdout
