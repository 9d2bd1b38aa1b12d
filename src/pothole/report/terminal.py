"""The ranked list on a terminal."""

from __future__ import annotations

from typing import Literal

from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from pothole.report.ranking import Ranked

_COLUMNS: dict[str, Literal["left", "right"]] = {
    "#": "right",
    "street": "left",
    "dir.": "left",
    "place (lat, lon)": "left",
    "hits": "right",
    "cars": "right",
    "sure": "right",
    "severity": "right",
}


def potholes_table(rows: list[Ranked], *, most: int = 20) -> Table:
    """The first ``most`` rows of the ranking as a rich table; not confirmed ones are dim."""
    more = f"and {len(rows) - most} more" if len(rows) > most else None
    table = Table(
        title=f"Potholes, most urgent first ({len(rows)})",
        caption=more,
        title_justify="left",
        box=SIMPLE_HEAD,
        pad_edge=False,
    )
    for name, justify in _COLUMNS.items():
        table.add_column(name, justify=justify, no_wrap=name != "street")
    for row in rows[:most]:
        table.add_row(*_cells(row), style=None if row.confirmed else "dim")
    return table


def _cells(row: Ranked) -> tuple[str, ...]:
    return (
        f"{'●' if row.confirmed else '○'} {row.rank}",
        escape(row.street),
        row.direction,
        f"{row.lat:.5f}, {row.lon:.5f}",
        f"{row.hit_count}/{row.pass_count}",
        str(row.vehicle_count),
        percent(row.confidence),
        f"{row.severity:.0f}",
    )


def percent(share: float) -> str:
    """Whole per cent, rounded down so that 94.9 % does not look confirmed, and never 100 %: nobody has looked yet."""
    return f"{min(99, int(share * 100 + 1e-9))} %"
