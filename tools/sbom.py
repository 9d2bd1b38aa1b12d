"""Writes the wheel's bill of materials (CycloneDX 1.6, JSON): the pins of constraints.txt, as they may be installed.

The same pins in the same environment give the same bytes: it holds no time and no number of its own. Licences are those
that installed distributions give as SPDX expressions.
"""

from __future__ import annotations

import argparse
import json
import tomllib
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]


def pins(text: str) -> dict[str, str]:
    """Version by name, of lines such as ``duckdb==2.0.1``; ValueError for any other line."""
    lines = [line.partition("#")[0].partition(";")[0].strip() for line in text.splitlines()]
    found = dict[str, str]()
    for line in filter(None, lines):
        name, same, version = line.partition("==")
        if not (name and same and version):
            raise ValueError(f"constraints.txt: {line!r} is no pin, expected name==version")
        found[name.lower().replace("_", "-")] = version
    return found


def bill(name: str, version: str, pinned: dict[str, str]) -> dict[str, Any]:
    """The bill of a package with these pins."""
    own = {"type": "application", "bom-ref": name, "name": name, "version": version}
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": own},
        "components": [_component(*pin) for pin in sorted(pinned.items())],
    }


def _component(name: str, version: str) -> dict[str, Any]:
    purl = f"pkg:pypi/{name}@{version}"
    component: dict[str, Any] = {"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl}
    said = _licence(name, version)
    return component | ({"licenses": [{"expression": said}]} if said else {})


def _licence(name: str, version: str) -> str | None:
    """The SPDX expression that the installed distribution of this very version gives; None where it gives none."""
    try:
        given = metadata(name)
    except PackageNotFoundError:
        return None
    return given["License-Expression"] if given["Version"] == version and "License-Expression" in given else None


def main() -> None:
    """Write the file that ``--out`` names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    out = parser.parse_args().out
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    made = bill(project["name"], project["version"], pins((ROOT / "constraints.txt").read_text(encoding="utf-8")))
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")
    print(f"{out}: {len(made['components'])} components")


if __name__ == "__main__":
    main()
