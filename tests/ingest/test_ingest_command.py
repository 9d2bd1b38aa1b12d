"""The command: what it writes, prints and refuses; the worked example on the real recordings."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import Result
from typer.testing import CliRunner

from pothole.cli import load
from pothole.errors import PotholeError
from pothole.lake import open_lake
from tests import needs
from tests.ingest.sources import START_S, line, write

RECORDINGS = Path(__file__).parents[3] / "shared" / "data"
EXAMPLE = Path(__file__).parents[2] / "examples" / "pittsburgh.yaml"
RULES = """
columns:
  timestamp: {column: t, unit: s}
  trip_id: trip
  vehicle_id: {constant: v1}
  accel_x: {column: ax, unit: m/s2}
  accel_y: {column: ay, unit: m/s2}
  accel_z: {column: az, unit: m/s2}
  velocity: {column: speed, unit: km/h}
  lon: lon
  lat: lat
  hdop: {constant: 1.0}
  satellites: {constant: 10}
"""


def run(*arguments: object) -> Result:
    return CliRunner().invoke(load(), ["ingest", *map(str, arguments)])


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    path = tmp_path / "rules.yaml"
    path.write_text(RULES)
    return path


def test_files_become_a_day(tmp_path: Path, rules: Path) -> None:
    files = [write(tmp_path / f"{t}.csv", *(line(START_S + i // 2, trip=t, ax=i) for i in range(4))) for t in "ab"]
    done = run(*files, "--mapping", rules, "--lake", tmp_path / "lake")
    assert done.exit_code == 0, done.output
    assert "a.csv: 2 equal times spread" in done.stdout
    assert f"next: pothole run 2026-02-12 --lake {tmp_path / 'lake'}" in done.stdout.replace("\n", " ")
    assert [f.rows for f in open_lake(str(tmp_path / "lake")).check_raw("2026-02-12").files] == [4, 4]


def test_a_dry_run_writes_nothing(tmp_path: Path, rules: Path) -> None:
    done = run(write(tmp_path / "a.csv", line()), "--mapping", rules, "--lake", tmp_path / "lake", "--dry-run")
    assert done.exit_code == 0
    assert "would write to" in done.stdout
    assert "next:" not in done.stdout
    assert not (tmp_path / "lake").exists()


def test_json_is_whole(tmp_path: Path, rules: Path) -> None:
    file = write(tmp_path / "a.csv", line(), line(START_S + 0.1))
    done = run(file, "--mapping", rules, "--lake", tmp_path / "lake", "--json", "--timezone", "UTC")
    report = json.loads(done.stdout)
    assert report["timezone"] == "UTC"
    (one,) = report["files"]
    assert (one["rows_in"], one["rows_out"], one["dates"], one["rate_hz"]) == (2, 2, {"2026-02-12": 2}, 10.0)
    assert [(tmp_path / "lake" / p).is_file() for p in one["written"]] == [True]


def test_the_zone_is_the_configurations(tmp_path: Path, rules: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write(tmp_path / "a.csv", line())
    monkeypatch.setenv("POTHOLE__TIMEZONE", "America/New_York")
    run(file, "--mapping", rules, "--lake", tmp_path / "lake")
    assert open_lake(str(tmp_path / "lake")).dates("raw-sensor-data") == ["2026-02-11"]


def test_a_zone_that_was_named_is_named_again(tmp_path: Path, rules: Path) -> None:
    file = write(tmp_path / "a.csv", line())
    done = run(file, "--mapping", rules, "--lake", tmp_path / "lake", "--timezone", "America/New_York")
    assert "next: POTHOLE__TIMEZONE=America/New_York pothole run 2026-02-11" in done.stdout


def test_nothing_is_written_when_one_file_is_bad(tmp_path: Path, rules: Path) -> None:
    files = [write(tmp_path / "a.csv", line()), write(tmp_path / "b.csv", line(ax="x"))]
    done = run(*files, "--mapping", rules, "--lake", tmp_path / "lake")
    assert isinstance(done.exception, PotholeError)
    assert done.exception.exit_status == 2
    assert "b.csv, line 2" in done.exception.message
    assert not (tmp_path / "lake").exists()


def test_an_unknown_zone_is_the_users_mistake(tmp_path: Path, rules: Path) -> None:
    file = write(tmp_path / "a.csv", line())
    done = run(file, "--mapping", rules, "--lake", tmp_path / "lake", "--timezone", "Seoul/Asia")
    assert isinstance(done.exception, PotholeError)
    assert (done.exception.exit_status, done.exception.message) == (2, "unknown time zone 'Seoul/Asia'")


def test_help_has_an_example() -> None:
    assert "pothole ingest trip1.csv" in run("--help").stdout.replace("\n", " ")


def test_the_pittsburgh_trips(tmp_path: Path) -> None:
    """2.6 to 2.9 km of city streets at 5 Hz, gravity of 9.8 m/s2, the phone upright."""
    needs.allowed((RECORDINGS / "pittsburgh").is_dir(), "the recordings are not here")
    files = [RECORDINGS / "pittsburgh" / f"trip{i}_sensors.csv" for i in range(1, 6)]
    done = run(*files, "--mapping", EXAMPLE, "--lake", tmp_path, "--json", "--timezone", "America/New_York")
    report = json.loads(done.stdout)["files"]
    assert sum(f["rows_in"] for f in report) == sum(f["rows_out"] for f in report) == 9859
    assert {d for f in report for d in f["dates"]} == {"2017-04-19", "2017-04-23"}
    assert [f["invalid"].get("velocity", 0) for f in report] == [0, 0, 0, 5, 5]
    for entry in report:
        assert entry["rate_hz"] == pytest.approx(5.0, abs=0.1)
        assert entry["gravity_mps2"] == pytest.approx(9.8, abs=0.2)
        table = pa.concat_tables([pq.read_table(tmp_path / p) for p in entry["written"]])
        assert 2.5 <= kilometres(table) <= 3.0
        assert np.median(table["accel_y"].to_numpy()) == pytest.approx(9.4, abs=0.2)


def kilometres(table: pa.Table) -> float:
    """Distance along the fixes."""
    lon, lat = (np.radians(table[c].to_numpy()) for c in ("lon", "lat"))
    return float(np.hypot(np.diff(lon) * np.cos(lat[0]), np.diff(lat)).sum() * 6371.0)


def test_parquet_in_raw_columns_needs_only_what_it_lacks(tmp_path: Path) -> None:
    needs.allowed((RECORDINGS / "gyor").is_dir(), "the recordings are not here")
    same = ["trip_id", "vehicle_id", "lon", "lat"]
    units = (
        {"timestamp": "ms", "velocity": "km/h"}
        | {f"accel_{a}": "m/s2" for a in "xyz"}
        | {f"gyro_{a}": "deg/s" for a in "xyz"}
    )
    lines = [f"  {n}: {n}" for n in same] + [f"  {n}: {{column: {n}, unit: {u}}}" for n, u in units.items()]
    rules = tmp_path / "gyor.yaml"
    rules.write_text("columns:\n" + "\n".join([*lines, "  hdop: {constant: 1.0}", "  satellites: {constant: 10}"]))
    source = RECORDINGS / "gyor" / "samples.parquet"
    done = run(source, "--mapping", rules, "--lake", tmp_path / "lake", "--json", "--timezone", "Europe/Budapest")
    (entry,) = json.loads(done.stdout)["files"]
    assert (entry["trips"], entry["rows_out"]) == (4, 122224)
    assert entry["rate_hz"] == pytest.approx(100, abs=1)
    written = pa.concat_tables([pq.read_table(tmp_path / "lake" / p) for p in entry["written"]])
    given = pq.read_table(source)
    assert sorted(written["accel_z"].to_pylist()) == sorted(given["accel_z"].to_pylist())
