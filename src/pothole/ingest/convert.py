"""Values of a source file as raw columns: the SQL of each column, and the first value that it cannot read.

Every batch is first renamed to the raw columns' names (constants and parts of the file's name are columns too), so the
SQL knows neither the file nor its names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa

from pothole.errors import BadInputError
from pothole.ingest.files import SourceFile, check_columns
from pothole.ingest.mapping import ISO, UNITS, Mapping, Source
from pothole.tables import RAW, Column

_SQL_TYPES = {"bigint": "BIGINT", "int": "INTEGER", "double": "DOUBLE", "string": "VARCHAR"}
_HAS_ZONE = r"(?i):[0-9.]+\s*(z|utc|[+-][0-9]{2}(:?[0-9]{2})?)$"


@dataclass(frozen=True)
class Expression:
    """A raw column in SQL: ``value`` as it is kept, ``bad`` and ``invalid`` as conditions."""

    value: str
    bad: str
    """There is a text, and it cannot be read."""
    invalid: str
    """It is what the mapping says to be no value."""
    expected: str


def expression(column: Column, source: Source, null_values: list[str], decimal: str, kind: pa.DataType) -> Expression:
    """The SQL of a raw column whose source has the Arrow type ``kind``."""
    text = _text(column.name, source, null_values)
    if column.type == "string":
        return Expression(text, "false", _marked(column.name, source), "a text")
    if source.unit == ISO:
        parsed, expected = _iso(text, source), "an ISO 8601 time" + ("" if source.zone else " with its zone")
        return Expression(parsed, f"{text} IS NOT NULL AND {parsed} IS NULL", _marked(column.name, source), expected)
    is_text = pa.types.is_string(kind) or pa.types.is_large_string(kind)
    given = text if is_text else f'"{column.name}"'
    number = f"TRY_CAST({_pointed(given, decimal) if is_text else given} AS DOUBLE)"
    scaled = f"{number} * {_factor(column, source)!r}"
    whole = column.type in ("bigint", "int")
    value = f"TRY_CAST(round({scaled}) AS {_SQL_TYPES[column.type]})" if whole else scaled
    markers = ", ".join(repr(v) for v in source.invalid if isinstance(v, float))
    marked = f"coalesce({number} IN ({markers}), false)" if markers else "false"
    bad = f"{given} IS NOT NULL AND {value} IS NULL AND NOT {marked}"
    return Expression(
        f"CASE WHEN {marked} THEN NULL ELSE {value} END",
        bad,
        f"({marked} OR {_marked(column.name, source)})",
        "a number",
    )


def insert(connection: duckdb.DuckDBPyConnection, file: int, source: SourceFile, mapping: Mapping) -> dict[str, int]:
    """Append a file's rows to the table ``samples``; how many values of each column were marked as invalid."""
    wanted = {name: s.column for name, s in mapping.columns.items() if s.column is not None}
    check_columns(source, wanted)
    counts = dict.fromkeys(RAW.names, 0)
    for batch in _renamed(source, mapping, wanted):
        types = {name: _usable(batch.schema.field(name).type, name, source, mapping) for name in mapping.columns}
        expressions = {
            c.name: expression(c, mapping.columns[c.name], source.null_values, source.decimal, types[c.name])
            for c in RAW.columns
            if c.name in mapping.columns
        }
        connection.register("given", batch)
        _check(connection, source, expressions, wanted)
        chosen = ", ".join(f'{e.value} AS "{name}"' for name, e in expressions.items())
        connection.execute(f"INSERT INTO samples BY NAME SELECT {file} AS file, row, {chosen} FROM given")
        counted = ", ".join(f"count(*) FILTER (WHERE {e.invalid})" for e in expressions.values())
        invalid = connection.execute(f"SELECT {counted} FROM given").fetchall()[0]
        for name, n in zip(expressions, invalid, strict=True):
            counts[name] += int(n)
    return {name: n for name, n in counts.items() if n}


def _renamed(source: SourceFile, mapping: Mapping, wanted: dict[str, str]) -> Iterator[pa.Table]:
    """Batches with the raw columns' names, and ``row``: the 0-based row in the file."""
    first = 0
    for batch in source.batches(list(dict.fromkeys(wanted.values()))):
        columns = {name: _flat(batch.column(column)) for name, column in wanted.items()}
        for name, given in mapping.columns.items():
            if given.column is None:
                columns[name] = pa.repeat(_fixed(name, given, source), batch.num_rows)
        yield pa.table(columns | {"row": np.arange(first, first + batch.num_rows)})
        first += batch.num_rows


