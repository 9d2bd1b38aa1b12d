"""The contract's column lists are those of ``tables``."""

from __future__ import annotations

import runpy
from pathlib import Path

from pothole.datasets import TABLES
from pothole.tables import REASONS

DOCS = Path(__file__).parents[2] / "docs"
COLUMNS = runpy.run_path(str(DOCS / "columns.py"))
TEXT = (DOCS / "contract.md").read_text(encoding="utf-8")


def test_the_column_lists_are_those_of_tables() -> None:
    assert COLUMNS["renewed"](TEXT) == TEXT, "python docs/columns.py writes them anew"


def test_every_dataset_column_and_reason_is_listed() -> None:
    for table in TABLES.values():
        part = TEXT.split(f"### `{table.name}/")[1].split("\n### ")[0]
        rows = [line.split(" | ") for line in part.splitlines() if line.startswith("| ")][1:]
        assert [(r[0].removeprefix("| "), r[1]) for r in rows] == [(c.name, c.type) for c in table.columns]
    assert all(f"| `{reason}` |" in TEXT for reason in REASONS)


def test_a_changed_list_is_noticed() -> None:
    changed = TEXT.replace("| hdop | double |", "| hdop | int |", 1)
    assert changed != TEXT and COLUMNS["renewed"](changed) == TEXT
