"""Big days for timing: the shape of a fleet's data without the physics, as fast as the files can be written.

Trips drive along the links at a steady speed; gravity, noise, and a jolt where a fixed place is passed, so that Stage 2 has
something to cluster. No truth is written.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from pothole.simulate import town as towns
from pothole.simulate.fleet import RAW_SCHEMA, ZONE
from pothole.simulate.town import Town

RATE_HZ = 10.0
_PLACES_PER_LINK = 0.4
_JOLT_MPS2 = 7.0


def simulate_plain(
    out: Path,
    *,
    trips: int,
    samples_per_trip: int = 450,
    files: int = 25,
    seed: int = 0,
    day: date,
    segments: pa.Table | None = None,
    progress: Callable[[str, float], None] = lambda what, share: None,
) -> int:
    """Write one day of ``trips`` trips at 10 Hz in ``files`` files; the number of samples."""
    table = towns.made_up(seed=1, blocks=12) if segments is None else segments
    town = towns.from_segments(table)
    (out / "road-network").mkdir(parents=True, exist_ok=True)
    pacsv.write_csv(table, out / "road-network" / "segments.csv")
    folder = out / "raw-sensor-data" / f"dt={day.isoformat()}"
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("part-*.parquet"):
        old.unlink()
    shares = np.array_split(np.arange(trips), files)

    def write(i: int) -> int:
        rows = _file(town, shares[i], samples_per_trip, trips, seed, day)
        pq.write_table(rows, folder / f"part-{i:04d}.parquet", compression="snappy", row_group_size=250_000)
        progress(f"writing {day.isoformat()}", (i + 1) / files)
        return int(rows.num_rows)

    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        return sum(pool.map(write, range(files)))


def _file(town: Town, trips: np.ndarray, n: int, total: int, seed: int, day: date) -> pa.Table:
    rng = np.random.default_rng([seed, 21, int(trips[0])])
    count = len(trips)
    links = rng.integers(len(town.links), size=count)
    lengths = np.array([link.length for link in town.links])
    speed = rng.uniform(8.0, 14.0, count)
    tick = np.arange(n) / RATE_HZ
    offset = (rng.uniform(0, 1, count) * lengths[links])[:, None] + speed[:, None] * tick[None, :]
    offset %= lengths[links][:, None]
    lon, lat = _places(town, links, offset, rng)
    vertical = 9.80665 + rng.standard_normal((count, n)) * 0.4 + _jolts(lengths, links, offset, seed)
    midnight = datetime(day.year, day.month, day.day, tzinfo=ZONE).astimezone(UTC).timestamp()
    start = (midnight * 1000 + rng.uniform(6, 22.5, count) * 3_600_000).astype(np.int64)
    side = rng.standard_normal((5, count * n), dtype=np.float32).astype(np.float64)
    row_of = pa.array(np.repeat(np.arange(count, dtype=np.int32), n))
    columns = {
        "timestamp": (start[:, None] + (tick * 1000).astype(np.int64)[None, :]).ravel(),
        "trip_id": pa.array([f"T{t:07d}" for t in trips]).take(row_of),
        "vehicle_id": pa.array([f"V{t % max(1, total // 10):06d}" for t in trips]).take(row_of),
        "accel_x": side[0] * 0.3,
        "accel_y": side[1] * 0.3,
        "accel_z": vertical.ravel(),
        "gyro_x": side[2],
        "gyro_y": side[3],
        "gyro_z": side[4],
        "velocity": np.repeat(speed * 3.6, n),
        "lon": lon.ravel(),
        "lat": lat.ravel(),
        "hdop": np.full(count * n, 1.2),
        "satellites": np.full(count * n, 11, dtype=np.int32),
    }
    return pa.table([pa.array(columns[f.name], f.type) for f in RAW_SCHEMA], schema=RAW_SCHEMA)


def _places(
    town: Town, links: np.ndarray, offset: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Degrees along each trip's link, moved by an error that is constant in the trip."""
    x, y = np.empty_like(offset), np.empty_like(offset)
    for link in np.unique(links):
        mine = links == link
        x[mine], y[mine] = town.links[link].at(offset[mine])
    error = rng.normal(0, 2.5, (2, len(links), 1))
    return town.degrees(x + error[0], y + error[1])


def _jolts(lengths: np.ndarray, links: np.ndarray, offset: np.ndarray, seed: int) -> np.ndarray:
    """A jolt of two samples where one of the links' fixed places is passed."""
    rng = np.random.default_rng([seed, 22])
    rough = rng.random(len(lengths)) < _PLACES_PER_LINK
    place = rng.uniform(0.2, 0.8, len(lengths)) * lengths
    ahead = offset - place[links][:, None]
    over = rough[links][:, None] & (ahead[:, 1:] >= 0) & (ahead[:, :-1] < 0)
    jolts = np.zeros_like(offset)
    jolts[:, 1:] += np.where(over, -_JOLT_MPS2, 0.0)
    jolts[:, 2:] += np.where(over[:, :-1], 0.8 * _JOLT_MPS2, 0.0)
    return jolts
