"""What the embedded engine promises: batches that keep trips whole, and careful verdicts on uniqueness."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pothole.errors import BadInputError, PotholeError
from tests.stages import drives


@pytest.fixture
def file_of(tmp_path):
    def write(name: str, *tables: pa.Table) -> str:
        path = tmp_path / name
        pq.write_table(pa.concat_tables(tables), path)
        return str(path)

    return write


def trip(name: str, seconds: float = 4, **options: object) -> pa.Table:
    return drives.raw(trip=name, seconds=seconds, rate_hz=10, **options)  # type: ignore[arg-type]


def test_files_that_share_a_trip_stay_together(engine, file_of):
    whole = trip("T1")
    a, b, c = file_of("a", whole.slice(0, 20)), file_of("b", trip("T2")), file_of("c", whole.slice(20))
    batches = engine.batches([a, b, c], [20, 40, 20], target_rows=40)
    assert sorted(map(sorted, batches)) == sorted([[a, c], [b]])


def test_small_days_are_one_batch(engine, file_of):
    files = [file_of(n, trip(n)) for n in "abc"]
    assert engine.batches(files, [40, 40, 40], target_rows=1000) == [files]


@pytest.mark.parametrize(
    ("tables", "unique"),
    [
        ((trip("T1"), trip("T2")), True),
        ((trip("T1"), trip("T1", vehicle="V2")), True),
        ((trip("T1"), trip("T1")), False),
        ((trip("T1"), trip("T2"), trip("T1")), False),
        ((trip("T1").take(list(range(39, -1, -1))),), False),
    ],
)
def test_keys_are_unique_only_when_it_is_plain_to_see(engine, file_of, tables, unique):
    assert engine.keys_are_unique([file_of("f", *tables)]) is unique


def test_null_keys_are_not_called_unique(engine, file_of):
    raw = trip("T1")
    nulls = pa.array([None] * raw.num_rows, pa.string())
    assert engine.keys_are_unique([file_of("f", raw.set_column(1, "trip_id", nulls))]) is False


def test_narrow_columns_are_widened(engine, file_of):
    from pothole.tables import RAW

    raw = trip("T1")
    narrow = raw.set_column(3, "accel_x", raw["accel_x"].cast(pa.float32()))
    table = engine.to_arrow(engine.read_parquet([file_of("f", narrow)], RAW.columns, source_file=True))
    assert table.schema.field("accel_x").type == pa.float64()
    assert set(table["source_file"].to_pylist()) == {"f"}


def test_an_empty_frame_is_one_file_without_rows(engine, frame, tmp_path):
    engine.write_parquet(frame(a=[1, 2]).where("a > 5"), str(tmp_path))
    (path,) = tmp_path.glob("part-*.parquet")
    assert pq.read_metadata(path).num_rows == 0


def test_damage_inside_a_file_is_a_mistake_in_the_input(engine, file_of):
    from pothole.tables import RAW

    path = file_of("f", trip("T1", seconds=600))
    content = bytearray(Path(path).read_bytes())
    content[200:4000] = bytes(3800)
    Path(path).write_bytes(bytes(content))
    with pytest.raises(BadInputError, match="cannot be read to its end"):
        engine.to_arrow(engine.read_parquet([path], RAW.columns))


def test_a_value_that_does_not_fit_is_not_blamed_on_a_file(engine, frame):
    from pyspark.sql import functions as F

    with pytest.raises(duckdb.ConversionException, match="inf"):
        engine.to_arrow(frame(a=[float("inf")]).withColumn("a", F.col("a").cast("bigint")))


@pytest.fixture
def interruptible():
    """SIGINT is heard, also where a shell has put the tests into the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize("ask", ["keep", "to_arrow", "count"])
def test_ctrl_c_in_a_query_is_ctrl_c(engine, ask):
    # Many tasks of less than a second, for DuckDB looks for signals between two of them.
    parts = " UNION ALL ".join(f"SELECT sum(range) AS n FROM range({20_000_000 + i})" for i in range(300))
    engine.connection.execute(f"CREATE OR REPLACE VIEW long AS {parts}")
    long = engine.session.table("long")
    press = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
    press.start()
    with pytest.raises(KeyboardInterrupt):
        long.where("n > 0").count() if ask == "count" else getattr(engine, ask)(long)
    press.join()


def test_a_folder_that_cannot_be_written_is_named(engine, frame):
    with pytest.raises(PotholeError, match="no-such-folder"):
        engine.write_parquet(frame(a=[1]), "/proc/no-such-folder")
