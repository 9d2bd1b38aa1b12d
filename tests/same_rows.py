"""The contract's rule for two lakes: the same keys, integers and strings; doubles within 1e-9 + 1e-9·|a|."""

from __future__ import annotations

import math

from pothole.lake import open_lake
from pothole.tables import CONDITION, IMPACTS, POTHOLES, QUARANTINE, TRAVERSALS, Table

PUBLISHED = (IMPACTS, TRAVERSALS, QUARANTINE, POTHOLES, CONDITION)


def rows(lake: str, table: Table, day: str) -> list[dict[str, object]]:
    found = open_lake(lake).read_table(table.name, day)
    key = list(table.key) or [*found.column_names]
    return sorted(found.to_pylist(), key=lambda row: [str(row[k]) for k in key])


def close(a: object, b: object) -> bool:
    if isinstance(a, float) and isinstance(b, float):
        return (math.isnan(a) and math.isnan(b)) or abs(a - b) <= 1e-9 + 1e-9 * abs(a)
    return a == b


def assert_same(a: str, b: str, table: Table, day: str) -> None:
    ours, theirs = rows(a, table, day), rows(b, table, day)
    assert len(ours) == len(theirs), table.name
    different = [
        (x.get("timestamp", x), name, x[name], y[name])
        for x, y in zip(ours, theirs, strict=True)
        for name in table.names
        if not close(x[name], y[name])
    ]
    assert not different, (table.name, different[:5])
