"""Expressions over odd values, run on both engines: what each gives, in plain values."""

from __future__ import annotations

import math
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pyarrow as pa

from pothole.engines.duckdb import DuckDBEngine
from pothole.engines.sql import functions, window

NAN, INF = float("nan"), float("inf")

#: Nulls, NaN, infinities, both zeros, ties, halves, the largest of what can be added without overflow.
ODD: dict[str, tuple[str, list[Any]]] = {
    "id": ("bigint", list(range(14))),
    "g": ("string", ["a", "a", "a", "a", "b", "b", "b", None, None, "c", "c", "c", "d", "e"]),
    "k": ("bigint", [1, 1, 2, 5, 3, 3, None, 1, 2, 10, 9, 14, 0, 7]),
    "i": ("int", [0, 1, -1, None, 7, -7, 100, 2, 3, -3, 5, 6, 0, None]),
    "b": ("bigint", [2**40, 0, -5, 3, None, 9, -9, 10, 1, 1, 1, 4, None, 0]),
    "d": ("double", [0.5, -0.5, 1.5, 2.5, NAN, INF, -INF, None, 0.0, -0.0, 1e-9, 123.456, NAN, -2.7]),
    "e": ("double", [1.0, 0.0, -1.0, None, 2.0, 4.0, 0.25, 1e10, -0.75, 3.0, 3.0, NAN, 0.1, 0.3]),
    "s": ("string", ["x", "", "a|b", None, "~", "O'Brien {0}", "가나다", "x", "y", "a~|", "%", "\\", "é", "zz"]),
    "t": ("boolean", [True, False, None, True, True, False, None, False, True, None, True, False, True, False]),
}
_ARROW = {
    "bigint": pa.int64(), "int": pa.int32(), "double": pa.float64(), "string": pa.string(), "boolean": pa.bool_(),
}  # fmt: skip

#: An engine's names, as a stage's module imports them, and its frame of the odd values.
Build = Callable[[Any, Any], Any]


def embedded(engine: DuckDBEngine) -> SimpleNamespace:
    table = pa.table({name: pa.array(values, _ARROW[of]) for name, (of, values) in ODD.items()})
    odd = engine.from_arrow(table, "odd")
    return SimpleNamespace(F=functions, W=window.Window, odd=odd, keep=engine.keep)


def spark(session: Any) -> SimpleNamespace:
    from pyspark.sql import Window
    from pyspark.sql import functions as F

    rows = list(zip(*(values for _, values in ODD.values()), strict=True))
    odd = session.createDataFrame(rows, ", ".join(f"{name} {of}" for name, (of, _) in ODD.items()))
    return SimpleNamespace(F=F, W=Window, odd=odd.cache())


def values(frame: Any, *order: str) -> list[tuple[Any, ...]]:
    """A frame's rows in plain values, sorted by these columns or by all."""
    rows = [row.asDict() for row in frame.collect()]
    rows = [{name: plain(value) for name, value in row.items()} for row in rows]
    return sorted(
        (tuple(row.values()) for row in rows), key=lambda r: str([r[frame.columns.index(o)] for o in order] or r)
    )


def plain(value: Any) -> Any:
    """Structs as tuples, so that both engines' are alike."""
    if isinstance(value, dict):
        return tuple(plain(v) for v in value.values())
    if isinstance(value, list | tuple):
        return tuple(plain(v) for v in value)
    return value + 0.0 if isinstance(value, float) else value


def same(a: Any, b: Any) -> bool:
    """Equal, doubles within 1e-12 of their size, NaN as NaN; 1 is not 1.0 and not true."""
    if isinstance(a, tuple) and isinstance(b, tuple):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b, strict=True))
    if type(a) is not type(b):
        return False
    if isinstance(a, float):
        return a == b or (math.isnan(a) and math.isnan(b)) or abs(a - b) <= 1e-12 * max(abs(a), abs(b), 1e-300)
    return bool(a == b)
