"""The ranked list on a terminal."""

from __future__ import annotations

from rich.markup import escape
from rich.table import Table

from pothole.report.export import SEOUL, local_time
from pothole.report.ranking import Ranked


def potholes_table(rows: list[Ranked], *, most: int = 20, zone: str = SEOUL) -> Table:
    """The first ``most`` rows of the ranking as a rich table; times in that zone."""
    more = f"and {len(rows) - most} more" if len(rows) > most else None
    table = Table(title=f"Potholes, most urgent first ({len(rows)})", caption=more, title_justify="left")
    for name in ("#", "hits/passes", "vehicles", "confidence", "severity"):
        table.add_column(name, justify="right", no_wrap=True)
    for name in ("street", "dir.", "place (lat, lon)", "last seen"):
        table.add_column(name, no_wrap=name != "street")
    for row in rows[:most]:
        table.add_row(*_cells(row, zone), style=None if row.confirmed else "dim")
    return table


def _cells(row: Ranked, zone: str) -> tuple[str, ...]:
    mark = "●" if row.confirmed else "○"
    return (
        f"{mark} {row.rank}",
        f"{row.hit_count}/{row.pass_count}",
        str(row.vehicle_count),
        percent(row.confidence),
        f"{row.severity:.0f}",
        escape(row.street),
        row.direction,
        f"{row.lat:.5f}, {row.lon:.5f}",
        local_time(row.last_seen, zone)[11:16],
    )


def percent(share: float) -> str:
    """A share as whole per cent, rounded down (nothing below 95 % shows as 95 %), and never 100 %: nobody has looked yet."""
    return f"{min(99, int(share * 100 + 1e-9))} %"
