"""Small source files, a mapping for them, and what becomes of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from pothole.ingest import FileSummary, Mapping, ingested
from pothole.ingest.mapping import parse

#: 2026-02-12 09:00 in Seoul, midnight UTC.
START_S = 1_770_854_400

HEADER = "t,trip,ax,ay,az,speed,lon,lat"


def mapping(*, csv: dict[str, Any] | None = None, equal_times: str = "spread", **columns: Any) -> Mapping:
    """A mapping of HEADER's columns in raw units, with times in s; columns can be replaced."""
    plain: dict[str, Any] = {
        "timestamp": {"column": "t", "unit": "s"},
        "trip_id": "trip",
        "vehicle_id": {"constant": "v1"},
        "accel_x": {"column": "ax", "unit": "m/s2"},
        "accel_y": {"column": "ay", "unit": "m/s2"},
        "accel_z": {"column": "az", "unit": "m/s2"},
        "velocity": {"column": "speed", "unit": "km/h"},
        "lon": "lon",
        "lat": "lat",
        "hdop": {"constant": 1.0},
        "satellites": {"constant": 10},
    }
    return parse({"columns": plain | columns, "csv": csv or {}, "equal_times": equal_times})


def line(t: Any = START_S, trip: str = "a", ax: Any = 0.0, speed: Any = 36.0) -> str:
    """A row of HEADER."""
    return f"{t},{trip},{ax},0.0,9.8,{speed},127.0,37.5"


def write(path: Path, *lines: str, header: str = HEADER, encoding: str = "utf-8") -> Path:
    """A CSV file of these lines."""
    path.write_text("\n".join([header, *lines]) + "\n", encoding=encoding)
    return path


def ingest(
    files: Path | Sequence[Path], rules: Mapping, zone: str = "Asia/Seoul"
) -> tuple[list[dict[str, pa.Table]], list[FileSummary]]:
    """Rows by date and the summary of each file."""
    paths = [files] if isinstance(files, Path) else list(files)
    with ingested(paths, rules, zone) as read:
        return [dict(read.parts(i)) for i in range(len(paths))], [read.summary(i) for i in range(len(paths))]


def rows(file: Path, rules: Mapping) -> list[dict[str, Any]]:
    """All rows of a file, in order of trip and time."""
    parts, _ = ingest(file, rules)
    return [row for table in parts[0].values() for row in table.to_pylist()]
