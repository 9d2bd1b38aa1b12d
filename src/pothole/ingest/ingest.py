"""Source files to raw rows by file and batch date, in one database in this process that spills to disk when it must."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from pothole.arrow import schema_of
from pothole.errors import BadInputError
from pothole.ingest.clock import PLAUSIBLE_MS, Spread, date_trips, spread_equal_times
from pothole.ingest.convert import insert
from pothole.ingest.files import open_file
from pothole.ingest.mapping import Mapping
from pothole.tables import RAW

_GRAVITY_MPS2 = (7.0, 13.0)


@dataclass(frozen=True)
class FileSummary:
    """What became of a file. Times are UTC epoch milliseconds; ``dates``: rows by batch date.

    ``rate_hz`` is the median over samples, ``gravity_mps2`` the median length of the acceleration vector; ``invalid``
    counts the values that the mapping marks so, ``nulls`` all that are missing, by column.
    """

    file: str
    rows_in: int
    rows_out: int
    trips: int
    dates: dict[str, int]
    rate_hz: float | None
    first_ms: int | None
    last_ms: int | None
    gravity_mps2: float | None
    times_spread: int
    repeated_rows: int
    implausible_times: int
    invalid: dict[str, int]
    nulls: dict[str, int]

    @property
    def notes(self) -> list[str]:
        """What a person should know."""
        notes = [f"{self.times_spread:,} equal times spread"] if self.times_spread else []
        notes += [f"{self.repeated_rows:,} repeated rows"] if self.repeated_rows else []
        notes += [f"{n:,} invalid {name}" for name, n in self.invalid.items()]
        missing = {name: n - self.invalid.get(name, 0) for name, n in self.nulls.items()}
        notes += [f"{n:,} without {name}" for name, n in missing.items() if n > 0]
        notes += [f"{self.implausible_times:,} times before 2000 or after 2100"] if self.implausible_times else []
        g = self.gravity_mps2
        if g is not None and not _GRAVITY_MPS2[0] <= g <= _GRAVITY_MPS2[1]:
            notes.append(
                f"median |acceleration| is {g:.3g} m/s2, not about 9.8: is the unit right, is gravity included?"
            )
        return notes

    def as_json(self) -> dict[str, Any]:
        """The summary as JSON has it, notes included."""
        return asdict(self) | {"notes": self.notes}


class Ingested:
    """The files' rows; made by ``ingested``."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, files: Sequence[Path], mapping: Mapping, zone: str
    ) -> None:
        self._db, self.files = connection, list(dict.fromkeys(files))
        columns = ", ".join(f'"{c.name}" {_SQL[c.type]}' for c in RAW.columns)
        self._db.execute(f"CREATE TABLE samples (file INTEGER, row BIGINT, {columns})")
        opened = [open_file(path, mapping.csv) for path in self.files]
        self._invalid = [insert(self._db, i, source, mapping) for i, source in enumerate(opened)]
        for i, path in enumerate(self.files):
            self._check_times(i, path, mapping)
        self._spread = spread_equal_times(self._db) if mapping.equal_times == "spread" else {}
        date_trips(self._db, zone)

    def parts(self, file: int) -> Iterator[tuple[str, pa.Table]]:
        """Batch dates and raw rows (``tables.RAW``) of a file, rows in order of vehicle, trip and time."""
        chosen = ", ".join(f's."{n}"' for n in RAW.names)
        for date in self._dates(file):
            rows = self._db.sql(
                f"""SELECT {chosen} FROM samples s, trips t WHERE s.file = {file} AND t.dt = '{date}'
                    AND s.vehicle_id IS NOT DISTINCT FROM t.vehicle_id AND s.trip_id IS NOT DISTINCT FROM t.trip_id
                    ORDER BY s.vehicle_id, s.trip_id, s.timestamp, s.row"""
            )
            yield date, rows.to_arrow_table().cast(schema_of(RAW))

    def summary(self, file: int) -> FileSummary:
        """What became of a file."""
        dates = self._dates(file)
        low, high = PLAUSIBLE_MS
        good = f"timestamp BETWEEN {low} AND {high}"
        required = [c.name for c in RAW.columns if not c.nullable]
        nulls = ", ".join(f'count(*) - count("{n}")' for n in required)
        rows, trips, first, last, off, rate, gravity, *missing = self._db.execute(f"""
            SELECT count(*), count(DISTINCT (vehicle_id, trip_id)), min(timestamp) FILTER (WHERE {good}),
              max(timestamp) FILTER (WHERE {good}), count(*) FILTER (WHERE NOT {good}),
              1000.0 / nullif(median(step), 0),
              median(sqrt(accel_x * accel_x + accel_y * accel_y + accel_z * accel_z)), {nulls}
            FROM (SELECT *, timestamp - lag(timestamp) OVER trip AS step FROM samples WHERE file = {file}
                  WINDOW trip AS (PARTITION BY vehicle_id, trip_id ORDER BY timestamp))""").fetchall()[0]  # fmt: skip
        spread = self._spread.get(file, Spread(0, 0))
        return FileSummary(
            str(self.files[file]), rows, sum(dates.values()), trips, dates, rate and round(rate, 2), first, last,
            gravity and round(gravity, 3), spread.moved, spread.repeated, off, self._invalid[file],
            {n: int(m) for n, m in zip(required, missing, strict=True) if m},
        )  # fmt: skip

    def _dates(self, file: int) -> dict[str, int]:
        """Rows of a file by batch date."""
        rows = self._db.execute(
            f"""SELECT dt, count(*) FROM samples s, trips t WHERE s.file = {file}
                AND s.vehicle_id IS NOT DISTINCT FROM t.vehicle_id AND s.trip_id IS NOT DISTINCT FROM t.trip_id
                GROUP BY dt ORDER BY dt"""
        ).fetchall()
        return {str(dt): int(n) for dt, n in rows}

    def _check_times(self, file: int, path: Path, mapping: Mapping) -> None:
        """BadInputError when most times are of no plausible year: then the unit is another."""
        middle, rows = self._db.execute(
            f"SELECT median(timestamp), count(*) FROM samples WHERE file = {file}"
        ).fetchall()[0]
        if rows and (middle is None or not PLAUSIBLE_MS[0] <= middle <= PLAUSIBLE_MS[1]):
            unit = mapping.columns["timestamp"].unit
            found = "there are none" if middle is None else f"half of them are {_when(middle)}"
            raise BadInputError(
                f"{path}: times of unit {unit} should lie between 2000 and 2100; {found}",
                hint="check the unit of timestamp in the mapping",
            )


@contextmanager
def ingested(files: Sequence[Path], mapping: Mapping, zone: str) -> Iterator[Ingested]:
    """Read and convert files; the days of ``zone`` are the batch dates. BadInputError names file, place and value."""
    with tempfile.TemporaryDirectory(prefix="pothole-ingest-") as spill:
        settings: dict[str, Any] = {
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "temp_directory": spill,
        }
        with duckdb.connect(config=settings) as connection:
            connection.execute("SET TimeZone = 'UTC'")
            yield Ingested(connection, files, mapping, zone)


def _when(ms: float) -> str:
    try:
        return f"before {datetime.fromtimestamp(ms / 1000, UTC):%Y-%m-%d}"
    except (ValueError, OverflowError, OSError):
        return "beyond the year 9999" if ms > 0 else "before the year 1"


_SQL = {"bigint": "BIGINT", "int": "INTEGER", "double": "DOUBLE", "string": "VARCHAR"}
