"""``pyspark.sql.Window``: which rows a function sees."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from typing import NoReturn

from pothole.engines.sql.column import Column, Order, column_of
from pothole.engines.sql.errors import NotSupportedError, public
from pothole.engines.sql.types import Schema


@dataclass(frozen=True)
class WindowSpec:
    """Partition, order and frame. With an order and no frame: from the first row to this one and its peers."""

    partition: tuple[Column, ...] = ()
    order: tuple[Order, ...] = ()
    frame: str = ""

    def partitionBy(self, *columns: Column | str) -> WindowSpec:
        """Rows that agree in these."""
        return replace(self, partition=tuple(map(column_of, columns)))

    def orderBy(self, *columns: Column | Order | str) -> WindowSpec:
        """Rising unless told otherwise, nulls first."""
        return replace(self, order=tuple(c if isinstance(c, Order) else column_of(c).asc() for c in columns))

    def rowsBetween(self, start: int, end: int) -> WindowSpec:
        """So many rows before (negative) and after."""
        return replace(self, frame=f"ROWS BETWEEN {_bound(start)} AND {_bound(end)}")

    def rangeBetween(self, start: int, end: int) -> WindowSpec:
        """Rows whose value of the one order column differs by no more than that."""
        return replace(self, frame=f"RANGE BETWEEN {_bound(start)} AND {_bound(end)}")

    def sql(self, schema: Schema) -> str:
        """What stands in ``OVER (...)``."""
        parts = []
        if self.partition:
            parts.append("PARTITION BY " + ", ".join(c.sql(schema).text for c in self.partition))
        if self.order:
            parts.append("ORDER BY " + ", ".join(f"{o.column.sql(schema).text} {o.direction}" for o in self.order))
        return " ".join([*parts, self.frame])

    def __getattr__(self, name: str) -> NoReturn:
        raise NotSupportedError(f"WindowSpec.{name}", public(WindowSpec))


class _WindowType(type):
    def __getattr__(cls, name: str) -> NoReturn:
        raise NotSupportedError(f"Window.{name}", public(Window))


class Window(metaclass=_WindowType):
    """Where a window begins to be told."""

    unboundedPreceding = -sys.maxsize - 1
    unboundedFollowing = sys.maxsize
    currentRow = 0

    @staticmethod
    def partitionBy(*columns: Column | str) -> WindowSpec:
        """Rows that agree in these."""
        return WindowSpec().partitionBy(*columns)

    @staticmethod
    def orderBy(*columns: Column | Order | str) -> WindowSpec:
        """All rows in this order."""
        return WindowSpec().orderBy(*columns)


def _bound(given: int) -> str:
    if given <= Window.unboundedPreceding:
        return "UNBOUNDED PRECEDING"
    if given >= Window.unboundedFollowing:
        return "UNBOUNDED FOLLOWING"
    if given == 0:
        return "CURRENT ROW"
    return f"{-given} PRECEDING" if given < 0 else f"{given} FOLLOWING"
