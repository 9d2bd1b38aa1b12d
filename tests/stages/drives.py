"""Small made-up drives for the stages' tests: a quiet road with jolts at chosen times, in any mounting."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from pothole.tables import RAW

START_MS = 1_770_822_000_000  # 2026-02-12 00:00 in Seoul
TYPES = {"bigint": pa.int64(), "int": pa.int32(), "double": pa.float64(), "string": pa.string()}
METRES_PER_LAT = 110_990.0


def raw(
    *,
    seconds: float = 60.0,
    rate_hz: float = 50.0,
    jolts_s: tuple[float, ...] = (),
    jolt_mps2: float = 8.0,
    rotation: np.ndarray | None = None,
    gain: float = 1.0,
    start_ms: int = START_MS + 8 * 3_600_000,
    trip: str = "T1",
    vehicle: str = "V1",
    kmh: float = 36.0,
    noise_mps2: float = 0.2,
    hold_fixes: bool = False,
    lag_s: float = 0.6,
) -> pa.Table:
    """Raw samples of a drive due north. A jolt goes down for 60 ms and up for 60 ms."""
    rng = np.random.default_rng(0)
    at = np.arange(0, seconds, 1 / rate_hz)
    body = rng.normal(0, noise_mps2, (3, len(at)))
    body[2] += 9.80665
    for jolt in jolts_s:
        body[2] -= jolt_mps2 * ((at >= jolt) & (at < jolt + 0.06))
        body[2] += jolt_mps2 * ((at >= jolt + 0.06) & (at < jolt + 0.12))
    device = gain * (np.eye(3) if rotation is None else rotation) @ body
    known_at = at - lag_s if not hold_fixes else np.floor(at) - lag_s
    columns: dict[str, Any] = {
        "timestamp": start_ms + np.round(at * 1000).astype(np.int64),
        "trip_id": [trip] * len(at),
        "vehicle_id": [vehicle] * len(at),
        "accel_x": device[0],
        "accel_y": device[1],
        "accel_z": device[2],
        "gyro_x": rng.normal(0, 0.5, len(at)),
        "gyro_y": rng.normal(0, 0.5, len(at)),
        "gyro_z": rng.normal(0, 0.5, len(at)),
        "velocity": np.full(len(at), kmh),
        "lon": np.full(len(at), 127.0),
        "lat": 37.5 + known_at * kmh / 3.6 / METRES_PER_LAT,
        "hdop": np.full(len(at), 1.0),
        "satellites": np.full(len(at), 10),
    }
    return pa.table({c.name: pa.array(columns[c.name], TYPES[c.type]) for c in RAW.columns})


def with_source(table: pa.Table, name: str = "part-0.parquet") -> pa.Table:
    """Raw rows as an engine reads them, with ``source_file``."""
    return table.append_column("source_file", pa.array([name] * table.num_rows, pa.string()))


def empty(columns: Any) -> pa.Table:
    """No rows of these columns."""
    return pa.schema([(c.name, TYPES[c.type]) for c in columns]).empty_table()
