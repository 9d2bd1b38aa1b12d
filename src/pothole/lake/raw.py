"""What is in the raw partition: every file's footer looked at before anything is computed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.parquet as pq

from pothole.errors import BadInputError, LakeError
from pothole.lake.storage import Storage
from pothole.tables import RAW

_ACCEPTED = {
    "bigint": (pa.types.is_integer,),
    "int": (pa.types.is_integer,),
    "double": (pa.types.is_floating, pa.types.is_integer),
    "string": (pa.types.is_string, pa.types.is_large_string),
}


@dataclass(frozen=True)
class RawFile:
    """A raw file that can be read: absolute path, size and rows."""

    path: str
    bytes: int
    rows: int


@dataclass(frozen=True)
class SkippedFile:
    """A raw file that was left out, and why."""

    path: str
    reason: str


@dataclass(frozen=True)
class RawInput:
    """The raw files of a date."""

    files: tuple[RawFile, ...]
    skipped: tuple[SkippedFile, ...]


def inspect(storage: Storage, found: list[tuple[str, int]], *, skip_bad: bool) -> RawInput:
    """Check every file's columns and types. BadInputError names the first bad one, unless ``skip_bad``."""
    with ThreadPoolExecutor(max_workers=16) as pool:
        results = list(pool.map(lambda f: _look(storage, *f), found))
    files = tuple(r for r in results if isinstance(r, RawFile))
    skipped = tuple(r for r in results if isinstance(r, SkippedFile))
    if skipped and not skip_bad:
        more = f" (and {len(skipped) - 1} more files)" if len(skipped) > 1 else ""
        raise BadInputError(
            f"{skipped[0].path}: {skipped[0].reason}{more}", hint="mend the file, or go on without it: --skip-bad-files"
        )
    return RawInput(files, skipped)


def _look(storage: Storage, path: str, size: int) -> RawFile | SkippedFile:
    absolute = storage.absolute(path)
    try:
        with storage.open(path) as file:
            footer = pq.ParquetFile(file)
            problem = _misfit(footer.schema_arrow) or _cut_off(footer, size)
            rows = footer.metadata.num_rows
    except (LakeError, FileNotFoundError):
        raise
    except Exception as error:  # damaged footers make the Parquet reader raise many kinds of errors
        return SkippedFile(absolute, f"not a readable Parquet file ({' '.join(str(error).split())[:200]})")
    return SkippedFile(absolute, problem) if problem else RawFile(absolute, size, rows)


def _misfit(schema: pa.Schema) -> str | None:
    """What is wrong with a schema: the first column that is missing or of another type."""
    for column in RAW.columns:
        if column.name not in schema.names:
            return f"column {column.name} is missing; found {', '.join(schema.names)}"
        kind = schema.field(column.name).type
        if pa.types.is_dictionary(kind):
            kind = kind.value_type
        all_null = pa.types.is_null(kind) and column.nullable
        if not all_null and not any(accepts(kind) for accepts in _ACCEPTED[column.type]):
            return f"column {column.name} is {kind}, expected {column.type}"
    return None


def _cut_off(footer: pq.ParquetFile, size: int) -> str | None:
    """Whether column chunks lie beyond the end of the file."""
    for group in range(footer.metadata.num_row_groups):
        row_group = footer.metadata.row_group(group)
        for i in range(row_group.num_columns):
            chunk = row_group.column(i)
            start = chunk.dictionary_page_offset or chunk.data_page_offset
            if start < 4 or start + chunk.total_compressed_size > size:
                return f"row group {group} of column {chunk.path_in_schema} lies outside the file: it is cut off"
    return None
