"""Days of a fleet: every trip driven and recorded, written as a lake with its truth beside it."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from pothole.simulate import device as devices
from pothole.simulate import town as towns
from pothole.simulate import vehicle as vehicles
from pothole.simulate.broken import damage
from pothole.simulate.drive import Pass, drive
from pothole.simulate.settings import STANDARD, Setting
from pothole.simulate.world import World, build
from pothole.tables import RAW, SPEED_BUMPS

ZONE = ZoneInfo("Asia/Seoul")
_TYPES = {"string": pa.string(), "int": pa.int32(), "bigint": pa.int64(), "double": pa.float64()}
RAW_SCHEMA = pa.schema([(c.name, _TYPES[c.type]) for c in RAW.columns])


@dataclass(frozen=True)
class Summary:
    """What was written."""

    dates: tuple[str, ...]
    trips: int
    samples: int
    kilometres: float
    potholes: int
    wheel_overs: int


def simulate(
    out: Path,
    *,
    trips: int,
    days: int = 1,
    seed: int = 0,
    start_date: date,
    setting: Setting = STANDARD,
    segments: pa.Table | None = None,
    vehicle_count: int | None = None,
    files: int = 8,
    broken_share: float = 0.002,
    progress: Callable[[str, float], None] = lambda what, share: None,
) -> Summary:
    """Write ``days`` days of ``trips`` trips as a lake at ``out`` and the truth at ``out`` + ``.truth``.

    ``segments`` are rows of the road network (``tables.SEGMENTS``); none: a made-up town. The same arguments give the same bytes of
    data; a trip does not depend on how many others there are.
    """
    table = towns.made_up(seed=1) if segments is None else segments
    world = build(towns.from_segments(table), setting, seed, days)
    _write_layers(out, world, setting)
    fleet = max(2, trips // 8) if vehicle_count is None else vehicle_count
    dates = tuple((start_date + timedelta(days=d)).isoformat() for d in range(days))
    totals = {"samples": 0, "km": 0.0, "overs": 0}
    for day, text in enumerate(dates):
        tables, passes = [], []
        for trip in range(trips):
            progress(f"driving {text}", (day * trips + trip) / (days * trips))
            table, driven, km = _trip(world, setting, seed, day, trip, fleet, start_date + timedelta(days=day))
            tables.append(table)
            passes.append((table, driven))
            totals["km"] += km
        totals["samples"] += _write_raw(out, text, tables, files, broken_share, np.random.default_rng([seed, 5, day]))
        totals["overs"] += _write_truth(out, text, world, day, passes, single=days == 1)
    holes = sum(f.kind == "pothole" for f in world.features)
    return Summary(dates, trips * days, totals["samples"], totals["km"], holes, totals["overs"])


def _trip(
    world: World, setting: Setting, seed: int, day: int, trip: int, fleet: int, when: date
) -> tuple[pa.Table, list[tuple[int, Pass]], float]:
    rng = np.random.default_rng([seed, 1, day, trip])
    number = int(rng.integers(fleet))
    own = np.random.default_rng([seed, 2, number])
    vehicle, device = vehicles.draw(own), devices.draw(setting, own)
    trip_drive = drive(world, vehicle, setting, rng, day)
    motion = vehicles.ride(vehicle, trip_drive.wheels_m)
    samples = devices.record(device, trip_drive, motion, world.town, setting, rng)
    midnight = datetime(when.year, when.month, when.day, tzinfo=ZONE).astimezone(UTC).timestamp()
    start_ms = int(midnight * 1000 + rng.uniform(6, 22.8) * 3_600_000)
    seconds = samples.pop("seconds")
    stamps = start_ms + np.round(seconds * 1000).astype(np.int64)
    n = len(stamps)
    columns: dict[str, Any] = {
        "timestamp": stamps,
        "trip_id": pa.array([f"T{trip:05d}"] * n),
        "vehicle_id": pa.array([f"V{number:04d}"] * n),
        **samples,
        "satellites": samples["satellites"].astype(np.int32),
    }
    arrays = [pa.array(columns[f.name], f.type, from_pandas=f.name.startswith("gyro")) for f in RAW_SCHEMA]
    passes = [(start_ms + round((p.seconds + device.clock_s) * 1000), p) for p in trip_drive.passes]
    return pa.table(arrays, schema=RAW_SCHEMA), passes, float(trip_drive.distance_m[-1]) / 1000.0


def _write_raw(
    out: Path, text: str, tables: list[pa.Table], files: int, broken_share: float, rng: np.random.Generator
) -> int:
    """Trips in several files; one trip lies in two of them, every third file is shuffled, some rows are broken."""
    folder = out / "raw-sensor-data" / f"dt={text}"
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("part-*.parquet"):
        old.unlink()
    groups = [tables[i::files] for i in range(min(files, len(tables)))]
    if len(groups) > 1:
        half = groups[0][0].num_rows // 2
        groups[1] = [groups[0][0].slice(half), *groups[1]]
        groups[0] = [groups[0][0].slice(0, half), *groups[0][1:]]
    total = 0
    for i, group in enumerate(groups):
        table = pa.concat_tables(group)
        if broken_share > 0:
            table = damage(table, broken_share, rng)
            if i % 3 == 2:
                table = table.take(rng.permutation(table.num_rows))
        pq.write_table(table, folder / f"part-{i:04d}.parquet", compression="zstd", row_group_size=250_000)
        total += table.num_rows
    return total


def _write_layers(out: Path, world: World, setting: Setting) -> None:
    """The road network and the known speed bumps."""
    (out / "road-network").mkdir(parents=True, exist_ok=True)
    pa.csv.write_csv(world.town.segments, out / "road-network" / "segments.csv")
    rng = np.random.default_rng([world.seed, 3])
    rows = []
    for feature in world.features:
        if feature.kind == "bump" and rng.random() < setting.known_bump_share:
            (lon,), (lat,), heading = _whereabouts(world, feature)
            rows.append((lon, lat, round(feature.length_m, 2), round(heading, 1), "speed_bump"))
    (out / "speed-bump").mkdir(exist_ok=True)
    _write_csv(out / "speed-bump" / "known.csv", SPEED_BUMPS.names, rows)


def _whereabouts(world: World, feature: Any, right_m: float = 1.5) -> tuple[Any, Any, float]:
    link = world.town.links[feature.link]
    x, y = link.at(np.array([feature.offset_m]), right_m)
    ahead = link.at(np.array([feature.offset_m - 0.5, feature.offset_m + 0.5]), 0.0)
    heading = float(np.degrees(np.arctan2(np.diff(ahead[0])[0], np.diff(ahead[1])[0])) % 360)
    lon, lat = world.town.degrees(x, y)
    return np.round(lon, 7), np.round(lat, 7), heading


def _write_truth(
    out: Path, text: str, world: World, day: int, passes: list[tuple[pa.Table, list[tuple[int, Pass]]]], *, single: bool
) -> int:
    impacts, hits = [], {f.feature_id: 0 for f in world.features}
    for table, driven in passes:
        vehicle, trip = table["vehicle_id"][0].as_py(), table["trip_id"][0].as_py()
        for stamp, over in driven:
            hole = over.feature.kind == "pothole"
            hits[over.feature.feature_id] += 1
            impacts.append(
                (vehicle, trip, stamp, "pothole" if hole else "bump", over.feature.feature_id if hole else "",
                 round(over.speed_mps * 3.6, 2), over.feature.kind)
            )  # fmt: skip
    holes, others = [], []
    for f in world.features:
        if f.height_on(day) == 0.0:
            continue
        (lon,), (lat,), _ = _whereabouts(world, f, 1.5 + (f.lateral_m if f.kind == "pothole" else 0.0))
        place = (world.town.links[f.link].link_id, round(f.offset_m, 2), lon, lat)
        size = (round(abs(f.height_on(day)), 4), round(f.length_m, 2), hits[f.feature_id])
        (holes if f.kind == "pothole" else others).append((f.feature_id, *place, *size, f.kind))
    truth = out.with_name(out.name + ".truth")
    folders = [truth / f"dt={text}", truth] if single else [truth / f"dt={text}"]
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
        place_names = ("link_id", "offset_m", "lon", "lat")
        _write_csv(
            folder / "potholes.csv",
            ("pothole_id", *place_names, "depth_m", "length_m", "hits"),
            [h[:-1] for h in holes],
        )
        _write_csv(
            folder / "structures.csv", ("structure_id", *place_names, "height_m", "length_m", "hits", "kind"), others
        )
        names = ("vehicle_id", "trip_id", "timestamp", "kind", "pothole_id", "velocity", "feature_kind")
        _write_csv(folder / "impacts.csv", names, impacts)
        links = [(link.link_id, c) for link, c in zip(world.town.links, world.classes, strict=True)]
        _write_csv(folder / "roads.csv", ("link_id", "iso_8608_class"), links)
    return sum(1 for row in impacts if row[3] == "pothole")


def _write_csv(path: Path, names: Iterable[str], rows: Iterable[tuple[Any, ...]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(names)
        writer.writerows(rows)
