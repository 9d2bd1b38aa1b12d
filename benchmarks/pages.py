"""Tables of the documentation that commands write: what stands between two markers is replaced, the rest stays.

A page has ``<!-- figures:NAME -->`` and, below it, ``<!-- end -->``, each on a line of its own.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGES = ("README.md", "docs/**/*.md")
_END = "<!-- end -->"


def replaced(text: str, name: str, body: str) -> str:
    """The text with ``body`` between the markers of that name.

    ValueError where the marker stands more than once, or its end is missing.
    """
    marker = f"<!-- figures:{name} -->"
    before, *after = text.split(f"{marker}\n")
    if len(after) != 1:
        raise ValueError(f"{marker} stands {len(after)} times, expected once, on a line of its own")
    old, end, rest = after[0].partition(f"{_END}\n")
    if not end or "<!-- figures:" in old:
        raise ValueError(f"{marker} has no {_END} below it")
    return f"{before}{marker}\n\n{body.strip()}\n\n{_END}\n{rest}"


def write(name: str, body: str, root: Path = ROOT) -> list[Path]:
    """Replace what stands between the markers of that name on every page that has them; the pages, in order.

    ValueError where no page has them: then figures would go nowhere, unseen.
    """
    pages = [path for pattern in PAGES for path in sorted(root.glob(pattern))]
    found = [path for path in pages if f"<!-- figures:{name} -->" in path.read_text(encoding="utf-8")]
    if not found:
        raise ValueError(f"no page has <!-- figures:{name} -->")
    texts = {path: replaced(path.read_text(encoding="utf-8"), name, body) for path in found}
    for path, text in texts.items():
        path.write_text(text, encoding="utf-8")
        print(f"written: {path.relative_to(root)}, figures:{name}", file=sys.stderr)
    return found


def names(text: str) -> list[str]:
    """The names of a page's markers."""
    return re.findall(r"^<!-- figures:([\w-]+) -->$", text, flags=re.MULTILINE)


def table(head: Sequence[str], rows: Iterable[Sequence[str]], numbers: Sequence[str] = ()) -> str:
    """A table in Markdown; columns of ``numbers`` are set to the right."""
    rule = ["---:" if column in numbers else "---" for column in head]
    cells = [[cell.replace("|", r"\|") for cell in row] for row in (head, *rows)]
    return "\n".join(f"| {' | '.join(row)} |" for row in (cells[0], rule, *cells[1:]))
