"""Broken rows, as real fleets send them: nulls, NaN, impossible values, doubles, other days, nowhere."""

from __future__ import annotations

import numpy as np
import pyarrow as pa


def damage(table: pa.Table, share: float, rng: np.random.Generator) -> pa.Table:
    """The rows with a share of them damaged in place and another share sent twice, some of those with other values."""
    n = table.num_rows
    count = int(n * share)
    if count == 0:
        return table
    chosen = rng.choice(n, count, replace=False)
    kind = rng.integers(0, 5, count)
    columns = {name: table[name].to_numpy(zero_copy_only=False).copy() for name in table.column_names}
    nulls = {name: ~table[name].is_valid().to_numpy() for name in table.column_names}
    nulls["accel_z"][chosen[kind == 0]] = True
    columns["accel_x"][chosen[kind == 1]] = np.nan
    columns["accel_y"][chosen[kind == 2]] = 900.0
    columns["timestamp"][chosen[kind == 3]] += 9 * 86_400_000
    columns["lon"][chosen[kind == 4]] = 0.0
    columns["lat"][chosen[kind == 4]] = 0.0
    arrays = [pa.array(columns[f.name], f.type, mask=nulls[f.name]) for f in table.schema]
    damaged = pa.table(arrays, schema=table.schema)
    again = damaged.take(rng.choice(n, count // 2 + 1, replace=False))
    half = again.num_rows // 2
    other = again["velocity"].to_numpy(zero_copy_only=False).copy()
    other[:half] += 1.0
    again = again.set_column(again.schema.get_field_index("velocity"), "velocity", pa.array(other, pa.float64()))
    return pa.concat_tables([damaged, again])
