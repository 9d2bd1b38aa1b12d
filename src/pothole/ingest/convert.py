"""Values of a source file as raw columns: the SQL of each column, and the first value that it cannot read.

Every batch is first renamed to the raw columns' names (constants and parts of the file's name are columns too), so the
SQL knows neither the file nor its names.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pothole.column_types import DUCKDB
from pothole.errors import BadInputError
from pothole.ingest.files import SourceFile, check_columns
from pothole.ingest.mapping import ISO, UNITS, Mapping, Source
from pothole.tables import RAW, Column

_HAS_ZONE = r"(?i):[0-9.]+\s*(z|utc|[+-][0-9]{2}(:?[0-9]{2})?)$"


@dataclass(frozen=True)
class Expression:
    """A raw column in SQL: its ``value``; whether what was given is marked ``invalid``, or cannot be read: ``bad``."""

    value: str
    invalid: str
    bad: str
    expected: str


def expression(column: Column, source: Source, decimal: str, kind: pa.DataType) -> Expression:
    """The SQL of a raw column whose source has the Arrow type ``kind``."""
    given, text = f'"{column.name}"', f'CAST("{column.name}" AS VARCHAR)'
    if column.type == "string":
        parsed, expected = text, "a text"
    elif source.unit == ISO:
        parsed, expected = _iso(text, source), "an ISO 8601 time" + ("" if source.zone else " with its zone")
    else:
        given = f"replace({given}, ',', '.')" if decimal == "," and _is_text(kind) else given
        parsed, expected = f"TRY_CAST({given} AS DOUBLE) * {_factor(column, source)!r}", "a number"
    if column.type in ("bigint", "int"):
        parsed = f"TRY_CAST(round({parsed}) AS {DUCKDB[column.type]})"
    invalid = _any_of(text, given, source.invalid)
    value = parsed if invalid == "false" else f"CASE WHEN {invalid} THEN NULL ELSE {parsed} END"
    return Expression(value, invalid, f"{text} IS NOT NULL AND {parsed} IS NULL AND NOT {invalid}", expected)


def insert(connection: duckdb.DuckDBPyConnection, file: int, source: SourceFile, mapping: Mapping) -> dict[str, int]:
    """Append a file's rows to the table ``samples``; how many values of each column were marked as invalid."""
    wanted = {name: s.column for name, s in mapping.columns.items() if s.column is not None}
    check_columns(source, wanted)
    counts: Counter[str] = Counter()
    first = 0
    for batch in _renamed(source, mapping, wanted):
        expressions = {
            name: expression(RAW.column(name), given, source.decimal, _usable(batch[name].type, name, source, given))
            for name, given in mapping.columns.items()
        }
        rows = batch.append_column("row", pa.array(np.arange(first, first + batch.num_rows)))
        connection.register("given", rows)
        chosen = ", ".join(f'{e.value} AS "{name}"' for name, e in expressions.items())
        connection.execute(f"INSERT INTO samples BY NAME SELECT {file} AS file, row, {chosen} FROM given")
        lost = _lost(connection, file, first, batch)
        counts.update(_judged(connection, source, {name: expressions[name] for name in lost}, wanted))
        first += batch.num_rows
    return dict(counts)


def _renamed(source: SourceFile, mapping: Mapping, wanted: dict[str, str]) -> Iterator[pa.Table]:
    """Batches with the raw columns' names, constants too; texts are trimmed, and null where they mean no value."""
    for batch in source.batches(list(dict.fromkeys(wanted.values()))):
        columns = {name: _clean(batch.column(column), source.null_values) for name, column in wanted.items()}
        for name, given in mapping.columns.items():
            if given.column is None:
                columns[name] = pa.repeat(_fixed(name, given, source), batch.num_rows)
        yield pa.table(columns)


def _clean(column: pa.Array, null_values: list[str]) -> pa.Array:
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if not _is_text(column.type):
        return column
    text = pc.utf8_trim_whitespace(column)
    return pc.if_else(pc.is_in(text, pa.array(null_values, text.type)), pa.scalar(None, text.type), text)


