from __future__ import annotations

from rich.console import Console

from pothole.report import potholes_table, ranked
from pothole.report.terminal import percent
from pothole.tables import POTHOLES, SEGMENTS

from .fake_day import day, pothole, segment, table


def printed(rows, **options) -> str:
    console = Console(width=100, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    console.print(potholes_table(rows, **options))
    return console.export_text()


def test_the_table_holds_the_rows_in_their_order():
    rows = ranked(table(POTHOLES, [pothole("b", severity=20.0), pothole("a")]), table(SEGMENTS, [segment()]))
    text = printed(rows)
    assert text.index("● 1") < text.index("● 2")
    assert "37.56000, 126.97020" in text and "5/8" in text and "98 %" in text


def test_a_long_list_says_how_much_is_left_out():
    potholes, _, segments = day(streets=4, holes=30)
    assert "and 10 more" in printed(ranked(potholes, segments), most=20)


def test_a_name_is_not_markup():
    rows = ranked(table(POTHOLES, [pothole()]), table(SEGMENTS, [segment(road_name="[red]x")]))
    assert "[red]x" in printed(rows)


def test_nothing_short_of_the_limit_looks_confirmed_and_nothing_looks_certain():
    assert (percent(0.9499), percent(0.95), percent(1.0)) == ("94 %", "95 %", "99 %")
