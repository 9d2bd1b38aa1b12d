"""Sentences are counted as a reader meets them, and those of the documentation are short."""

from __future__ import annotations

import runpy
import statistics

import pytest

from tests.docs.pages import PAGES, ROOT, text

TOOL = runpy.run_path(str(ROOT / "tools" / "sentences.py"))
WAITING = {"docs/detection.md"}
PAGE = """# A heading of many words that does not count

One sentence of six words here. Another (in brackets, too.) And a third
over two lines.

- An item with five words
- Two sentences in it. They are counted apart.
1. A number is no word.

```
code is no sentence
```

    nor is this one

| head | of |
|---|---|
| a cell | a longer cell \\| with a bar |

<!-- figures:a -->

What a command wrote is not counted.

<!-- end -->
"""


def test_paragraphs_and_items_count_and_nothing_else():
    assert list(map(len, TOOL["sentences"](PAGE))) == [6, 4, 6, 5, 4, 4, 5]


def test_a_cell_is_what_stands_between_bars():
    assert TOOL["cells"](PAGE) == ["head", "of", "a cell", "a longer cell \\| with a bar"]


def test_a_pages_row_tells_median_high_mark_and_longest_cell():
    assert TOOL["row"]("page", PAGE).split() == ["page", "7", "5", "6", "27"]


@pytest.mark.parametrize("page", sorted(set(PAGES) - WAITING))
def test_half_of_a_pages_sentences_have_twenty_words_or_fewer(page: str):
    lengths = [len(words) for words in TOOL["sentences"](text(page))]
    assert statistics.median(lengths) <= 20
