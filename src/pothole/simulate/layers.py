"""Where things lie in a simulated lake and beside it, and the files that do not hold samples."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv

from pothole.errors import UserError
from pothole.roads.check import check_segments
from pothole.roads.read import read_segments
from pothole.simulate.features import Feature
from pothole.simulate.grid_town import grid_town
from pothole.simulate.town import LANE_OFFSET_M
from pothole.simulate.world import ISO_8608_GD_M3, STEP_M, World, iri_m_per_km
from pothole.tables import RAW, SEGMENTS, SPEED_BUMPS

_MARK = "simulation.json"
_PLACE = ("link_id", "offset_m", "lon", "lat")


@dataclass(frozen=True)
class Over:
    """A wheel-over as the truth tells it; the time is in the device's clock."""

    vehicle_id: str
    trip_id: str
    timestamp_ms: int
    feature: Feature
    velocity_kmh: float

    @property
    def row(self) -> tuple[Any, ...]:
        """A row of impacts.csv."""
        hole = self.feature.kind == "pothole"
        what = ("pothole", self.feature.feature_id) if hole else ("bump", "")
        return (
            self.vehicle_id,
            self.trip_id,
            self.timestamp_ms,
            *what,
            self.velocity_kmh,
            self.feature.kind,
            self.feature.feature_id,
        )


def truth_folder(lake: Path) -> Path:
    """The truth's folder beside a lake."""
    return lake.absolute().with_name(lake.absolute().name + ".truth")


def raw_folder(lake: Path, date: str) -> Path:
    """A day's samples; made, and emptied of an earlier simulation's files."""
    folder = lake / RAW.name / f"dt={date}"
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("part-*.parquet"):
        old.unlink()
    return folder


def claim(lake: Path, arguments: dict[str, Any]) -> None:
    """Mark a folder as a simulated lake; UserError when it is in the way or holds data of another kind."""
    if lake.exists() and not lake.is_dir():
        raise UserError(f"{lake} is a file, expected a folder for the lake", hint="choose another --out")
    if (lake / RAW.name).exists() and not (lake / _MARK).exists():
        raise UserError(
            f"{lake} holds samples that were not simulated; they would be overwritten", hint="choose another --out"
        )
    lake.mkdir(parents=True, exist_ok=True)
    (lake / _MARK).write_text(json.dumps(arguments, indent=1, default=str) + "\n", encoding="utf-8")


def read_network(roads: Path | None, blocks: int = 6) -> pa.Table:
    """The rows of a road network, checked; without one those of a made-up town."""
    if roads is None:
        return grid_town(blocks=blocks)
    if not roads.is_file():
        raise UserError(f"there is no road network {roads}", hint="check --roads")
    segments = read_segments(str(roads), str(roads))
    check_segments(segments, str(roads))
    return segments


def write_network(lake: Path, segments: pa.Table) -> None:
    """The road network, whole."""
    folder = lake / SEGMENTS.name
    folder.mkdir(parents=True, exist_ok=True)
    pa.csv.write_csv(segments, folder / "segments.csv")


def write_known_bumps(lake: Path, world: World) -> None:
    """The layer of the speed bumps that somebody has mapped."""
    folder = lake / SPEED_BUMPS.name
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for feature in world.features:
        if feature.known:
            lon, lat, heading = whereabouts(world, feature)
            rows.append((lon, lat, round(feature.length_m, 2), round(heading, 1), feature.kind))
    write_csv(folder / "known.csv", SPEED_BUMPS.names, rows)


def whereabouts(world: World, feature: Feature) -> tuple[float, float, float]:
    """Longitude and latitude in the lane that is driven, and the heading in degrees clockwise from north."""
    link = world.town.links[feature.link]
    x, y, heading = link.at(np.array([feature.offset_m]), LANE_OFFSET_M + feature.lateral_m)
    (lon,), (lat,) = world.town.degrees(x, y)
    return round(float(lon), 7), round(float(lat), 7), float(90 - np.degrees(heading[0])) % 360


def write_truth(lake: Path, date: str, world: World, day: int, overs: list[Over], *, also_flat: bool) -> None:
    """``dt=DATE/`` with potholes.csv, impacts.csv, bumps.csv, roads.csv; the same outside of it where asked for."""
    hits: dict[str, int] = {}
    for over in overs:
        hits[over.feature.feature_id] = hits.get(over.feature.feature_id, 0) + 1
    holes: list[tuple[Any, ...]] = []
    others: list[tuple[Any, ...]] = []
    for f in world.features:
        if f.height_on(day) != 0.0:
            lon, lat, _ = whereabouts(world, f)
            place = (f.feature_id, world.town.links[f.link].link_id, round(f.offset_m, 2), lon, lat)
            size = (round(abs(f.height_on(day)), 4), round(f.length_m, 2), hits.get(f.feature_id, 0))
            (holes if f.kind == "pothole" else others).append((*place, *size, f.kind, int(f.known)))
    roads = [(k.link_id, c, ISO_8608_GD_M3[c]) for k, c in zip(world.town.links, world.classes, strict=True)]
    truth = truth_folder(lake)
    for folder in [truth / f"dt={date}", truth] if also_flat else [truth / f"dt={date}"]:
        folder.mkdir(parents=True, exist_ok=True)
        rows = [hole[:-2] for hole in holes]
        write_csv(folder / "potholes.csv", ("pothole_id", *_PLACE, "depth_m", "length_m", "hits"), rows)
        names: tuple[str, ...] = ("structure_id", *_PLACE, "height_m", "length_m", "hits", "kind", "known")
        write_csv(folder / "bumps.csv", names, others)
        names = ("vehicle_id", "trip_id", "timestamp", "kind", "pothole_id", "velocity", "feature_kind", "feature_id")
        write_csv(folder / "impacts.csv", names, [over.row for over in overs])
        write_csv(folder / "roads.csv", ("link_id", "iso_8608_class", "gd_m3"), roads)


def write_roughness(lake: Path, world: World, segments: pa.Table) -> None:
    """``segments.csv`` of the truth: the International Roughness Index of every segment that the fleet may drive."""
    wanted = segments.sort_by([("link_id", "ascending"), ("seq", "ascending")])
    parts: dict[str, list[str]] = {}
    for link_id, s_id in zip(wanted["link_id"].to_pylist(), wanted["s_id"].to_pylist(), strict=True):
        parts.setdefault(link_id, []).append(s_id)
    rows = []
    for index, link in enumerate(world.town.links):
        profile = iri_m_per_km(world.slopes(index))
        ends = np.minimum(np.round(link.offsets / STEP_M).astype(int), len(profile))
        for s_id, (a, b) in zip(parts[link.link_id], pairwise(ends), strict=True):
            rows.append((s_id, round(float(profile[a : max(a + 1, b)].mean()), 4)))
    truth = truth_folder(lake)
    truth.mkdir(parents=True, exist_ok=True)
    write_csv(truth / "segments.csv", ("s_id", "iri_m_per_km"), rows)


def write_csv(path: Path, names: Iterable[str], rows: Iterable[tuple[Any, ...]]) -> None:
    """A CSV file with a header."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(names)
        writer.writerows(rows)
