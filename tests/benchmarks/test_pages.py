"""Figures between markers: only these are replaced, and a marker that is not whole is no silence."""

from __future__ import annotations

from pathlib import Path

import pytest
from benchmarks.measure import Measurement

from benchmarks import day, figures, pages, score

PAGE = "# A\n\n<!-- figures:a -->\n\nold | 1\n\n<!-- end -->\nbetween\n\n<!-- figures:b -->\n<!-- end -->\n\nlast\n"


def test_what_stands_between_the_markers_is_replaced_and_the_rest_stays():
    once = pages.replaced(PAGE, "a", "new | 2\n")
    assert once == PAGE.replace("old | 1", "new | 2")
    assert pages.replaced(once, "a", "new | 2") == once
    assert "old" in pages.replaced(PAGE, "b", "other")


@pytest.mark.parametrize(
    "text",
    [
        "no marker\n",
        PAGE + PAGE,
        "<!-- figures:a -->\nno end\n",
        "<!-- figures:a -->\n\n<!-- figures:b -->\n<!-- end -->\n",
    ],
)
def test_a_marker_that_is_not_whole_is_refused(text: str):
    with pytest.raises(ValueError, match="figures:a"):
        pages.replaced(text, "a", "new")


def test_every_page_with_the_marker_is_written_and_no_other(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "docs" / "decisions").mkdir(parents=True)
    for name, text in {"README.md": PAGE, "docs/a.md": "plain\n", "docs/decisions/1.md": PAGE}.items():
        (tmp_path / name).write_text(text)
    assert pages.write("a", "new", tmp_path) == [tmp_path / "README.md", tmp_path / "docs/decisions/1.md"]
    assert all("new" in (tmp_path / n).read_text() for n in ("README.md", "docs/decisions/1.md"))
    assert (tmp_path / "docs/a.md").read_text() == "plain\n"
    assert "README.md, figures:a" in capsys.readouterr().err


def test_figures_that_no_page_asks_for_are_an_error(tmp_path: Path):
    with pytest.raises(ValueError, match="no page"):
        pages.write("a", "new", tmp_path)


def test_a_table_has_its_numbers_on_the_right_and_no_stray_bar():
    made = pages.table(("what", "F1"), [("|z| > 3", "0.2")], numbers=("F1",))
    assert made == "| what | F1 |\n| --- | ---: |\n| \\|z\\| > 3 | 0.2 |"


def test_the_readme_has_a_place_for_all_that_commands_write():
    texts = {path: path.read_text(encoding="utf-8") for pattern in pages.PAGES for path in pages.ROOT.glob(pattern)}
    known = {day.BENCH, day.LARGE, figures.FIGURES, score.SCORE}
    assert {name for text in texts.values() for name in pages.names(text)} == known
    for name in known:
        assert any(pages.replaced(text, name, "x") for text in texts.values() if name in pages.names(text))


def test_the_benchs_table_is_of_medians():
    results = {
        what: [Measurement(seconds * n, 0.5 * n, "") for n in (1.0, 2.0, 3.0)]
        for what, seconds in {"read every column": 1.0, "row_number() over each trip": 2.0, "the day": 5.0}.items()
    }
    assert day.as_markdown("N samples", results).splitlines() == [
        "N samples:",
        "",
        "| what | seconds | x one `row_number()` pass | peak GiB |",
        "| --- | ---: | ---: | ---: |",
        "| read every column | 2.0 | 0.50 | 1.5 |",
        "| row_number() over each trip | 4.0 | 1.00 | 1.5 |",
        "| the day | 10.0 | 2.50 | 1.5 |",
    ]
