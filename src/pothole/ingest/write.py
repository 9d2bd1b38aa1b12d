"""Converted rows into the lake: a part for each source file and date, so that the same file again replaces its own."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from io import BytesIO
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from pothole.lake import Lake
from pothole.tables import RAW

_CONTENT = b"source_sha256"


def write(lake: Lake, source: Path, parts: Iterable[tuple[str, pa.Table]]) -> list[str]:
    """Write a source file's rows of each date in one step each; the paths in the lake.

    Parts that the very same content left under other dates (another time zone, another mapping) are removed afterwards.
    """
    with source.open("rb") as file:
        content = hashlib.file_digest(file, "sha256").hexdigest().encode()
    name = part_name(source)
    written = []
    for date, table in parts:
        path = f"{RAW.name}/dt={date}/{name}"
        buffer = BytesIO()
        marked = table.replace_schema_metadata({b"source": str(source).encode(), _CONTENT: content})
        pq.write_table(marked, buffer, compression="zstd", row_group_size=250_000)
        lake.storage.write(path, buffer.getvalue())
        written.append(path)
    _remove_elsewhere(lake, name, content, keep=written)
    return written


def part_name(source: Path) -> str:
    """A file name that tells the source and is the same for the same path."""
    safe = re.sub(r"[^0-9A-Za-z.-]+", "-", source.stem)[:60]
    return f"ingest-{safe}-{hashlib.sha256(str(source.resolve()).encode()).hexdigest()[:8]}.parquet"


def _remove_elsewhere(lake: Lake, name: str, content: bytes, *, keep: list[str]) -> None:
    """Remove a source's parts of the same content that were not just written."""
    for date in lake.dates(RAW.name):
        path = f"{RAW.name}/dt={date}/{name}"
        if path in keep:
            continue
        try:
            with lake.storage.open(path) as file:
                metadata = pq.ParquetFile(file).metadata.metadata or {}
        except FileNotFoundError:
            continue
        if metadata.get(_CONTENT) == content:
            lake.storage.delete(path)
