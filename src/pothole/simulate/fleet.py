"""Days of a fleet: every trip driven and recorded, written as a lake with its truth beside it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pothole.arrow import schema_of
from pothole.simulate import device as devices
from pothole.simulate import layers
from pothole.simulate import vehicle as vehicles
from pothole.simulate.broken import damage
from pothole.simulate.drive import drive
from pothole.simulate.layers import Over
from pothole.simulate.settings import STANDARD, Setting
from pothole.simulate.town import from_segments
from pothole.simulate.world import World, build
from pothole.tables import RAW

ZONE = ZoneInfo("Asia/Seoul")
RAW_SCHEMA = schema_of(RAW)
ROW_GROUP = 250_000
_FIRST_HOUR, _HOURS = 6.0, 16.8
"""Trips start from 06:00 to 22:48 and end before 23:00."""
_TRIPS_PER_VEHICLE = 8
_SPLIT_EVERY = 20
_SHUFFLE_EVERY = 3

Progress = Callable[[str, float], None]
"""Called with what is being done and the share that is done, 0..1."""


@dataclass(frozen=True)
class Summary:
    """What was written."""

    dates: tuple[str, ...]
    trips: int
    samples: int
    kilometres: float
    potholes: int
    """That were there on at least one of the days."""
    wheel_overs: int
    """Of potholes."""


@dataclass(frozen=True)
class Fleet:
    """Everything a trip depends on besides its day and number."""

    world: World
    setting: Setting
    seed: int
    vehicle_count: int | None

    def vehicle_of(self, trip: int) -> tuple[int, int]:
        """The number of the vehicle that makes a trip, and how many it has made before on that day."""
        if self.vehicle_count is None:
            return divmod(trip, _TRIPS_PER_VEHICLE)
        before, number = divmod(trip, self.vehicle_count)
        return number, before


def simulate(  # noqa: PLR0913 -- all by name, as the command has them
    out: Path,
    *,
    trips: int,
    days: int = 1,
    seed: int = 0,
    start_date: date,
    setting: Setting = STANDARD,
    roads: Path | None = None,
    vehicle_count: int | None = None,
    files: int = 8,
    broken_share: float = 0.002,
    progress: Progress = lambda _what, _share: None,
) -> Summary:
    """Write ``days`` days of ``trips`` trips as a lake at ``out`` and the truth at ``out`` + ``.truth``.

    ``roads`` is a road network (``tables.SEGMENTS`` as CSV or Parquet); none: a made-up town. A vehicle makes eight
    trips a day unless ``vehicle_count`` is given. The same arguments give the same data, and a trip does not depend on
    how many others there are. Raises UserError for a folder that holds other data, BadInputError for a road network
    that cannot be used.
    """
    layers.claim(
        out, {"trips": trips, "days": days, "seed": seed, "start_date": start_date, "setting": asdict(setting)}
    )
    segments = layers.read_network(roads)
    fleet = Fleet(build(from_segments(segments, setting.driven_km), setting, seed), setting, seed, vehicle_count)
    layers.write_network(out, segments)
    layers.write_known_bumps(out, fleet.world)
    layers.write_roughness(out, fleet.world, segments)
    dates = tuple((start_date + timedelta(days=d)).isoformat() for d in range(days))
    samples, metres, wheel_overs = 0, 0.0, 0
    for day, text in enumerate(dates):
        tables, overs = [], []
        for trip in range(trips):
            progress(f"driving {text}", (day * trips + trip) / (days * trips))
            made = _trip(fleet, day, trip, start_date + timedelta(days=day))
            tables.append(made.samples)
            overs += made.overs
            metres += made.metres
        samples += _write_raw(layers.raw_folder(out, text), tables, files, broken_share, [seed, 5, day])
        layers.write_truth(out, text, fleet.world, day, overs, also_flat=days == 1)
        wheel_overs += sum(o.feature.kind == "pothole" for o in overs)
    there = [f for f in fleet.world.features if f.kind == "pothole" and any(f.height_on(d) for d in range(days))]
    return Summary(dates, trips * days, samples, metres / 1000, len(there), wheel_overs)


@dataclass(frozen=True)
class _Trip:
    samples: pa.Table
    overs: list[Over]
    metres: float


def _trip(fleet: Fleet, day: int, trip: int, when: date) -> _Trip:
    number, before = fleet.vehicle_of(trip)
    own = np.random.default_rng([fleet.seed, 2, number])
    vehicle, device, phase = vehicles.draw(own), devices.draw(fleet.setting, own), own.random()
    rng = np.random.default_rng([fleet.seed, 1, day, trip])
    driven = drive(fleet.world, vehicle, fleet.setting, rng, day)
    motion = vehicles.ride(vehicle, driven.wheels_m, driven.pushes_mps2)
    samples = devices.record(device, driven, motion, fleet.world.town, fleet.setting, rng)
    ids = {"trip_id": f"T{trip:05d}", "vehicle_id": f"V{number:04d}"}
    start_ms = start_of(when, phase, before)
    overs = [
        Over(
            **ids,
            timestamp_ms=start_ms + round((p.seconds + device.clock_offset_s) * 1000),
            feature=p.feature,
            velocity_kmh=round(p.speed_mps * 3.6, 2),
        )
        for p in driven.passes
    ]
    return _Trip(_raw_table(samples, start_ms, ids), overs, float(driven.distance_m[-1]))


def start_of(when: date, phase: float, before: int) -> int:
    """When a vehicle starts its next trip, UTC epoch ms: spread by the golden ratio, so that none overlap."""
    hour = _FIRST_HOUR + _HOURS * ((phase + before * 0.6180339887) % 1.0)
    midnight = datetime(when.year, when.month, when.day, tzinfo=ZONE).timestamp()
    return round((midnight + 3600 * hour) * 1000)


def _raw_table(samples: dict[str, Any], start_ms: int, ids: dict[str, str]) -> pa.Table:
    """Samples of one trip as rows of ``tables.RAW``; NaN turn rates become nulls."""
    count = len(samples["seconds"])
    columns = {name: pa.repeat(pa.scalar(text), count) for name, text in ids.items()}
    columns["timestamp"] = pa.array(start_ms + np.round(samples["seconds"] * 1000).astype(np.int64))
    columns |= {f.name: pa.array(samples[f.name], from_pandas=True) for f in RAW_SCHEMA if f.name in samples}
    return pa.table([columns[f.name].cast(f.type) for f in RAW_SCHEMA], schema=RAW_SCHEMA)


def _write_raw(folder: Path, trips: list[pa.Table], files: int, broken_share: float, seeds: list[int]) -> int:
    """Trips dealt to files, some of them to two; every third file is shuffled, some rows are broken. Rows written."""
    rng = np.random.default_rng(seeds)
    files = min(files, len(trips))
    groups: list[list[pa.Table]] = [[] for _ in range(files)]
    for i, table in enumerate(trips):
        cut = table.num_rows // 2 if i % _SPLIT_EVERY == 0 else table.num_rows
        groups[i % files].append(table.slice(0, cut))
        groups[(i + 1) % files].append(table.slice(cut))
    total = 0
    for i, group in enumerate(groups):
        table = damage(pa.concat_tables(group), broken_share, rng)
        if i % _SHUFFLE_EVERY == _SHUFFLE_EVERY - 1:
            table = table.take(rng.permutation(table.num_rows))
        pq.write_table(table, folder / f"part-{i:04d}.parquet", compression="zstd", row_group_size=ROW_GROUP)
        total += table.num_rows
    return total
