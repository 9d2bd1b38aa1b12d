"""A made-up day: curved streets with names and grades, their condition, and potholes; for tests and to look at."""

from __future__ import annotations

import itertools
import math
import random
from typing import Any

import pyarrow as pa

from pothole.tables import CONDITION, POTHOLES, SEGMENTS, Table

DATE = "2026-02-12"
MIDNIGHT_SEOUL_MS = 1_770_822_000_000
CENTRE_LON, CENTRE_LAT = 126.978, 37.566
_TYPES = {"bigint": pa.int64(), "int": pa.int32(), "double": pa.float64(), "string": pa.string()}
_NAMES = (
    "세종대로",
    "Harbour Road",
    "을지로",
    "Mill Lane",
    "Bishop's Way",
    "남대문로",
    "Old Market Street",
    "Juniper Avenue",
    "청계천로",
)


def table(kind: Table, rows: list[dict[str, Any]]) -> pa.Table:
    """Rows as a table with that dataset's columns; columns that a row lacks are null."""
    schema = pa.schema([(c.name, _TYPES[c.type]) for c in kind.columns])
    return pa.Table.from_pylist([{n: row.get(n) for n in kind.names} for row in rows], schema=schema)


def segment(s_id: str = "a+:0", **changes: Any) -> dict[str, Any]:
    """One stretch of about 44 m to the east."""
    link, seq = s_id.rsplit(":", 1)
    place = {"start_lon": 126.97, "start_lat": 37.56, "end_lon": 126.9705, "end_lat": 37.56}
    return {"s_id": s_id, "link_id": link, "seq": int(seq), "road_name": "Mill Lane", "road_grade": 3} | place | changes


def pothole(pothole_id: str = "p1", **changes: Any) -> dict[str, Any]:
    """One confirmed candidate on ``segment()``."""
    row = {"pothole_id": pothole_id, "date": DATE, "link_id": "a+", "s_id": "a+:0", "offset_m": 20.0, "heading": 90.0}
    row |= {"lon": 126.9702, "lat": 37.56, "radius_m": 3.0, "hit_count": 5, "pass_count": 8, "vehicle_count": 4}
    row |= {
        "confidence": 0.98,
        "severity": 60.0,
        "first_seen": MIDNIGHT_SEOUL_MS,
        "last_seen": MIDNIGHT_SEOUL_MS + 3_600_000,
    }
    return row | changes


def condition(s_id: str = "a+:0", **changes: Any) -> dict[str, Any]:
    """The condition of ``segment()`` after eight passes."""
    row = {
        "s_id": s_id,
        "date": DATE,
        "centroid_lon": 126.97025,
        "centroid_lat": 37.56,
        "pass_count": 8,
        "impact_count": 5,
    }
    return row | {"total_count": 900, "roughness": 0.5} | changes


def day(streets: int = 18, holes: int = 60, seed: int = 1) -> tuple[pa.Table, pa.Table, pa.Table]:
    """Potholes, condition and segments of a small town of curved two-way streets."""
    rng = random.Random(seed)
    roads = [s for i in range(streets) for s in _street(i, streets, rng)]
    driven = [s for s in roads if int(s["link_id"][1:-1]) % 6 != 5]
    conditions = [_driven(s, rng) for s in driven]
    potholes = [_hole(i, rng.choice(driven), rng) for i in range(holes)]
    return table(POTHOLES, potholes), table(CONDITION, conditions), table(SEGMENTS, roads)


def _street(i: int, streets: int, rng: random.Random) -> list[dict[str, Any]]:
    """A gentle curve across the town in both directions, cut every 45 m or so."""
    along_east, place = i % 2 == 0, (i // 2 - streets / 4) * 0.0032
    grade, name = rng.choice((1, 2, 3, 3, 5)), _NAMES[i % len(_NAMES)] if i % 7 != 6 else None
    swing, phase = rng.uniform(0.0004, 0.0013), rng.uniform(0, 6)
    points = []
    for k in range(46):
        t, bend = (k - 23) * 0.0005, swing * math.sin(phase + k / 9)
        lon, lat = (t, place + bend * 0.8) if along_east else (place + bend, t * 0.8)
        points.append((CENTRE_LON + lon * 1.1, CENTRE_LAT + lat))
    shared = {"road_name": name, "road_grade": grade}
    return _link(f"w{i}+", points, shared) + _link(f"w{i}-", points[::-1], shared)


def _link(link_id: str, points: list[tuple[float, float]], shared: dict[str, Any]) -> list[dict[str, Any]]:
    pairs = enumerate(itertools.pairwise(points))
    return [
        segment(f"{link_id}:{k}", start_lon=a[0], start_lat=a[1], end_lon=b[0], end_lat=b[1], **shared)
        for k, (a, b) in pairs
    ]


def _driven(s: dict[str, Any], rng: random.Random) -> dict[str, Any]:
    street = int(s["link_id"][1:-1])
    rough = 0.22 + 0.09 * (street % 5) + 0.5 * max(0.0, math.sin(s["seq"] / 6 + street)) ** 3 * rng.uniform(0.5, 1.8)
    middle = {"centroid_lon": (s["start_lon"] + s["end_lon"]) / 2, "centroid_lat": (s["start_lat"] + s["end_lat"]) / 2}
    return condition(
        s["s_id"], roughness=rough, pass_count=rng.randint(1, 60), impact_count=rng.randint(0, 4), **middle
    )


def _hole(i: int, s: dict[str, Any], rng: random.Random) -> dict[str, Any]:
    passes = rng.randint(3, 40)
    hits = rng.randint(2, passes)
    first = MIDNIGHT_SEOUL_MS + rng.randint(6, 14) * 3_600_000 + rng.randint(0, 3_600_000)
    east, north = s["end_lon"] - s["start_lon"], s["end_lat"] - s["start_lat"]
    return pothole(
        f"{i:016x}",
        link_id=s["link_id"],
        s_id=s["s_id"] if i % 20 else None,
        lon=s["start_lon"] + east / 2,
        lat=s["start_lat"] + north / 2,
        heading=math.degrees(math.atan2(east * 0.79, north)) % 360,
        radius_m=rng.uniform(2, 9),
        hit_count=hits,
        pass_count=passes,
        vehicle_count=rng.randint(2, hits),
        confidence=1 - rng.random() ** 3,
        severity=min(100.0, 4 + rng.expovariate(1 / 35)),
        first_seen=first,
        last_seen=first + rng.randint(0, 8 * 3_600_000),
    )
