"""The supported part of PySpark's DataFrame API, written as SQL for DuckDB.

What the stages use of PySpark, with Spark's results: ``functions``, ``Window`` and ``DataFrame`` have PySpark's names
and meaning, each call adds to a query's text, and DuckDB runs it when rows are asked for. What is not here raises at
once, with its name and the list of what there is. Where both engines can only differ, DuckDB raises: an integer that
overflows, a number that does not fit its new type (Spark, without ANSI, wraps or gives the nearest).

- ``types``: columns' types, which decide what is written (a sum of integers stays one, a cast cuts off)
- ``column``: an expression that becomes text when the frame's columns are known
- ``functions``, ``window``, ``frame``: PySpark's modules of these names
- ``modules``: these as PySpark, for one module alone or for the whole process
"""

from __future__ import annotations

from pothole.engines.sql.column import Column
from pothole.engines.sql.frame import DataFrame, GroupedData, Row, Session
from pothole.engines.sql.window import Window, WindowSpec

__all__ = ["Column", "DataFrame", "GroupedData", "Row", "Session", "Window", "WindowSpec"]
