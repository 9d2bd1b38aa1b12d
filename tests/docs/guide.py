"""The operators' guides as data: chapters, the commands of their code blocks, tables."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

ROOT = Path(__file__).parents[2]
ENGLISH, KOREAN = (
    (ROOT / "airflow_service" / f"DAG_TRIGGER_GUIDE{end}.md").read_text(encoding="utf-8") for end in ("", ".ko")
)
SCHEDULED = {"trigger", "backfill", "rerun", "status", "logs", "metrics", "check"}
"""Commands that say little without a real scheduler's run: tests/airflow/test_operators_day.py runs them."""


def chapters(guide: str) -> list[tuple[str, str]]:
    """Title and text of every chapter."""
    parts = re.split(r"^## \d+\. (.+)$", guide, flags=re.MULTILINE)
    return list(zip(parts[1::2], parts[2::2], strict=True))


def commands(text: str) -> list[list[str]]:
    """The arguments of every ``pothole`` command of the code blocks, in order."""
    blocks = re.findall(r"^```\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines() if line.startswith("pothole ")]
    return [shlex.split(line, comments=True)[1:] for line in lines]


def rows(text: str) -> list[list[str]]:
    """The cells of every table's rows, without their heads."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    heads = {number + step for number, line in enumerate(lines) if set(line) <= set("|-") for step in (-1, 0)}
    return [[cell.strip() for cell in line.strip("|").split("|")] for n, line in enumerate(lines) if n not in heads]
