"""Big days for timing: the shape of a fleet's data without the physics, as fast as the files can be written.

Trips drive along the links at a steady speed; gravity, noise, and a jolt where a fixed place is passed, so that
Stage 2 has something to cluster. No truth is written.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from pothole.simulate import layers
from pothole.simulate.device import GRAVITY_MPS2
from pothole.simulate.fleet import RAW_SCHEMA, ROW_GROUP, Progress, start_of
from pothole.simulate.handling import random_rotation
from pothole.simulate.route import lane, walk
from pothole.simulate.town import Town, from_segments

Array = NDArray[np.float64]
RATE_HZ = 10
_ROUTES = 1500
_SPEED_MPS = (30 / 3.6, 60 / 3.6)
_JOLTS_PER_KM = 0.8
"""About one in a thousand samples."""
_JOLT_MPS2 = 7.0
_NOISE_MPS2 = 0.35
_GPS_SIGMA_M = 2.5
_TRIPS_PER_VEHICLE = 10
_BLOCKS = 30
"""Of the made-up town: a thousand kilometres of directed links, so that a place sees some tens of 50,000 trips."""


def simulate_plain(
    out: Path,
    *,
    trips: int,
    samples_per_trip: int = 450,
    files: int = 25,
    seed: int = 0,
    day: date,
    roads: Path | None = None,
    progress: Progress = lambda _what, _share: None,
) -> int:
    """Write one day of ``trips`` trips at 10 Hz in ``files`` files, and the road network; the number of samples.

    A file holds its trips one after the other, each in the order of time. Raises as ``fleet.simulate`` does.
    """
    layers.claim(out, {"plain": True, "trips": trips, "samples_per_trip": samples_per_trip, "seed": seed, "day": day})
    segments = layers.read_network(roads, blocks=_BLOCKS)
    layers.write_network(out, segments)
    paths = _paths(from_segments(segments), samples_per_trip / RATE_HZ * _SPEED_MPS[1] + 60, seed)
    folder = layers.raw_folder(out, day.isoformat())
    shares = [share for share in np.array_split(np.arange(trips), files) if len(share)]

    def write(i: int) -> int:
        rows = _file(paths, shares[i], samples_per_trip, seed, day)
        pq.write_table(rows, folder / f"part-{i:04d}.parquet", compression="snappy", row_group_size=ROW_GROUP)
        progress(f"writing {day.isoformat()}", (i + 1) / len(shares))
        return int(rows.num_rows)

    with ThreadPoolExecutor(max_workers=min(8, os.cpu_count() or 1)) as pool:
        return sum(pool.map(write, range(len(shares))))


@dataclass(frozen=True)
class _Paths:
    """Routes by the metre, each array (routes, metres): degrees, and how many jolts lie behind."""

    lon: Array
    lat: Array
    jolts: NDArray[np.int32]
    degrees_per_m: tuple[float, float]


def _paths(town: Town, length_m: float, seed: int) -> _Paths:
    """Random walks through the town; a jolt lies at the same place of a link on every one."""
    rng = np.random.default_rng([seed, 21])
    places = [np.sort(rng.random(rng.poisson(_JOLTS_PER_KM * k.length_m / 1000)) * k.length_m) for k in town.links]
    metres = int(length_m)
    lon, lat = np.empty((2, _ROUTES, metres))
    jolts = np.empty((_ROUTES, metres), dtype=np.int32)
    for r in range(_ROUTES):
        links = walk(town, rng, length_m + 2)
        starts = np.concatenate([[0.0], np.cumsum([town.links[i].length_m for i in links])])
        x, y, _ = lane(town, links, starts)
        lon[r], lat[r] = town.degrees(x[:metres], y[:metres])
        behind = np.concatenate([start + places[i] for start, i in zip(starts, links, strict=False)])
        jolts[r] = np.searchsorted(behind, np.arange(metres))
    origin, one = (town.degrees(np.array([m]), np.array([m])) for m in (0.0, 1.0))
    return _Paths(lon, lat, jolts, (float(one[0][0] - origin[0][0]), float(one[1][0] - origin[1][0])))


def _file(paths: _Paths, trips: NDArray[np.int64], n: int, seed: int, day: date) -> pa.Table:
    """The rows of some trips."""
    rng = np.random.default_rng([seed, 22, day.toordinal(), int(trips[0])])
    count = len(trips)
    route = rng.integers(_ROUTES, size=count)
    speed = rng.uniform(*_SPEED_MPS, count)
    metre = rng.uniform(0, 50, count)[:, None] + speed[:, None] * (np.arange(n) / RATE_HZ)
    whole = metre.astype(np.int64)
    start = np.array([start_of(day, p, t % _TRIPS_PER_VEHICLE) for t, p in zip(trips, rng.random(count), strict=True)])
    row_of = pa.array(np.repeat(np.arange(count, dtype=np.int32), n))
    vehicles = trips // _TRIPS_PER_VEHICLE
    columns = {
        "timestamp": (start[:, None] + np.arange(n) * (1000 // RATE_HZ)).ravel(),
        "trip_id": pa.array([f"T{t:07d}" for t in trips]).take(row_of),
        "vehicle_id": pa.array([f"V{v:06d}" for v in vehicles]).take(row_of),
        **_motion(_vertical(paths.jolts[route[:, None], whole], rng), rng),
        **_gps(paths, route, speed, whole, rng),
    }
    return pa.table([pa.array(columns[f.name], f.type) for f in RAW_SCHEMA], schema=RAW_SCHEMA)


def _vertical(jolts: NDArray[np.int32], rng: np.random.Generator) -> Array:
    """Vertical specific force (trips, samples): gravity, and a dip and a rise where a jolt is passed."""
    over = np.diff(jolts, axis=1) > 0
    size = np.where(over, rng.uniform(0.6, 1.4, over.shape) * _JOLT_MPS2, 0.0)
    vertical = np.full(jolts.shape, GRAVITY_MPS2)
    vertical[:, 1:] -= size
    vertical[:, 2:] += 0.8 * size[:, :-1]
    return vertical


def _motion(vertical: Array, rng: np.random.Generator) -> dict[str, Array]:
    """Accelerations and turn rates of devices that lie as they lie."""
    up = np.stack([random_rotation(rng)[:, 2] for _ in range(len(vertical))])
    columns: dict[str, Array] = {}
    for i, axis in enumerate("xyz"):
        noise = rng.standard_normal(vertical.shape, dtype=np.float32) * np.float32(_NOISE_MPS2)
        columns[f"accel_{axis}"] = (up[:, i : i + 1] * vertical + noise).ravel()
    for axis in "xyz":
        columns[f"gyro_{axis}"] = rng.standard_normal(vertical.size, dtype=np.float32).astype(np.float64)
    return columns


def _gps(
    paths: _Paths, route: NDArray[np.int64], speed: Array, whole: NDArray[np.int64], rng: np.random.Generator
) -> dict[str, Array]:
    """Fixes once a second, repeated; the error is constant in a trip but for half a metre."""
    fixes = whole[:, ::RATE_HZ]
    n = whole.shape[1]

    def held(values: Array) -> Array:
        return np.repeat(values, RATE_HZ, axis=1)[:, :n].ravel()

    def noisy(degrees: Array, per_m: float) -> Array:
        error = rng.normal(0, _GPS_SIGMA_M, (len(route), 1)) + rng.normal(0, 0.5, fixes.shape)
        return held(np.round(degrees[route[:, None], fixes] + error * per_m, 7))

    return {
        "velocity": held(np.round(speed[:, None] * 3.6 + rng.normal(0, 0.3, fixes.shape), 2)),
        "lon": noisy(paths.lon, paths.degrees_per_m[0]),
        "lat": noisy(paths.lat, paths.degrees_per_m[1]),
        "hdop": held(np.round(rng.uniform(0.8, 1.6, fixes.shape), 2)),
        "satellites": held(rng.integers(8, 15, fixes.shape).astype(np.float64)).astype(np.int32),
    }
