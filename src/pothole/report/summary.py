"""The day in a few figures: what the tiles at the top of the page say."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from pothole import ellipsoid
from pothole.report.ranking import NO_ROAD, UNNAMED, Ranked

WORST_STREETS = 3


@dataclass(frozen=True)
class Street:
    """A street and the candidates on it."""

    name: str
    potholes: int
    priority: float


@dataclass(frozen=True)
class Summary:
    """The day's figures; kilometres are None where no road network tells the segments' lengths."""

    confirmed: int
    candidates: int
    segments_driven: int
    driven_km: float | None
    road_km: float | None
    worst_streets: tuple[Street, ...]


def summarise(rows: list[Ranked], condition: pa.Table, segments: pa.Table | None) -> Summary:
    """Figures of the day: candidates (not confirmed ones), distance over all passes, and the worst streets."""
    confirmed = sum(r.confirmed for r in rows)
    driven_km, road_km = _kilometres(condition, segments)
    return Summary(
        confirmed=confirmed,
        candidates=len(rows) - confirmed,
        segments_driven=condition.num_rows,
        driven_km=driven_km,
        road_km=road_km,
        worst_streets=worst_streets(rows),
    )


def worst_streets(rows: Iterable[Ranked], most: int = WORST_STREETS) -> tuple[Street, ...]:
    """The named streets with the largest sum of priorities over their candidates."""
    by_name: dict[str, list[float]] = defaultdict(list)
    for row in rows:
        if row.street not in (UNNAMED, NO_ROAD):
            by_name[row.street].append(row.priority)
    streets = (Street(name, len(p), round(math.fsum(p), 9)) for name, p in by_name.items())
    return tuple(sorted(streets, key=lambda s: (-s.priority, s.name))[:most])


def length_m(start_lon: float, start_lat: float, end_lon: float, end_lat: float) -> float:
    """Length in metres of a short stretch on the WGS84 ellipsoid."""
    phi = math.radians((start_lat + end_lat) / 2.0)
    north = (end_lat - start_lat) * ellipsoid.latitude_m(phi, math.cos)
    east = (end_lon - start_lon) * ellipsoid.longitude_m(phi, math.cos)
    return math.hypot(north, east)


def _kilometres(condition: pa.Table, segments: pa.Table | None) -> tuple[float | None, float | None]:
    """Kilometres over all passes, and of road with at least one (both directions of a street counted once)."""
    if segments is None or condition.num_rows == 0:
        return None, None
    passes = dict(zip(condition["s_id"].to_pylist(), condition["pass_count"].to_pylist(), strict=True))
    driven = segments.filter(pc.is_in(segments["s_id"], value_set=pa.array(list(passes), pa.string())))
    total_m, roads = 0.0, {}
    for s in driven.to_pylist():
        start, end = (s["start_lon"], s["start_lat"]), (s["end_lon"], s["end_lat"])
        metres = length_m(*start, *end)
        total_m += metres * passes[s["s_id"]]
        roads[frozenset((_rounded(start), _rounded(end)))] = metres
    return total_m / 1000.0, math.fsum(roads.values()) / 1000.0


def _rounded(point: tuple[float, float]) -> tuple[float, float]:
    """A point to a tenth of a metre, so that both directions of a street have the same ends."""
    return round(point[0], 6), round(point[1], 6)
