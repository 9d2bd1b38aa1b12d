import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from pothole.simulate.broken import damage
from pothole.simulate.fleet import RAW_SCHEMA

ROWS = 20_000


def good(rows: int = ROWS) -> pa.Table:
    columns = {f.name: np.full(rows, 10.0) for f in RAW_SCHEMA}
    columns["timestamp"] = np.arange(rows)
    columns["lon"] = np.full(rows, 127.0)
    columns |= {"trip_id": ["T"] * rows, "vehicle_id": ["V"] * rows}
    return pa.table([pa.array(columns[f.name]).cast(f.type) for f in RAW_SCHEMA], schema=RAW_SCHEMA)


def counts(table: pa.Table) -> dict[str, int]:
    """Rows broken in each way."""
    times = table["timestamp"].to_numpy()
    return {
        "null": table["accel_z"].null_count,
        "nan": int(pc.sum(pc.is_nan(table["accel_x"])).as_py()),
        "range": int(np.sum(np.abs(table["accel_y"].to_numpy()) > 100)),
        "day": int(np.sum(times > ROWS)),
        "nowhere": int(np.sum((table["lon"].to_numpy() == 0) & (table["lat"].to_numpy() == 0))),
        "twice": len(times) - len(np.unique(times)),
    }


def test_the_share_of_broken_rows_is_as_asked_for() -> None:
    table = damage(good(), 0.02, np.random.default_rng(1))
    assert table.schema == RAW_SCHEMA
    found = counts(table)
    assert sum(found.values()) == 400
    assert all(value > 35 for value in found.values())
    again = table.slice(ROWS)
    assert found["twice"] == again.num_rows
    assert np.count_nonzero(again["velocity"].to_numpy() == 11.0) == again.num_rows // 2


@pytest.mark.parametrize(("rows", "share"), [(1000, 0.0), (3, 0.002)])
def test_nothing_is_broken_where_the_share_is_less_than_a_row(rows: int, share: float) -> None:
    assert damage(good(rows), share, np.random.default_rng(1)).equals(good(rows))
