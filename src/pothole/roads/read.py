"""Reading the road network and the layers of known structures, as users keep them."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from pothole.arrow import legible, schema_of, type_of
from pothole.errors import BadInputError
from pothole.tables import SEGMENTS, SPEED_BUMPS, Table


def read_segments(file: Any, source: str | None = None) -> pa.Table:
    """Rows of ``tables.SEGMENTS`` from CSV or Parquet (by the ending of ``source``); absent optional columns are null.

    ``file`` is a path or an open binary file, ``source`` its name in errors (by default the path). Ids stay text:
    ``007`` is not 7. BadInputError when a column is missing or holds something else.
    """
    return _conform(_read(file, source or str(file), SEGMENTS), SEGMENTS, source or str(file))


def read_layer(table: Table, files: list[tuple[bytes, str]]) -> pa.Table:
    """Rows of a dataset that people write from any number of files (content, name); none: no rows.

    BadInputError, too, where a value that must be there is null or not finite.
    """
    parts = [_conform(_read(BytesIO(content), name, table), table, name) for content, name in files]
    for part, (_, name) in zip(parts, files, strict=True):
        for column in (c.name for c in table.columns if not c.nullable):
            if part[column].null_count or not _finite(part[column]):
                raise BadInputError(f"{name}: rows without a valid {column}", hint="fill, mend or remove them")
    return pa.concat_tables(parts) if parts else schema_of(table).empty_table()


def _finite(values: pa.ChunkedArray) -> bool:
    return not pa.types.is_floating(values.type) or bool(pc.all(pc.is_finite(values), min_count=0).as_py())


def read_bumps(layers: list[tuple[bytes, str]]) -> pa.Table:
    """Rows of ``tables.SPEED_BUMPS``; see ``read_layer``."""
    return read_layer(SPEED_BUMPS, layers)


def _read(file: Any, source: str, table: Table) -> pa.Table:
    with legible(source, table.names):
        if source.endswith(".parquet"):
            return pq.ParquetFile(file).read()
        return pacsv.read_csv(file, convert_options=_conversion(table))


def _conversion(table: Table) -> pacsv.ConvertOptions:
    """Numbers are read as doubles, for whoever writes a column of whole numbers with gaps writes 2.0; empty is null."""
    types = {c.name: pa.string() if c.type == "string" else pa.float64() for c in table.columns}
    return pacsv.ConvertOptions(column_types=types, null_values=["", "NULL", "null"], strings_can_be_null=True)


def _conform(found: pa.Table, table: Table, source: str) -> pa.Table:
    columns = []
    for column in table.columns:
        if column.name in found.column_names:
            columns.append(_cast(found[column.name], column.name, type_of(column), source))
        elif column.nullable:
            columns.append(pa.nulls(found.num_rows, type_of(column)))
        else:
            raise BadInputError(
                f"{source}: column {column.name} is missing; found {', '.join(found.column_names) or 'none'}",
                hint=f"expected the columns {', '.join(table.names)}; `pothole roads build` makes such a file",
            )
    return pa.table(columns, schema=schema_of(table))


def _cast(values: pa.ChunkedArray, name: str, kind: pa.DataType, source: str) -> pa.ChunkedArray:
    try:
        if pa.types.is_string(kind) and pa.types.is_floating(values.type):
            raise pa.ArrowInvalid("an id kept as a floating-point number has lost digits")
        return values.cast(kind)
    except pa.ArrowException as error:
        raise BadInputError(
            f"{source}: column {name} is {values.type}, expected {kind}: {error}", hint="write it in that type"
        ) from None
