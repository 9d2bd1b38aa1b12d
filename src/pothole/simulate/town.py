"""Roads to drive on: the rows of a road network as links with geometry, and what follows each."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pothole import ellipsoid
from pothole.errors import BadInputError

Array = NDArray[np.float64]
LANE_OFFSET_M = 1.5
"""The lane's centre lies this far to the right of the link's line."""


@dataclass(frozen=True)
class Link:
    """A directed link: metres east and north of the town's origin at its vertices."""

    link_id: str
    x: Array
    y: Array
    grade: int
    start: int
    end: int

    @cached_property
    def offsets(self) -> Array:
        """Distance along the link at its vertices, metres."""
        return np.concatenate([[0.0], np.cumsum(np.hypot(np.diff(self.x), np.diff(self.y)))])

    @property
    def length_m(self) -> float:
        """From its start to its end."""
        return float(self.offsets[-1])

    def at(self, offset_m: Array, right_m: float = 0.0) -> tuple[Array, Array, Array]:
        """Places ``right_m`` to the right of the line, and headings (radians counter-clockwise from east)."""
        part = np.clip(np.searchsorted(self.offsets, offset_m, side="right") - 1, 0, len(self.x) - 2)
        heading = np.arctan2(np.diff(self.y), np.diff(self.x))[part]
        along, cos, sin = offset_m - self.offsets[part], np.cos(heading), np.sin(heading)
        return self.x[part] + cos * along + sin * right_m, self.y[part] + sin * along - cos * right_m, heading

    def ends(self) -> tuple[float, float]:
        """Headings at its start and at its end, radians counter-clockwise from east."""
        headings = np.arctan2(np.diff(self.y), np.diff(self.x))
        return float(headings[0]), float(headings[-1])


@dataclass(frozen=True)
class Town:
    """Links, what follows each (indices into ``links``), and the projection to degrees."""

    links: tuple[Link, ...]
    successors: tuple[tuple[int, ...], ...]
    lon0: float
    lat0: float

    def degrees(self, x: Array, y: Array) -> tuple[Array, Array]:
        """Longitude and latitude of metric positions."""
        mx, my = metres_per_degree(self.lat0)
        return self.lon0 + x / mx, self.lat0 + y / my


def metres_per_degree(lat: float) -> tuple[float, float]:
    """Length of a degree of longitude and of latitude on WGS84, metres."""
    phi = np.radians(lat)
    return float(ellipsoid.longitude_m(phi, np.cos)), float(ellipsoid.latitude_m(phi, np.cos))


def from_segments(segments: pa.Table, driven_km: float = float("inf")) -> Town:
    """The ``driven_km`` nearest to the middle of a network (``tables.SEGMENTS``) on which one can drive on and on."""
    lon0, lat0 = (float(np.median(segments[c].to_numpy())) for c in ("start_lon", "start_lat"))
    links = _nearest(_links(segments, lon0, lat0), driven_km)
    while links:
        leaving = {link.start for link in links}
        arriving = {link.end for link in links}
        kept = [link for link in links if link.end in leaving and link.start in arriving]
        if len(kept) == len(links):
            return Town(tuple(links), _successors(links), lon0, lat0)
        links = kept
    raise BadInputError(
        "the road network has no circuit to drive on: its links do not meet",
        hint="consecutive links must share their end points exactly; `pothole roads build` makes such a network",
    )


def _links(segments: pa.Table, lon0: float, lat0: float) -> list[Link]:
    rows = segments.sort_by([("link_id", "ascending"), ("seq", "ascending")])
    mx, my = metres_per_degree(lat0)
    ids, grades = np.array(rows["link_id"].to_pylist()), rows["road_grade"].to_pylist()
    first = np.flatnonzero(np.r_[True, ids[1:] != ids[:-1]])
    nodes: dict[tuple[float, float], int] = {}

    def node(lon: float, lat: float) -> int:
        return nodes.setdefault((round(float(lon), 7), round(float(lat), 7)), len(nodes))

    columns = [rows[c].to_numpy() for c in ("start_lon", "start_lat", "end_lon", "end_lat")]
    links = []
    for a, b in zip(first, np.r_[first[1:], len(ids)], strict=True):
        lon, lat = (np.r_[s[a:b], e[b - 1]] for s, e in zip(columns[:2], columns[2:], strict=True))
        x, y = (lon - lon0) * mx, (lat - lat0) * my
        links.append(Link(str(ids[a]), x, y, int(grades[a] or 2), node(lon[0], lat[0]), node(lon[-1], lat[-1])))
    return links


def _nearest(links: list[Link], driven_km: float) -> list[Link]:
    apart = [float(np.hypot(link.x.mean(), link.y.mean())) for link in links]
    chosen, total = [], 0.0
    for i in np.argsort(apart, kind="stable"):
        if total > driven_km * 1000:
            break
        chosen.append(int(i))
        total += links[i].length_m
    return [links[i] for i in sorted(chosen)]


def _successors(links: list[Link]) -> tuple[tuple[int, ...], ...]:
    """What follows each link; turning back only where nothing else does."""
    leaving: dict[int, list[int]] = {}
    for i, link in enumerate(links):
        leaving.setdefault(link.start, []).append(i)
    onward = ([j for j in leaving[link.end] if links[j].end != link.start] for link in links)
    return tuple(tuple(choices or leaving[link.end]) for choices, link in zip(onward, links, strict=True))
