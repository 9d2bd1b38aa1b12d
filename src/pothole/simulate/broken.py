"""Broken rows, as real fleets send them: nulls, NaN, impossible values, other days, nowhere, and rows sent twice."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

_DAMAGES = 5
_DOUBLES = 2
_NINE_DAYS_MS = 9 * 86_400_000


def damage(table: pa.Table, share: float, rng: np.random.Generator) -> pa.Table:
    """The rows with about ``share`` of them broken: five sevenths damaged in place, the others sent twice.

    Of the doubles every second one is exact, the others say another velocity. Damaged are: accel_z null, accel_x NaN,
    accel_y 900, the time nine days late, the position 0, 0.
    """
    count = round(table.num_rows * share)
    chosen = rng.choice(table.num_rows, count, replace=False)
    kind = rng.integers(0, _DAMAGES + _DOUBLES, count)
    doubled = chosen[kind >= _DAMAGES]
    columns = {name: table[name].to_numpy(zero_copy_only=False).copy() for name in table.column_names}
    nulls = {name: table[name].is_null().to_numpy(zero_copy_only=False).copy() for name in table.column_names}
    nulls["accel_z"][chosen[kind == 0]] = True
    columns["accel_x"][chosen[kind == 1]] = np.nan
    columns["accel_y"][chosen[kind == 2]] = 900.0
    columns["timestamp"][chosen[kind == 3]] += _NINE_DAYS_MS
    for name in ("lon", "lat"):
        columns[name][chosen[kind == 4]] = 0.0
    arrays = [pa.array(columns[f.name], f.type, mask=nulls[f.name]) for f in table.schema]
    return pa.concat_tables([pa.table(arrays, schema=table.schema), _again(table.take(doubled))])


def _again(rows: pa.Table) -> pa.Table:
    """The rows as they are sent a second time: every second one with another velocity."""
    velocity = rows["velocity"].to_numpy().copy()
    velocity[1::2] += 1.0
    return rows.set_column(rows.schema.get_field_index("velocity"), "velocity", pa.array(velocity))
