"""One source file to raw rows, in one query of the embedded engine: units, signs, times, clocks of whole seconds."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa

from pothole.errors import BadInputError
from pothole.ingest.mapping import UNITS, Mapping, Source, quantity
from pothole.tables import RAW

_TYPES = {"bigint": "BIGINT", "int": "INTEGER", "double": "DOUBLE", "string": "VARCHAR"}


@dataclass(frozen=True)
class Converted:
    """Raw rows of a file by batch date, and what a person should know about them."""

    rows_in: int
    by_date: dict[str, pa.Table]
    median_rate_hz: float
    spread: int
    """Rows whose time was spread, since the clock tells whole seconds or repeats itself."""
    invalid_speeds: int


def convert(path: Path, mapping: Mapping, timezone: str) -> Converted:
    """Read and convert a file. BadInputError names the column, row and value that cannot be used."""
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute(
        f"CREATE TABLE source AS SELECT *, row_number() OVER () AS file_row FROM {_reader(path, mapping)}"
    )
    present = [row[0] for row in connection.execute("DESCRIBE source").fetchall()]
    expressions = {
        c.name: _expression(
            connection, path, c.name, _TYPES[c.type], mapping.columns.get(c.name), present, mapping.csv.decimal
        )
        for c in RAW.columns
    }
    chosen = ", ".join(f'{sql} AS "{name}"' for name, sql in expressions.items())
    connection.execute(f"CREATE TABLE mapped AS SELECT {chosen}, file_row FROM source")
    spread = _spread(connection)
    names = ", ".join(f'"{n}"' for n in RAW.names)
    days = f"""SELECT {names}, strftime(timezone('{timezone}', to_timestamp(min(timestamp)
               OVER (PARTITION BY vehicle_id, trip_id) / 1000.0)), '%Y-%m-%d') AS dt, file_row FROM mapped"""
    by_date = {}
    for (day,) in connection.execute(f"SELECT DISTINCT dt FROM ({days}) ORDER BY dt NULLS LAST").fetchall():
        query = f"SELECT {names} FROM ({days}) WHERE dt IS NOT DISTINCT FROM ? ORDER BY file_row"
        table = connection.sql(query, params=[day]).to_arrow_table() if day else None
        if table is not None:
            by_date[str(day)] = table
    figures = connection.execute(
        "SELECT (SELECT count(*) FROM source), (SELECT 1000.0 / nullif(median(d), 0) FROM (SELECT timestamp - lag(timestamp) "
        "OVER (PARTITION BY vehicle_id, trip_id ORDER BY timestamp) AS d FROM mapped)), "
        "(SELECT count(*) FROM mapped WHERE velocity IS NULL)"
    ).fetchall()[0]
    return Converted(int(figures[0]), by_date, float(figures[1] or 0), spread, int(figures[2]))


def _reader(path: Path, mapping: Mapping) -> str:
    quoted = "'" + str(path).replace("'", "''") + "'"
    if path.suffix.lower() in (".parquet", ".pq"):
        return f"read_parquet({quoted})"
    delimiter = f", delim = '{mapping.csv.delimiter}'" if mapping.csv.delimiter else ""
    return f"read_csv({quoted}, header = true, all_varchar = true{delimiter})"


def _expression(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    name: str,
    kind: str,
    source: Source | None,
    present: list[str],
    decimal: str,
) -> str:
    """SQL for a raw column; checked so that every value that is there can be converted."""
    if source is None:
        return f"CAST(NULL AS {kind})"
    if source.constant is not None:
        return f"CAST('{str(source.constant).replace(chr(39), chr(39) * 2)}' AS {kind})"
    if source.file_name is not None:
        found = re.search(source.file_name, path.name)
        if found is None:
            raise BadInputError(f"{path}: the name does not match {source.file_name!r}, from which {name} is taken")
        value = found.group(1) if found.groups() else found.group(0)
        return f"CAST('{value.replace(chr(39), chr(39) * 2)}' AS {kind})"
    column = str(source.column)
    if column not in present:
        near = difflib.get_close_matches(column, present, n=1, cutoff=0.5)
        listed = ", ".join(c for c in present if c != "file_row")
        hint = f"did you mean {near[0]}?" if near else None
        raise BadInputError(f"{path}: column {column} (for {name}) is missing; found {listed}", hint=hint)
    given = f'"{column}"'
    text = f"nullif(trim(CAST({given} AS VARCHAR)), '')"
    if kind == "VARCHAR":
        return text
    sql = _time(text, source) if name == "timestamp" and source.unit == "iso" else _number(text, name, source, decimal)
    bad = connection.execute(
        f"SELECT file_row, {text} FROM source WHERE {text} IS NOT NULL AND lower({text}) NOT IN ('nan', 'null') AND {_plain(sql)} IS NULL LIMIT 1"
    ).fetchall()
    if bad:
        expected = "an ISO 8601 time" if source.unit == "iso" else "a number"
        raise BadInputError(f"{path}: row {bad[0][0]}: {column} is {bad[0][1]!r}, expected {expected}")
    rounded = f"round({sql})" if kind in ("BIGINT", "INTEGER") else sql
    return f"CAST({_without_invalid(rounded, text, source, decimal)} AS {kind})"


def _plain(sql: str) -> str:
    return f"({sql})"


def _number(text: str, name: str, source: Source, decimal: str) -> str:
    units = UNITS[quantity(name)]
    factor = units[source.unit] if source.unit is not None else 1.0
    return f"TRY_CAST({_dotted(text, decimal)} AS DOUBLE) * {factor!r} * {source.scale!r}"


def _dotted(text: str, decimal: str) -> str:
    return text if decimal == "." else f"replace({text}, '{decimal}', '.')"


def _without_invalid(sql: str, text: str, source: Source, decimal: str) -> str:
    if not source.invalid:
        return sql
    listed = ", ".join(repr(float(v)) for v in source.invalid)
    return f"CASE WHEN TRY_CAST({_dotted(text, decimal)} AS DOUBLE) IN ({listed}) THEN NULL ELSE {sql} END"


def _time(text: str, source: Source) -> str:
    """UTC epoch milliseconds of ISO times: those with a zone of their own, else in the mapping's."""
    own = f"epoch_ms(TRY_CAST({text} AS TIMESTAMPTZ))"
    if source.zone is None:
        return own
    local = f"epoch_ms(timezone('{source.zone}', TRY_CAST({text} AS TIMESTAMP)))"
    return f"CASE WHEN regexp_matches({text}, '(Z|[+-][0-9]{{2}}:?[0-9]{{2}})$') THEN {own} ELSE {local} END"


