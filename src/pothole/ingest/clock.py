"""Times: rows of equal time spread up to the next one, and the batch date of every trip."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from pothole.tables import RAW

#: A clock outside these years (UTC epoch milliseconds of 2000 and 2100) was not set, or its unit is another.
PLAUSIBLE_MS = (946_684_800_000, 4_102_444_800_000)
_DEFAULT_STEP_MS = 1000
_TRIP = "file, vehicle_id, trip_id"


@dataclass(frozen=True)
class Spread:
    """Rows of a file whose time was moved, and rows left as they are since they repeat another in every column."""

    moved: int
    repeated: int


def spread_equal_times(connection: duckdb.DuckDBPyConnection) -> dict[int, Spread]:
    """Spread equal times of ``samples`` (file, row, raw columns) evenly, in file order, towards the trip's next time.

    Row k of n rows of one time (from 0) moves by k/n of the interval to the trip's next distinct time, at most the
    trip's usual (median) interval: after a pause, the rows belong to the tick that was told. A trip whose equal times
    are all repeated rows, the same in every column, has a good clock and was sent twice: its times are kept.
    Returns what was done, by file.
    """
    whole_row = ", ".join(f'"{n}"' for n in RAW.names)
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE ticks AS
        SELECT {_TRIP}, timestamp, count(*) AS n, min(hash({whole_row})) <> max(hash({whole_row})) AS differ,
          lead(timestamp) OVER (PARTITION BY {_TRIP} ORDER BY timestamp) - timestamp AS step
        FROM samples WHERE timestamp IS NOT NULL GROUP BY {_TRIP}, timestamp""")
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE clocks AS
        SELECT {_TRIP}, bool_or(differ) AS coarse, coalesce(quantile_disc(step, 0.5), {_DEFAULT_STEP_MS}) AS usual,
          sum(n - 1) AS tied
        FROM ticks GROUP BY {_TRIP} HAVING max(n) > 1""")
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE spread AS
        SELECT s.file, s.row, s.timestamp + least(coalesce(t.step, c.usual), c.usual) *
          (row_number() OVER tick - 1) // t.n AS moved
        FROM samples s, ticks t, clocks c
        WHERE c.coarse AND t.n > 1 AND s.timestamp = t.timestamp
          AND {_same_trip("s", "t")} AND {_same_trip("s", "c")}
        WINDOW tick AS (PARTITION BY s.file, s.vehicle_id, s.trip_id, s.timestamp ORDER BY s.row)""")
    connection.execute(
        "UPDATE samples SET timestamp = moved FROM spread WHERE samples.file = spread.file AND samples.row = spread.row"
    )
    rows = connection.execute(
        "SELECT file, sum(tied) FILTER (WHERE coarse), sum(tied) FILTER (WHERE NOT coarse) FROM clocks GROUP BY file"
    ).fetchall()
    return {int(file): Spread(int(moved or 0), int(repeated or 0)) for file, moved, repeated in rows}


def date_trips(connection: duckdb.DuckDBPyConnection, zone: str) -> None:
    """Make the table ``trips`` (vehicle_id, trip_id, dt): the day in ``zone`` of each trip's first sample in all files.

    A trip without any plausible time gets the earliest date of all, where the day's gate refuses and counts its rows.
    """
    low, high = PLAUSIBLE_MS
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE trips AS
        WITH starts AS (
          SELECT vehicle_id, trip_id, min(timestamp) FILTER (WHERE timestamp BETWEEN {low} AND {high}) AS start
          FROM samples GROUP BY vehicle_id, trip_id),
        known AS (SELECT vehicle_id, trip_id, coalesce(start, min(start) OVER ()) AS start_ms FROM starts)
        SELECT vehicle_id, trip_id, strftime(timezone(?, make_timestamptz(start_ms * 1000)), '%Y-%m-%d') AS dt
        FROM known""",
        [zone],
    )


def _same_trip(a: str, b: str) -> str:
    return " AND ".join(f"{a}.{c} IS NOT DISTINCT FROM {b}.{c}" for c in ("file", "vehicle_id", "trip_id"))
