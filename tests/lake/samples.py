"""Tables whose every value tells the version that it was written as, and their publication."""

from __future__ import annotations

import io
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from pothole.datasets import TABLES
from pothole.lake import Lake
from pothole.tables import IMPACTS, RAW, TRAVERSALS, Table

DAY = "2026-02-12"
PARTS, ROWS = 3, 40
BOTH = (IMPACTS.name, TRAVERSALS.name)
_ARROW = {"bigint": pa.int64(), "int": pa.int32(), "double": pa.float64(), "string": pa.string()}


def table_of(table: Table, version: int = 1, rows: int = ROWS) -> pa.Table:
    """So many rows in which every number, and the number in every text, is the version."""
    values = {
        c.name: pa.array([str(version) if c.type == "string" else version] * rows, _ARROW[c.type])
        for c in table.columns
    }
    return pa.table(values)


def parquet_of(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink)
    return sink.getvalue()


def put_raw(lake: Lake, name: str = "a.parquet", *, date: str = DAY, content: bytes | None = None) -> str:
    """Lay a raw file into the lake; its absolute path."""
    path = f"{RAW.name}/dt={date}/{name}"
    lake.storage.write(path, parquet_of(table_of(RAW)) if content is None else content)
    return lake.storage.absolute(path)


def write_parts(folder: Path, dataset: str, version: int, parts: int = PARTS) -> None:
    for part in range(parts):
        pq.write_table(table_of(TABLES[dataset], version), folder / f"part-{part:05d}.parquet")


def publish(lake: Lake, version: int, *, run_id: str | None = None, datasets: tuple[str, ...] = BOTH) -> None:
    """Publish a version of the day's datasets, each in several files."""
    with lake.publishing(run_id or f"run-{version:06d}", DAY) as publication:
        for dataset in datasets:
            write_parts(publication.local_target(dataset), dataset, version)
        for dataset in datasets:
            publication.commit(dataset, inputs=[{"version": version}], code_version="test", config_hash="0")


def version_of(lake: Lake, dataset: str) -> int:
    """The version that is published; fails unless it is there completely and nothing else is."""
    table = lake.read_table(dataset, DAY)
    versions = {int(float(value)) for column in table.columns for value in column.unique().to_pylist()}
    assert len(versions) == 1, f"a mixture of versions {versions}"
    assert table.num_rows == PARTS * ROWS
    return versions.pop()


def lying_there(lake: Lake, folder: str) -> set[str]:
    """Paths of the files below a folder, relative to it."""
    return {path.removeprefix(f"{folder}/") for path, _ in lake.storage.files(folder)}
