"""How long the documentation's sentences are: ``python tools/sentences.py [FILE...]``, by default every page.

Sentences of paragraphs and list items count: not headings, code blocks and table cells. Of cells the longest is told,
in characters. A word is what stands between spaces. What a command has written between markers is left out.
"""

from __future__ import annotations

import re
import statistics
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGES = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md", "docs/*.md", "docs/decisions/*.md")
_GENERATED = re.compile(r"<!-- (columns\.py writes from here|figures:[\w-]+) -->.*?<!-- (to here|end) -->", re.DOTALL)
_FENCED = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)
_INDENTED = re.compile(r"(?<=\n\n)(?: {4}.*\n)+(?=\n)")
_BLOCK = re.compile(r"\n\s*\n|\n\s*(?=(?:[-*]|\d+\.) )")
_END = re.compile(r"(?<=[.!?])[)*]*\s+(?=\S)")
_LEFT_OUT = ("#", "|", "!", "<!--")


def sentences(text: str) -> list[list[str]]:
    """The words of every sentence of three words or more."""
    prose = "\n".join(line for line in _written(text).splitlines() if not line.startswith(_LEFT_OUT))
    found = [part.split() for block in _BLOCK.split(prose) for part in _END.split(_item(block))]
    return [words for words in found if len(words) > 2]


def cells(text: str) -> list[str]:
    """The cells of all tables, without the lines under their heads."""
    rows = [line for line in _written(text).splitlines() if line.startswith("|") and set(line) - set("|-: ")]
    return [cell.strip() for row in rows for cell in re.split(r"(?<!\\)\|", row.strip("|"))]


def _written(text: str) -> str:
    return _INDENTED.sub("", _FENCED.sub("", _GENERATED.sub("", text)))


def _item(block: str) -> str:
    return re.sub(r"^(?:[-*]|\d+\.) ", "", block.strip())


def row(name: str, text: str) -> str:
    """A page's line: sentences, median words, the 90 % mark, the longest table cell in characters."""
    lengths = sorted(map(len, sentences(text))) or [0]
    longest = max(map(len, cells(text)), default=0)
    high = lengths[int(0.9 * (len(lengths) - 1))]
    return f"{name:<52}{len(lengths):>10}{statistics.median(lengths):>8g}{high:>6}{longest:>6}"


def main() -> None:
    """Print the table."""
    paths = [Path(given).resolve() for given in sys.argv[1:]] or sorted(p for page in PAGES for p in ROOT.glob(page))
    texts = {path: path.read_text(encoding="utf-8") for path in paths}
    print(f"{'page':<52}{'sentences':>10}{'median':>8}{'90 %':>6}{'cell':>6}")
    for path, text in texts.items():
        print(row(str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path), text))
    print(row("all", "\n\n".join(texts.values())))


if __name__ == "__main__":
    main()
