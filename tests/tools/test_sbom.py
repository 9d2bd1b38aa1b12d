from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from tools import sbom

ROOT = Path(__file__).parents[2]


def test_every_pin_is_a_component(tmp_path: Path) -> None:
    command = [sys.executable, ROOT / "tools" / "sbom.py", "--out", tmp_path / "new" / "a.json"]
    subprocess.run(command, check=True, capture_output=True, cwd=tmp_path)
    made = json.loads((tmp_path / "new" / "a.json").read_text())
    lines = (ROOT / "constraints.txt").read_text().split()
    assert (made["bomFormat"], made["specVersion"]) == ("CycloneDX", "1.6")
    assert len(made["components"]) == len(lines) == len({c["bom-ref"] for c in made["components"]})
    assert {"name": "pothole-pipeline", "type": "application"}.items() <= made["metadata"]["component"].items()
    assert f"pkg:pypi/duckdb@{version('duckdb')}" in {c["purl"] for c in made["components"]}


def test_the_licence_is_that_of_this_very_version() -> None:
    here = version("pytest")
    assert sbom.bill("a", "1", {"pytest": here})["components"][0]["licenses"] == [{"expression": "MIT"}]
    for other in ({"pytest": "0.0.1"}, {"not-installed-here": "1"}):
        assert "licenses" not in sbom.bill("a", "1", other)["components"][0]


@pytest.mark.parametrize("line", ["duckdb>=2.0", "==1", "duckdb==", "-r other.txt"])
def test_a_line_that_is_no_pin(line: str) -> None:
    with pytest.raises(ValueError, match="is no pin"):
        sbom.pins(f"numpy==2.0\n{line}\n")


def test_comments_and_spelling() -> None:
    assert sbom.pins("# pins\n\nAst_Serialize==0.13.1  # why\n") == {"ast-serialize": "0.13.1"}
