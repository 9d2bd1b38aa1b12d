"""Converted rows into the lake: one file for each source file and date, so that the same file again replaces its own."""

from __future__ import annotations

import hashlib
import re
from io import BytesIO
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from pothole.lake import Lake
from pothole.tables import RAW


def write(lake: Lake, source: Path, by_date: dict[str, pa.Table]) -> list[str]:
    """Write each date's rows in one step; the paths in the lake."""
    name = part_name(source)
    written = []
    for date, table in by_date.items():
        path = f"{RAW.name}/dt={date}/{name}"
        buffer = BytesIO()
        pq.write_table(table, buffer, compression="zstd", row_group_size=250_000)
        lake.storage.write(path, buffer.getvalue())
        written.append(path)
    return written


def part_name(source: Path) -> str:
    """A file name that tells the source and is the same for the same path."""
    safe = re.sub(r"[^0-9A-Za-z.-]+", "-", source.stem)[:60]
    return f"ingest-{safe}-{hashlib.sha256(str(source.resolve()).encode()).hexdigest()[:8]}.parquet"
