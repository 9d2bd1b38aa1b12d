"""Log lines as JSON: of `pothole run`, of a stage program on a cluster, and what the operator's side makes of them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pothole import cluster, log
from pothole.cli import console
from pothole.cloud import job
from pothole.errors import ConfigError, LakeError, UserError
from pothole.lake import open_lake
from tests.servers.day import DAY, small_lake


def parsed(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture
def as_json(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POTHOLE_LOG", "json")


def test_fields_are_bound_where_the_line_is_written(capsys):
    with log.bound(run_id="r-1"):
        with log.bound(stage="stage1"):
            log.write("서울", share=0.5)
        log.write("after", level="error")
    first, second = parsed(capsys.readouterr().err)
    assert first.pop("time").endswith("Z")
    assert first == {"level": "info", "message": "서울", "run_id": "r-1", "stage": "stage1", "share": 0.5}
    assert (second["level"], second["run_id"], "stage" in second) == ("error", "r-1", False)


def test_a_format_that_is_none(monkeypatch):
    monkeypatch.setenv("POTHOLE_LOG", "xml")
    with pytest.raises(ConfigError, match="POTHOLE_LOG is 'xml'\n  expected text or json"):
        log.check()


@pytest.mark.slow
def test_every_line_of_a_run_has_run_id_and_date_and_those_of_a_stage_the_stage(tmp_path: Path):
    lake = shutil.copytree(small_lake(), tmp_path / "lake")
    command = [sys.executable, "-m", "pothole", "run", DAY, "--lake", str(lake), "--json"]
    environ = os.environ | {"POTHOLE_LOG": "json"}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environ)
    lines, told = parsed(done.stderr), json.loads(done.stdout)
    assert {(line["run_id"], line["date"], line["level"]) for line in lines} == {(told["run_id"], DAY, "info")}
    assert [line["stage"] for line in lines if "stage" in line] == sorted(
        line["stage"] for line in lines if "stage" in line
    )
    ends = {line["stage"]: line for line in lines if line["message"].endswith("has ended")}
    assert set(ends) == {"stage1", "stage2"}
    assert ends["stage1"]["rows"] == told["stages"][0]["rows"]
    shutil.rmtree(lake / "stage1_traversals")
    done = subprocess.run(
        [*command, "--from-stage", "stage2"], capture_output=True, text=True, check=False, env=environ
    )
    assert (done.returncode, parsed(done.stderr)[-1]["level"]) == (2, "error")


def test_a_stage_that_fails_says_so_with_its_figures(tmp_path: Path, as_json, capsys):
    from pothole.pipeline.record import Day, recorded

    lake = open_lake(str(tmp_path / "lake"), create=True)
    config = cluster.from_json(_settings(), "test")
    engine = SimpleNamespace(name="duckdb", version="1")
    day = Day(lake, config, DAY, "r-1", lambda what, share: None, engine)

    def fail() -> None:
        with recorded(day, "stage1", []) as report:
            report.rows["in"] = 7
            raise LakeError("the disk is full")

    with pytest.raises(LakeError):
        fail()
    (line,) = parsed(capsys.readouterr().err)
    assert (line["level"], line["stage"], line["rows"], line["outcome"]) == ("error", "stage1", {"in": 7}, "failed")
    assert "the disk is full" in line["error"]


def _settings() -> dict[str, Any]:
    import dataclasses

    from pothole.settings import Settings

    return dataclasses.asdict(Settings())


def test_the_stage_program_tells_its_error_as_json_and_the_operator_reads_it(tmp_path: Path, as_json, capsys):
    status = cluster.main("stage1", tmp_path, lambda options: None, ["--batch-date", DAY, "--run-id", "dag-1"])
    line = capsys.readouterr().err.splitlines()[-1]
    told = json.loads(line)
    assert (status, told["level"], told["run_id"], told["stage"], told["date"]) == (2, "error", "dag-1", "stage1", DAY)
    assert "설정 파일 없음" in told["message"]
    watch = job._Watch(SimpleNamespace(), "stage1", SimpleNamespace(job_dir="j"), print)
    watch._lines = ["Java says much", line, '{"time": broken']
    assert watch.last_words() == f"ERROR {told['message']} | {told['hint']}"


def test_warnings_and_progress_are_lines_too(as_json, capsys):
    with log.bound(run_id="r-1"), console.steps() as advance:
        advance("reading", 0.25)
        advance("reading", 0.5)
        console.warn("skipped [a]")
    assert [(told["level"], told["message"], told["run_id"]) for told in parsed(capsys.readouterr().err)] == [
        ("info", "reading", "r-1"), ("warning", "skipped [a]", "r-1")
    ]  # fmt: skip


def test_text_stays_as_it_was(tmp_path: Path, monkeypatch, capsys):
    monkeypatch.delenv("POTHOLE_LOG", raising=False)
    assert cluster.main("stage1", tmp_path, lambda options: None, ["--batch-date", DAY]) == 2
    first, second = capsys.readouterr().err.splitlines()
    assert (
        first.startswith("ERROR no configuration: ")
        and "설정 파일 없음" in first
        and second.startswith("  `pothole deploy`")
    )
    watch = job._Watch(SimpleNamespace(), "stage1", SimpleNamespace(job_dir="j"), print)
    watch._lines = ["before", first, second, "after"]
    assert watch.last_words() == f"{first} | {second.strip()}"


def test_command_line_errors_are_json_too(tmp_path: Path):
    command = [sys.executable, "-m", "pothole", "run", "2026-02-30", "--lake", str(tmp_path)]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env=os.environ | {"POTHOLE_LOG": "json"}
    )
    (line,) = parsed(done.stderr)
    assert (done.returncode, line["level"], "is not a date" in line["message"]) == (
        UserError.exit_status,
        "error",
        True,
    )
