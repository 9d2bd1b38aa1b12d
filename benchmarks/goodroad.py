"""Roads without a pothole: what is reported there, and how much rougher the bad ones are."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.detectors.trip import Array
from benchmarks.score import run_day
from benchmarks.staged import AS_SHIPPED, METRES_PER_DEGREE, judged
from pothole.engines import Engine
from pothole.lake import open_lake
from pothole.stages.settings import Stage1Settings
from pothole.tables import POTHOLES, RAW


@dataclass(frozen=True)
class Alarms:
    """Potholes that Stage 1 reports on some road, and the road's length."""

    reported: int
    km: float
    impacts: int
    """Of which the reported ones are called potholes."""

    @property
    def per_km(self) -> float:
        """False alarms a km, where the road is a good one."""
        return self.reported / self.km


def gyor(folder: Path) -> pa.Table:
    """Győr's rows; hdop 1 and 10 satellites everywhere, turn rates from the rad/s in which they are stored."""
    samples = pq.read_table(folder / "samples.parquet")
    constants = {"hdop": np.ones(samples.num_rows), "satellites": np.full(samples.num_rows, 10, np.int32)}
    turned = {f"gyro_{x}": np.degrees(samples[f"gyro_{x}"].to_numpy()) for x in "xyz"}
    return pa.table({name: (constants | turned).get(name, samples[name]) for name in samples.column_names})


def alarms(
    raw: pa.Table, names: Sequence[str], settings: Stage1Settings = AS_SHIPPED, running: Engine | None = None
) -> list[Alarms]:
    """As shipped (or with other settings), on trips whose name holds each of ``names``."""
    found = judged(raw, settings, running, placed=True)
    holes = np.array(found["is_pothole"].to_pylist(), bool)
    of = np.array(found["trip_id"].to_pylist(), str)

    def on(name: str) -> Alarms:
        there = np.char.find(of, name) >= 0
        return Alarms(int((holes & there).sum()), length_km(raw, name), int(there.sum()))

    return [on(name) for name in names]


def places(raw: pa.Table, name: str) -> Array:
    """Confidences of the potholes that the whole pipeline tells on trips whose name holds ``name``, day by day.

    What the officer sees: Stage 2 wants two passes with an impact. Without a road network, days by UTC.
    """
    mine = raw.filter(np.char.find(np.array(raw["trip_id"].to_pylist()), name) >= 0)
    day = mine["timestamp"].to_numpy().astype("datetime64[ms]").astype("datetime64[D]")
    found = [np.zeros(0)]
    with tempfile.TemporaryDirectory(prefix="pothole-roads-") as folder:
        lake = Path(folder) / "lake"
        for one in np.unique(day):
            partition = lake / RAW.name / f"dt={one}"
            partition.mkdir(parents=True)
            pq.write_table(mine.filter(day == one), partition / "samples.parquet")
            run_day(lake, str(one), POTHOLE__TIMEZONE="UTC")
            found.append(open_lake(str(lake)).read_table(POTHOLES.name, str(one))["confidence"].to_numpy())
    return np.concatenate(found)


def passed_again(raw: pa.Table, name: str) -> float:
    """Share of the way, on trips whose name holds ``name``, that was driven again in the same direction.

    Within 20 m and 45 degrees, a minute or more apart: only there can two passes tell a pothole.
    """
    trip = np.array(raw["trip_id"].to_pylist())
    seconds, east_per_degree = [], METRES_PER_DEGREE * np.cos(np.radians(np.nanmean(raw["lat"].to_numpy())))
    for one in np.unique(trip[np.char.find(trip, name) >= 0]):
        time, lat, lon, speed = (raw[c].to_numpy()[trip == one] for c in ("timestamp", "lat", "lon", "velocity"))
        _, first = np.unique(time // 1000, return_index=True)
        if len(first) > 1:
            north, east = lat[first] * METRES_PER_DEGREE, lon[first] * east_per_degree
            course = np.arctan2(np.gradient(east), np.gradient(north))
            seconds.append(np.stack([time[first] / 1000.0, east, north, course, speed[first]]))
    at_s, east, north, course, speed = np.concatenate(seconds, axis=1)
    near = np.hypot(east[:, None] - east, north[:, None] - north) <= 20.0
    along = np.cos(course[:, None] - course) >= np.cos(np.pi / 4)
    again = (near & along & (np.abs(at_s[:, None] - at_s) >= 60.0)).any(axis=1)
    return float((again * speed).sum() / speed.sum())


def roughness(raw: pa.Table, name: str) -> float:
    """Median over moving seconds (over 15 km/h) of the RMS of what acceleration does within a second, m/s2."""
    trip, second = np.array(raw["trip_id"].to_pylist()), raw["timestamp"].to_numpy() // 1000
    wanted = (np.char.find(trip, name) >= 0) & (raw["velocity"].to_numpy() > 15.0)
    _, at = np.unique(
        np.stack([np.unique(trip, return_inverse=True)[1], second])[:, wanted], axis=1, return_inverse=True
    )
    count = np.bincount(at)
    variance = np.zeros(len(count))
    for x in "xyz":
        value = raw[f"accel_{x}"].to_numpy()[wanted]
        mean = np.bincount(at, value) / count
        variance += np.bincount(at, (value - mean[at]) ** 2) / count
    return float(np.median(np.sqrt(variance)))


def length_km(raw: pa.Table, name: str) -> float:
    """Length of the trips whose name holds ``name``: speed by time, gaps of over two seconds left out."""
    trip = np.array(raw["trip_id"].to_pylist())
    total = 0.0
    for one in np.unique(trip[np.char.find(trip, name) >= 0]):
        order = np.argsort(raw["timestamp"].to_numpy()[trip == one])
        time_ms: Array = raw["timestamp"].to_numpy()[trip == one][order]
        hours = np.diff(time_ms, append=time_ms[-1:]) / 3.6e6
        total += float(
            np.nansum(raw["velocity"].to_numpy()[trip == one][order] * np.where(hours <= 2 / 3600, hours, 0))
        )
    return total
