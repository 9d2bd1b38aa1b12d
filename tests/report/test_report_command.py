"""``pothole report`` on a lake that lies in memory."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
from typer.testing import CliRunner

import pothole.cli.report
from pothole.cli import app
from pothole.errors import LakeError, NoDataError, UserError
from pothole.report.day import read_day
from pothole.tables import CONDITION, POTHOLES, SEGMENTS

from .fake_day import DATE, condition, pothole, segment, table


class FakeLake:
    """One published day, with the part of a lake's interface that the report uses."""

    def __init__(self, potholes: list[dict], files: dict[str, bytes]) -> None:
        self.tables = {POTHOLES.name: table(POTHOLES, potholes), CONDITION.name: table(CONDITION, [condition()])}
        self.storage = SimpleNamespace(read=lambda path: files[path] if path in files else missing(path))
        self.run_ids = iter(())

    def read_table(self, dataset: str, date: str):
        if date != DATE:
            raise NoDataError(f"no {dataset} for {date}")
        return self.tables[dataset]

    def manifest(self, dataset: str, date: str):
        return SimpleNamespace(run_id=next(self.run_ids, "r-7"), code_version="0.1.0")

    def segments(self):
        return table(SEGMENTS, [segment()])


def opened(uri: str, potholes: list[dict], files: dict[str, bytes]) -> FakeLake:
    fake = FakeLake(potholes, files)
    fake.storage.remote = uri.startswith("s3://")
    fake.root = str(Path(uri.removeprefix("file://")).absolute())
    return fake


def missing(path: str):
    raise FileNotFoundError(path)


@pytest.fixture
def lake(monkeypatch, tmp_path):
    """Makes ``open_lake`` give a fake day; returns a function that sets its potholes and files."""
    module = ModuleType("pothole.lake")
    module.check_same_run = lambda *_: None
    monkeypatch.setitem(sys.modules, "pothole.lake", module)
    monkeypatch.chdir(tmp_path)

    def has(potholes: list[dict], files: dict[str, bytes] | None = None) -> None:
        module.open_lake = lambda uri: opened(uri, potholes, files or {})

    has([pothole(), pothole("p2", confidence=0.5)])
    return has


def run(*arguments: str):
    return CliRunner().invoke(app, ["report", *arguments])


def test_it_prints_the_ranking_and_writes_the_files_into_the_lake(lake, tmp_path):
    done = run(DATE, "--lake", str(tmp_path / "lake"), "--min-confidence", "0.2")
    assert done.exit_code == 0, done.output
    assert "Potholes, most urgent first (2)" in done.stdout and "● 1" in done.stdout
    folder = tmp_path / "lake" / "reports" / f"dt={DATE}"
    written = sorted(f.name for f in folder.iterdir())
    assert written == [f"potholes-{DATE}.csv", f"potholes-{DATE}.geojson", f"report-{DATE}.html"]
    assert "run r-7 · code 0.1.0" in (folder / f"report-{DATE}.html").read_text()


def test_for_a_lake_elsewhere_the_files_go_to_out(lake, tmp_path):
    assert run(DATE, "--lake", "s3://bucket/lake").exit_code == 0
    assert (tmp_path / "out" / f"report-{DATE}.html").exists()


def test_json_is_the_ranking_and_the_files(lake, tmp_path):
    done = run(DATE, "--lake", "lake", "--out", "here", "--json", "--min-confidence", "0")
    plain = json.loads(done.stdout)
    assert [p["pothole_id"] for p in plain["potholes"]] == ["p1", "p2"]
    assert all(Path(f).exists() for f in plain["files"]) and len(plain["files"]) == 3


def test_unlikely_places_are_left_out_unless_asked_for(lake, tmp_path):
    done = run(DATE, "--lake", "lake", "--out", "here", "--json")
    assert [p["pothole_id"] for p in json.loads(done.stdout)["potholes"]] == ["p1"]


def test_who_is_confirmed_is_a_setting(lake, tmp_path, monkeypatch):
    lake([pothole("p1", confidence=0.96), pothole("p2", confidence=0.999), pothole("p3", confidence=0.998_999_999_9)])

    def confirmed() -> list[str]:
        done = run(DATE, "--lake", "lake", "--out", "here", "--json")
        page = (tmp_path / "here" / f"report-{DATE}.html").read_text()
        names = [p["pothole_id"] for p in json.loads(done.stdout)["potholes"] if p["confirmed"]]
        assert f'"confirmed":{len(names)},' in page
        return sorted(names)

    assert confirmed() == ["p1", "p2", "p3"]
    monkeypatch.setenv("POTHOLE__STAGE2__EVIDENCE__CONFIRMED", "0.999")
    assert confirmed() == ["p2", "p3"]


def test_the_networks_attribution_is_on_the_page_and_the_option_wins(lake, tmp_path):
    lake([pothole()], {"road-network/ATTRIBUTION.txt": "© street\nmappers".encode()})
    run(DATE, "--lake", "lake", "--out", "a")
    run(DATE, "--lake", "lake", "--out", "b", "--attribution", "© me")
    pages = [(tmp_path / folder / f"report-{DATE}.html").read_text() for folder in "ab"]
    assert '"attribution":"© street mappers"' in pages[0] and '"attribution":"© me"' in pages[1]


def test_an_empty_day_is_said_in_words(lake):
    lake([])
    done = run(DATE, "--lake", "lake")
    assert done.exit_code == 0 and f"No potholes on {DATE}; 1 segment" in done.stdout


def test_a_lake_named_by_its_file_url_has_its_report_too(lake, tmp_path):
    assert run(DATE, "--lake", f"file://{tmp_path}/lake").exit_code == 0
    assert (tmp_path / "lake" / "reports" / f"dt={DATE}" / f"report-{DATE}.html").exists()
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("date", ["yesterday", "2026-02-30", "20260212"])
def test_a_wrong_date_is_the_users_mistake(lake, date: str):
    assert isinstance(run(date, "--lake", "lake").exception, UserError)


def test_a_date_without_a_result_and_a_folder_that_is_a_file(lake, tmp_path):
    assert isinstance(run("2026-02-13", "--lake", "lake").exception, NoDataError)
    (tmp_path / "file").write_text("")
    assert isinstance(run(DATE, "--lake", "lake", "--out", "file").exception, LakeError)


def test_a_day_that_is_republished_while_it_is_read_is_read_again(lake):
    fake, reads = FakeLake([pothole()], {}), []
    fake.run_ids = iter(["r-1", "r-2", "r-2", "r-2"])
    fake.read_table = lambda name, date: reads.append(name) or fake.tables[name]
    assert read_day(fake, DATE).run["run"] == "r-2"
    assert reads == [POTHOLES.name, CONDITION.name] * 2


def test_help_has_an_example():
    done = run("--help")
    assert done.exit_code == 0
    assert "s3://bucket[/prefix]" in done.stdout and "Example: pothole report 2026-02-12" in done.stdout
