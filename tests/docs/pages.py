"""The documentation's pages as data: code blocks, commands, links, headings."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for pattern in ("*.md", "docs/*.md", "docs/decisions/*.md", "airflow_service/*.md")
    for path in ROOT.glob(pattern)
)


def text(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def blocks(page: str) -> list[str]:
    """The fenced code blocks, without their fences."""
    return re.findall(r"^```\w*\n(.*?)^```$", text(page), flags=re.MULTILINE | re.DOTALL)


def commands(block: str, program: str) -> list[list[str]]:
    """The arguments of every command of that program, in order; ``&&`` ends one."""
    words = [shlex.split(line, comments=True) for line in block.splitlines() if line.startswith(f"{program} ")]
    parts = [part.split("\0") for line in words for part in "\0".join(line).split("\0&&\0")]
    return [part[1:] for part in parts if part[0] == program]


def links(page: str) -> list[str]:
    """Targets within the repository, as they stand."""
    return [t for t in re.findall(r"\]\(([^)\s]+)\)", text(page)) if not t.startswith(("http", "mailto:"))]


def anchors(page: Path) -> set[str]:
    """What GitHub makes of the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}
