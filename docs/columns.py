"""Write the column lists of ``contract.md`` from ``pothole.tables``; with ``--check`` only tell whether they differ.

Example: python docs/columns.py
"""

from __future__ import annotations

import sys
from pathlib import Path

from pothole.tables import REASONS, SCHEMA_VERSION, TABLES, Table

CONTRACT = Path(__file__).with_name("contract.md")
BEGIN, END = "<!-- columns.py writes from here -->", "<!-- to here -->"
_FOLDERS = {"road-network": "road-network/segments.csv` or `.parquet", "speed-bump": "speed-bump/*.csv"}


def section(table: Table) -> str:
    """A dataset's heading, what a row is, and its columns."""
    folder = _FOLDERS.get(table.name, f"{table.name}/dt=DATE/*.parquet")
    key = f" Key: {', '.join(table.key)}." if table.key else ""
    lines = [
        f"### `{folder}`",
        "",
        f"One row is {table.row}.{key}",
        "",
        "| column | type | unit | meaning |",
        "|---|---|---|---|",
    ]
    for c in table.columns:
        null = "; may be null" if c.nullable and "null" not in c.doc else ""
        lines.append(f"| {c.name} | {c.type} | {c.unit} | {_cell(c.doc)}{null} |")
    return "\n".join(lines)


def generated() -> str:
    """All column lists and the reasons of the quarantine."""
    reasons = "\n".join(f"| `{name}` | {_cell(meaning)} |" for name, meaning in REASONS.items())
    reasons = f"### Reasons in the quarantine\n\n| reason | when |\n|---|---|\n{reasons}"
    return "\n\n".join([f"Schema version {SCHEMA_VERSION}.", *map(section, TABLES.values()), reasons])


def renewed(text: str) -> str:
    """The document with its column lists written anew."""
    before, rest = text.split(BEGIN)
    return f"{before}{BEGIN}\n\n{generated()}\n\n{END}{rest.split(END)[1]}"


def _cell(text: str) -> str:
    return text.replace("|", r"\|")


if __name__ == "__main__":
    found = CONTRACT.read_text(encoding="utf-8")
    if "--check" in sys.argv:
        sys.exit(0 if renewed(found) == found else f"{CONTRACT} differs from pothole.tables: python {__file__}")
    CONTRACT.write_text(renewed(found), encoding="utf-8")
