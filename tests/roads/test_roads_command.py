"""``pothole roads build`` as it is typed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

import pothole.cli.roads  # noqa: F401  (adds the command)
from pothole.cli import app
from pothole.errors import BadInputError, LakeError, UserError
from pothole.lake import open_lake
from pothole.roads import ATTRIBUTION
from pothole.roads.check import check_segments, lengths_m
from pothole.roads.read import read_segments

from .sources import DATA, geojson, its

EXTRACT = str(DATA / "helsinki.osm.pbf")


def run(*arguments: object):
    return CliRunner().invoke(app, ["roads", "build", *map(str, arguments)], catch_exceptions=True)


@pytest.mark.parametrize("name", ["segments.csv", "segments.parquet"])
def test_into_a_lake_with_whose_it_is(tmp_path: Path, name: str) -> None:
    result = run(EXTRACT, "--out", tmp_path / "lake" / "road-network" / name)
    assert result.exit_code == 0, result.output
    segments = open_lake(str(tmp_path / "lake")).segments()
    assert segments is not None
    check_segments(segments, name)
    attribution = tmp_path / "lake" / "road-network" / "ATTRIBUTION.txt"
    assert attribution.read_text(encoding="utf-8") == f"{ATTRIBUTION}\n"


def test_summary_as_json(tmp_path: Path) -> None:
    result = run(EXTRACT, "--out", tmp_path / "s.csv", "--json", "--max-length-m", "20")
    segments = read_segments(tmp_path / "s.csv")
    said = json.loads(result.stdout)
    assert said["segments"] == segments.num_rows
    assert said["links"] == len(set(segments["link_id"].to_pylist()))
    assert said["length_km"] == pytest.approx(lengths_m(segments).sum() / 1000, abs=1e-3)
    assert 15 < said["longest_m"] <= 20


def test_its_set_needs_no_options_and_no_attribution(tmp_path: Path) -> None:
    assert run(its(tmp_path), "--out", tmp_path / "o" / "s.csv").exit_code == 0
    assert [p.name for p in (tmp_path / "o").iterdir()] == ["s.csv"]
    assert "세종대로" in (tmp_path / "o" / "s.csv").read_text(encoding="utf-8")


def test_columns_and_directed(tmp_path: Path) -> None:
    path = geojson(tmp_path / "r.geojson", ([(127.0, 37.5), (127.0001, 37.5)], {"NR": 3, "STREET": "Main"}))
    assert run(path, "--out", tmp_path / "s.csv", "--columns", "id=NR,name=STREET", "--directed").exit_code == 0
    (row,) = read_segments(tmp_path / "s.csv").to_pylist()
    assert (row["s_id"], row["link_id"], row["road_name"]) == ("3:0", "3", "Main")


@pytest.mark.s3
def test_into_a_lake_on_s3(bucket: str) -> None:
    assert run(EXTRACT, "--out", f"s3://{bucket}/city/road-network/segments.parquet").exit_code == 0
    lake = open_lake(f"s3://{bucket}/city")
    segments = lake.segments()
    assert segments is not None and segments.num_rows > 100
    assert lake.storage.read("road-network/ATTRIBUTION.txt").decode() == f"{ATTRIBUTION}\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--out", "segments.txt"], "neither .csv nor .parquet"),
        (["--out", "s.csv", "--bbox", "1,2,3"], "not four numbers"),
        (["--out", "s.csv", "--bbox", "25,60,24,61"], "is empty"),
        (["--out", "s.csv", "--columns", "name"], "not ROLE=COLUMN"),
        (["--out", "s.csv", "--bbox", "1,2,3,4"], "no road in --bbox"),
    ],
)
def test_what_is_typed_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    result = run(EXTRACT, *arguments)
    assert isinstance(result.exception, UserError) and message in result.exception.message
    assert result.exception.exit_status == 2 and result.exception.hint
    assert not list(tmp_path.iterdir())


def test_nothing_to_write(tmp_path: Path) -> None:
    result = run(geojson(tmp_path / "r.geojson", ([(127.0, 37.5)] * 2, {})), "--out", tmp_path / "s.csv")
    assert isinstance(result.exception, BadInputError) and "no road has any length" in result.exception.message


def test_no_place_to_write(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    result = run(EXTRACT, "--out", tmp_path / "file" / "s.csv")
    assert isinstance(result.exception, UserError) and "is a file" in result.exception.message
    result = run(EXTRACT, "--out", tmp_path / "file" / "below" / "s.csv")
    assert isinstance(result.exception, LakeError) and "in the way" in result.exception.message


def test_help_has_an_example() -> None:
    assert "pothole roads build city.osm.pbf" in run("--help").output
