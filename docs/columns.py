"""Write the lists of ``contract.md`` from the stages' declarations and the tables.

With ``--check`` only tell whether they differ.

Example: python docs/columns.py
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from pothole.datasets import TABLES
from pothole.registry import STAGES
from pothole.stages.stage import Stage, table_of
from pothole.tables import POTHOLES, REASONS, SCHEMA_VERSION, Table

CONTRACT = Path(__file__).with_name("contract.md")
BEGIN, END = "<!-- columns.py writes from here -->", "<!-- to here -->"
_FOLDERS = {"road-network": "road-network/segments.csv` or `.parquet"}


def section(table: Table) -> str:
    """A dataset's heading, what a row is, and its columns."""
    folder = _FOLDERS.get(table.name, f"{table.name}/{'dt=DATE/*.parquet' if table.partitioned else '*.csv'}")
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


def overview() -> str:
    """Who writes which datasets for whom: the stages' inputs, layers and outputs."""
    outputs = {table for stage in STAGES for table in stage.outputs}
    yours = [table for table in TABLES.values() if table not in outputs]
    rows = [("you (`pothole ingest`, `pothole simulate`)", yours, _readers(yours))]
    rows += [(_told(stage), list(stage.outputs), [*_readers(stage.outputs), "you"]) for stage in STAGES]
    lines = ["| from | dataset | to |", "|---|---|---|"]
    lines += [f"| {who} | {', '.join(f'`{t.name}`' for t in what)} | {', '.join(to)} |" for who, what, to in rows]
    return "\n".join([*lines, "| every stage | `runs/dt=DATE/<run_id>/<stage>.json` | whoever asks what happened |"])


def _readers(tables: Sequence[Table]) -> list[str]:
    read = {stage: {table_of(source) for source in (*stage.inputs, *stage.layers)} for stage in STAGES}
    stages = [_told(stage) for stage, sources in read.items() if sources.intersection(tables)]
    return stages + (["the report"] if POTHOLES in tables else [])


def _told(stage: Stage) -> str:
    return stage.name.replace("stage", "stage ")


def renewed(text: str) -> str:
    """The document with its overview and column lists written anew."""
    first, second, rest = text.split(BEGIN)
    parts = [
        first,
        f"\n\n{overview()}\n\n{END}{second.split(END)[1]}",
        f"\n\n{generated()}\n\n{END}{rest.split(END)[1]}",
    ]
    return BEGIN.join(parts)


def _cell(text: str) -> str:
    return text.replace("|", r"\|")


if __name__ == "__main__":
    found = CONTRACT.read_text(encoding="utf-8")
    if "--check" in sys.argv:
        sys.exit(0 if renewed(found) == found else f"{CONTRACT} differs from the declarations: python {__file__}")
    CONTRACT.write_text(renewed(found), encoding="utf-8")
