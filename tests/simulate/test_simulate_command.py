import json
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pothole import cli
from pothole.cli import simulate as command  # noqa: F401 - adds the command


def run(*arguments: str) -> str:
    result = CliRunner().invoke(cli.app, ["simulate", *arguments])
    assert result.exit_code == 0, result.output
    return result.stdout


def test_json_says_what_was_written(tmp_path: Path) -> None:
    figures = json.loads(
        run("--out", str(tmp_path / "lake"), "--trips", "2", "--seed", "1", "--start-date", "2026-02-12", "--json")
    )
    assert figures["dates"] == ["2026-02-12"] and figures["trips"] == 2
    assert figures["samples"] > 1000 and figures["kilometres"] > 2
    assert (tmp_path / "lake.truth/impacts.csv").exists()


def test_a_person_is_told_what_to_do_next(tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    said = run(
        "--out",
        str(lake),
        "--trips",
        "3",
        "--start-date",
        "2026-02-12",
        "--plain",
        "--samples-per-trip",
        "20",
        "--days",
        "2",
    )
    assert "120 samples of 6 trips" in said
    assert f"pothole run 2026-02-12 --lake {lake}" in said
    assert sorted(p.name for p in (lake / "raw-sensor-data").iterdir()) == ["dt=2026-02-12", "dt=2026-02-13"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--setting", "impossible"], "easy, standard, hard, fast"),
        (["--start-date", "12.2.2026"], "12.2.2026"),
        (["--roads", "absent.csv"], "absent.csv"),
    ],
)
def test_mistakes_end_in_status_2(
    arguments: list[str], told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["pothole", "simulate", "--out", str(tmp_path / "lake"), *arguments])
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    assert stopped.value.code == 2
    assert told in capsys.readouterr().err
    assert not (tmp_path / "lake/raw-sensor-data").exists()


def test_help_has_an_example() -> None:
    assert "pothole simulate --out ./lake --trips 200" in run("--help")
