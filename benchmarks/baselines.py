"""What the day is measured against, each a process of its own: ``python -m benchmarks.baselines NAME LAKE DATE``.

``scan`` reads every raw column; ``row_number`` sorts every trip in time once; ``zscore`` is a plain rendering of the
usual student design
(per-trip z-score of accel_z and gyro_y, impacts put on the segment with the nearest midpoint, counted by segment).
"""

from __future__ import annotations

import sys

import duckdb

from pothole.tables import RAW

_COLUMNS = ", ".join(f'"{c.name}"' for c in RAW.columns)
_MAXIMA = ", ".join(f'max("{c.name}")' for c in RAW.columns)

QUERIES = {
    "scan": "SELECT {maxima} FROM {raw}",
    "row_number": "SELECT {maxima}, sum(n) FROM (SELECT {columns}, row_number() OVER "
    "(PARTITION BY vehicle_id, trip_id ORDER BY timestamp) AS n FROM {raw})",
    "zscore": """
        WITH scored AS (
          SELECT *, 0.7 * abs(accel_z - avg(accel_z) OVER t) / nullif(stddev(accel_z) OVER t, 0)
                  + 0.3 * abs(gyro_y - avg(gyro_y) OVER t) / nullif(stddev(gyro_y) OVER t, 0) AS score
          FROM {raw} WINDOW t AS (PARTITION BY trip_id)),
        impacts AS (SELECT * FROM scored WHERE score > 3 AND velocity > 5 AND hdop < 5),
        matched AS (
          SELECT i.trip_id, i.timestamp, i.lon, i.lat, arg_min(s.s_id,
            (s.lon - i.lon) * (s.lon - i.lon) + (s.lat - i.lat) * (s.lat - i.lat)) AS s_id
          FROM impacts i JOIN segments s
            ON abs(s.lon - i.lon) < 0.0006 AND abs(s.lat - i.lat) < 0.0006
          GROUP BY ALL)
        SELECT s_id, count(*), count(DISTINCT trip_id) FROM matched GROUP BY s_id""",
}


def main() -> None:
    """Run one baseline."""
    name, lake, date = sys.argv[1:4]
    connection = duckdb.connect()
    connection.execute("SET threads = 2")
    connection.execute("SET preserve_insertion_order = false")
    connection.execute("SET memory_limit = '16GB'")
    raw = f"read_parquet('{lake}/raw-sensor-data/dt={date}/*.parquet')"
    connection.execute(
        "CREATE TABLE segments AS SELECT s_id, (start_lon + end_lon) / 2 AS lon, (start_lat + end_lat) / 2 AS lat "
        f"FROM read_csv('{lake}/road-network/segments.csv')"
    )
    rows = connection.execute(QUERIES[name].format(raw=raw, columns=_COLUMNS, maxima=_MAXIMA)).fetchall()
    print(len(rows))


if __name__ == "__main__":
    main()