def _fixed(name: str, given: Source, source: SourceFile) -> str | float | int:
    """The value of a constant or of a part of the file's name."""
    if given.constant is not None:
        return str(given.constant) if RAW.column(name).type == "string" else given.constant
    found = re.search(str(given.file_name), source.path.name)
    if found is None:
        raise BadInputError(
            f"{source.path}: {given.file_name!r}, from which {name} is taken, is not in the file's name",
            hint=f"mend file_name of {name} in the mapping, or rename the file",
        )
    return found.group(1) if found.groups() else found.group(0)


def _usable(kind: pa.DataType, name: str, source: SourceFile, given: Source) -> pa.DataType:
    """The type itself; BadInputError when it cannot hold what the raw column needs."""
    if _is_text(kind) or pa.types.is_null(kind):
        return kind
    if pa.types.is_timestamp(kind) if given.unit == ISO else _is_number(kind):
        return kind
    expected = "times" if given.unit == ISO else "numbers or text"
    hint = f"unit: {ISO}" if pa.types.is_timestamp(kind) else "check the column and its unit in the mapping"
    raise BadInputError(f"{source.path}: column {given.column} (for {name}) is {kind}, expected {expected}", hint=hint)


def _lost(connection: duckdb.DuckDBPyConnection, file: int, first: int, batch: pa.Table) -> list[str]:
    """Columns of which more values are missing than were given: those with invalid or bad ones."""
    counted = ", ".join(f'count(*) - count("{n}")' for n in batch.column_names)
    nulls = connection.execute(f"SELECT {counted} FROM samples WHERE file = {file} AND row >= {first}").fetchall()[0]
    return [n for n, missing in zip(batch.column_names, nulls, strict=True) if missing > batch[n].null_count]


def _judged(
    connection: duckdb.DuckDBPyConnection, source: SourceFile, lost: dict[str, Expression], wanted: dict[str, str]
) -> dict[str, int]:
    """Values marked as invalid, by column; BadInputError for the first that cannot be read: place, column and text."""
    if not lost:
        return {}
    conditions = [f"min(row) FILTER (WHERE {e.bad}), count(*) FILTER (WHERE {e.invalid})" for e in lost.values()]
    found = connection.execute(f"SELECT {', '.join(conditions)} FROM given").fetchall()[0]
    bad = [(int(row), name) for name, row in zip(lost, found[::2], strict=True) if row is not None]
    if not bad:
        return dict(zip(lost, found[1::2], strict=True))
    row, name = min(bad)
    value = connection.execute(f'SELECT CAST("{name}" AS VARCHAR) FROM given WHERE row = {row}').fetchall()[0][0]
    expected = lost[name].expected
    hint = "add zone: to timestamp in the mapping" if expected.endswith("its zone") else "mend the file or the mapping"
    column = wanted.get(name, "its constant")
    raise BadInputError(
        f"{source.path}, {source.place(row)}: {column} (for {name}) is {value!r}, expected {expected}", hint=hint
    )


def _any_of(text: str, given: str, invalid: list[float | str]) -> str:
    """Whether what was given is one of the values that mean that there is none."""
    texts = ", ".join(_quoted(v) for v in invalid if isinstance(v, str))
    numbers = ", ".join(repr(v) for v in invalid if not isinstance(v, str))
    conditions = [f"coalesce({text} IN ({texts}), false)"] if texts else []
    conditions += [f"coalesce(TRY_CAST({given} AS DOUBLE) IN ({numbers}), false)"] if numbers else []
    return f"({' OR '.join(conditions)})" if conditions else "false"


def _iso(text: str, source: Source) -> str:
    """UTC epoch milliseconds of ISO 8601 times: those with a zone of their own, the others in the mapping's."""
    zoned = f"epoch_ms(TRY_CAST({text} AS TIMESTAMPTZ))"
    local = f"epoch_ms(timezone({_quoted(source.zone)}, TRY_CAST({text} AS TIMESTAMP)))" if source.zone else "NULL"
    return f"CASE WHEN regexp_matches({text}, {_quoted(_HAS_ZONE)}) THEN {zoned} ELSE {local} END"


def _factor(column: Column, source: Source) -> float:
    return UNITS[column.unit][source.unit] * source.scale if column.unit in UNITS and source.unit else source.scale


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
