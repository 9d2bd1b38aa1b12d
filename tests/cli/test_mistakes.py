"""Every command with what people get wrong: one error with cause and fix, the right exit status, no traceback."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pothole.cli import console
from tests.cli.test_commands import ALL

DAY = "2026-02-12"
WRONG_DATE = {
    "run": "run 2026-02-30 --lake LAKE", "report": "report 2026-02-30 --lake LAKE",
    "evaluate": "evaluate --lake LAKE --truth LAKE --date 2026-02-30", "lake show": "lake show 2026-02-30 --lake LAKE",
    "lake repair": "lake repair 2026-02-30 --lake LAKE", "simulate": "simulate --out LAKE --start-date 2026-02-30",
    "trigger": "trigger 2026-02-30", "backfill": f"backfill {DAY} 2026-02-30",
    "rerun": "rerun --from run_stage2 2026-02-30", "status": "status 2026-02-30", "logs": "logs lease 2026-02-30",
    "metrics": "metrics 2026-02-30 --lake LAKE", "check": "check quarantine 2026-02-30 --lake s3://b",
}  # fmt: skip
ASKS_AIRFLOW = (
    f"trigger {DAY}", f"backfill {DAY} {DAY}", f"rerun --from lease {DAY}", "status", f"status {DAY} --json",
    f"logs lease {DAY}",
)  # fmt: skip
ASKS_S3 = {
    "run": f"run {DAY} --lake s3://b", "report": f"report {DAY} --lake s3://b", "lake show": "lake show --lake s3://b",
    "evaluate": f"evaluate --lake s3://b --truth TRUTH --date {DAY}", "lake repair": "lake repair --lake s3://b",
    "metrics": "metrics --lake s3://b", "check": f"check quarantine {DAY} --lake s3://b",
    "deploy": "deploy --root ROOT",
    "deploy --dry-run": "deploy --root ROOT --dry-run", "logs --spark": f"logs run_stage1 {DAY} --spark",
}  # fmt: skip
WRONG_FILES = {
    "ingest": ("ingest nowhere.csv --mapping nowhere.yaml --lake LAKE", "nowhere"),
    "roads build": ("roads build nowhere.geojson --out LAKE/segments.csv", "nowhere.geojson"),
    "config show": ("config show --config nowhere.yaml", "nowhere.yaml"),
    "config check": ("config check --config nowhere.yaml", "nowhere.yaml"),
    "airflow install": ("airflow install --dags nowhere", "nowhere"),
}

#: Commands whose mistakes have tests of their own: tests/doctor, tests/scaffold, test_artefacts.py, test_env.py,
#: test_airflow_services.py.
ELSEWHERE = {"doctor", "stage new", "artefacts", "env", "airflow up", "airflow down", "airflow services"}


@pytest.fixture
def said(run, operator, tmp_path, monkeypatch):
    """Runs a line; its exit status and what it said, which is one error with its fix."""
    (tmp_path / "lake").mkdir()
    (tmp_path / "truth").mkdir()
    (tmp_path / "truth" / "impacts.csv").write_text("vehicle_id,trip_id,timestamp,kind\n")
    (tmp_path / "truth" / "potholes.csv").write_text("pothole_id,link_id,lon,lat,hits\n")
    places = {"LAKE": tmp_path / "lake", "TRUTH": tmp_path / "truth", "ROOT": Path(__file__).parents[2]}

    def go(line: str) -> tuple[int, str]:
        words = line.split()
        for name, place in places.items():
            words = [word.replace(name, str(place)) for word in words]
        done = run(*words)
        assert done.text.count("error: ") == 1, done.text
        assert done.text.count("hint: ") == 1, done.text
        return done.status, done.text

    return go


def test_the_tables_have_every_command() -> None:
    lines = {*WRONG_DATE, *ASKS_S3, *WRONG_FILES}
    assert {" ".join(path) for path, _ in ALL} - lines <= ELSEWHERE


@pytest.mark.parametrize("line", WRONG_DATE.values())
def test_a_wrong_date(said, line):
    status, text = said(line)
    assert (status, "'2026-02-30' is not a date" in text, "expected YYYY-MM-DD" in text) == (2, True, True)


@pytest.mark.parametrize(("line", "words"), WRONG_FILES.values())
def test_a_file_that_is_not_there(said, line, words):
    status, text = said(line)
    assert (status, words in text) == (2, True)


@pytest.mark.parametrize("line", ASKS_AIRFLOW)
def test_airflow_is_away(said, line, monkeypatch):
    monkeypatch.setenv("AIRFLOW_API_URL", "http://127.0.0.1:9")
    status, text = said(line)
    assert (status, "Airflow does not answer at http://127.0.0.1:9" in text, "api-server running?" in text) == (
        1, True, True
    )  # fmt: skip


@pytest.mark.parametrize("line", ASKS_AIRFLOW)
def test_the_token_has_expired(said, line, airflow_api_server, monkeypatch):
    monkeypatch.setenv("AIRFLOW_API_TOKEN", "an-old-token")
    status, text = said(line)
    assert (status, "401: Token Expired" in text, "AIRFLOW_API_TOKEN" in text) == (1, True, True)
    assert "an-old-token" not in text


@pytest.mark.parametrize("line", [f"logs run_stage9 {DAY}", f"rerun --from run_stage9 {DAY}"])
def test_an_unknown_task(said, line, airflow_api_server):
    status, text = said(line)
    assert (status, "there is no task 'run_stage9'" in text, "the tasks are lease, run_stage1" in text) == (
        2, True, True
    )  # fmt: skip


@pytest.mark.parametrize("line", ASKS_S3.values())
def test_a_wrong_aws_profile(said, line, monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    status, text = said(line)
    assert (status in (1, 2), "nobody" in text, "AWS_PROFILE" in text) == (True, True, True), text


def test_what_nobody_expected_is_one_line_too(run, tmp_path, monkeypatch):
    def fail(*_: object) -> None:
        raise ZeroDivisionError("by\nzero")

    monkeypatch.setattr("pothole.lake.Lake.states", fail)
    done = run("lake", "show", "--lake", str(tmp_path))
    assert (done.status, "error: ZeroDivisionError: by zero" in done.text) == (1, True)
    assert "pothole --debug" in done.text


def test_debug_shows_where(run, tmp_path, capsys, monkeypatch):
    shown: list[str] = []
    monkeypatch.setattr("pothole.cli.traceback.print_exc", lambda: shown.append("trace"))
    assert (run("--debug", "run", "2026-02-30", "--lake", str(tmp_path)).status, shown) == (2, ["trace"])
    assert (run("run", "2026-02-30", "--lake", str(tmp_path)).status, shown) == (2, ["trace"])
    assert console.err.is_terminal is False