def _spread(connection: duckdb.DuckDBPyConnection) -> int:
    """Spread rows of equal time evenly, in file order, up to the trip's next time; how many rows were moved.

    At most a second is filled: after a pause the rows belong to the second that was told.
    """
    connection.execute("""
        CREATE TABLE spread AS
        WITH ticks AS (
          SELECT vehicle_id, trip_id, timestamp, count(*) AS n,
            lead(timestamp) OVER (PARTITION BY vehicle_id, trip_id ORDER BY timestamp) AS following
          FROM mapped WHERE timestamp IS NOT NULL GROUP BY vehicle_id, trip_id, timestamp)
        SELECT m.file_row, m.timestamp + CAST(floor((row_number() OVER (PARTITION BY m.vehicle_id, m.trip_id, m.timestamp
            ORDER BY m.file_row) - 1) * least(coalesce(t.following - t.timestamp, 1000), 1000) / t.n) AS BIGINT) AS moved
        FROM mapped m JOIN ticks t ON m.vehicle_id = t.vehicle_id AND m.trip_id = t.trip_id AND m.timestamp = t.timestamp
        WHERE t.n > 1 AND t.n <= 1000""")
    moved = connection.execute(
        "SELECT count(*) FROM spread s JOIN mapped m USING (file_row) WHERE s.moved <> m.timestamp"
    ).fetchall()[0][0]
    connection.execute("UPDATE mapped SET timestamp = s.moved FROM spread s WHERE mapped.file_row = s.file_row")
    return int(moved)