def _fixed(name: str, given: Source, source: SourceFile) -> str | float | int:
    """The value of a constant or of a part of the file's name."""
    if given.constant is not None:
        return str(given.constant) if RAW.column(name).type == "string" else given.constant
    found = re.search(str(given.file_name), source.path.name)
    if found is None:
        raise BadInputError(
            f"{source.path}: {given.file_name!r}, from which {name} is taken, is not in the file's name"
        )
    return found.group(1) if found.groups() else found.group(0)


def _flat(column: pa.Array) -> pa.Array:
    return column.dictionary_decode() if pa.types.is_dictionary(column.type) else column


def _usable(kind: pa.DataType, name: str, source: SourceFile, mapping: Mapping) -> pa.DataType:
    """The type itself; BadInputError when it cannot hold what the raw column needs."""
    column, given = RAW.column(name), mapping.columns[name]
    text, number = pa.types.is_string(kind) or pa.types.is_large_string(kind), _is_number(kind)
    if text or pa.types.is_null(kind) or (number and given.unit != ISO) or (column.type == "string" and number):
        return kind
    if pa.types.is_timestamp(kind) and given.unit == ISO:
        return kind
    hint = f"unit: {ISO}" if pa.types.is_timestamp(kind) else f"the unit is {given.unit}" if given.unit else None
    raise BadInputError(
        f"{source.path}: column {given.column} (for {name}) is {kind}, expected {_expected(given)}", hint=hint
    )


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))


def _expected(given: Source) -> str:
    return "times" if given.unit == ISO else "numbers or text"


def _check(
    connection: duckdb.DuckDBPyConnection,
    source: SourceFile,
    expressions: dict[str, Expression],
    wanted: dict[str, str],
) -> None:
    """BadInputError for the first value that cannot be read: its place, its column and itself."""
    firsts = ", ".join(f"min(row) FILTER (WHERE {e.bad})" for e in expressions.values())
    rows = connection.execute(f"SELECT {firsts} FROM given").fetchall()[0]
    bad = [(row, name) for name, row in zip(expressions, rows, strict=True) if row is not None]
    if not bad:
        return
    row, name = min(bad)
    value = connection.execute(f'SELECT CAST("{name}" AS VARCHAR) FROM given WHERE row = {row}').fetchall()[0][0]
    expected, column = expressions[name].expected, wanted.get(name, "its constant")
    hint = "add zone: to timestamp in the mapping" if expected.endswith("its zone") else "mend the file or the mapping"
    raise BadInputError(
        f"{source.path}, {source.place(int(row))}: {column} (for {name}) is {value!r}, expected {expected}", hint=hint
    )


def _text(name: str, source: Source, null_values: list[str]) -> str:
    """The column as trimmed text, null where it is a text that means no value."""
    trimmed = f'trim(CAST("{name}" AS VARCHAR))'
    listed = ", ".join(_quoted(v) for v in [*null_values, *(str(v) for v in source.invalid if isinstance(v, str))])
    return f"CASE WHEN {trimmed} IN ({listed}) THEN NULL ELSE {trimmed} END" if listed else trimmed


def _marked(name: str, source: Source) -> str:
    """Whether the column is one of the texts that the mapping marks as invalid."""
    texts = ", ".join(_quoted(v) for v in source.invalid if isinstance(v, str))
    return f'coalesce(trim(CAST("{name}" AS VARCHAR)) IN ({texts}), false)' if texts else "false"


def _iso(text: str, source: Source) -> str:
    """UTC epoch milliseconds of ISO 8601 times: those with a zone of their own, the others in the mapping's."""
    zoned = f"epoch_ms(TRY_CAST({text} AS TIMESTAMPTZ))"
    local = f"epoch_ms(timezone({_quoted(source.zone)}, TRY_CAST({text} AS TIMESTAMP)))" if source.zone else "NULL"
    return f"CASE WHEN regexp_matches({text}, {_quoted(_HAS_ZONE)}) THEN {zoned} ELSE {local} END"


def _factor(column: Column, source: Source) -> float:
    return UNITS[column.unit][source.unit] * source.scale if column.unit in UNITS and source.unit else source.scale


def _pointed(text: str, decimal: str) -> str:
    return text if decimal == "." else f"replace({text}, ',', '.')"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
