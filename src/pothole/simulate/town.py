"""Roads to drive on: a segments table as links with geometry, and a small made-up town where none is given."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pothole.tables import SEGMENTS

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

    @property
    def offsets(self) -> Array:
        """Distance along the link at its vertices, metres."""
        return np.concatenate([[0.0], np.cumsum(np.hypot(np.diff(self.x), np.diff(self.y)))])

    @property
    def length(self) -> float:
        """Metres."""
        return float(self.offsets[-1])

    def at(self, offset_m: Array, right_m: Array | float = LANE_OFFSET_M) -> tuple[Array, Array]:
        """Positions at offsets along the link, ``right_m`` to the right of its line."""
        offsets = self.offsets
        part = np.clip(np.searchsorted(offsets, offset_m, side="right") - 1, 0, len(self.x) - 2)
        length = np.diff(offsets)[part]
        ux, uy = np.diff(self.x)[part] / length, np.diff(self.y)[part] / length
        along = offset_m - offsets[part]
        return self.x[part] + ux * along + uy * right_m, self.y[part] + uy * along - ux * right_m


@dataclass(frozen=True)
class Town:
    """Links, what follows each, and the projection to degrees."""

    links: tuple[Link, ...]
    successors: tuple[tuple[int, ...], ...]
    lon0: float
    lat0: float
    metres_per_lon: float
    metres_per_lat: float
    segments: pa.Table

    def degrees(self, x: Array, y: Array) -> tuple[Array, Array]:
        """Longitude and latitude of metric positions."""
        return self.lon0 + x / self.metres_per_lon, self.lat0 + y / self.metres_per_lat


def from_segments(segments: pa.Table) -> Town:
    """A town from rows of the road network (``tables.SEGMENTS``)."""
    rows = segments.sort_by([("link_id", "ascending"), ("seq", "ascending")]).to_pydict()
    lon0, lat0 = float(np.mean(rows["start_lon"])), float(np.mean(rows["start_lat"]))
    phi = np.radians(lat0)
    my = 111132.954 - 559.822 * np.cos(2 * phi) + 1.175 * np.cos(4 * phi)
    mx = 111412.84 * np.cos(phi) - 93.5 * np.cos(3 * phi) + 0.118 * np.cos(5 * phi)
    nodes: dict[tuple[float, float], int] = {}
    links: list[Link] = []
    ids = np.array(rows["link_id"])
    starts = np.flatnonzero(np.r_[True, ids[1:] != ids[:-1]])
    for a, b in zip(starts, np.r_[starts[1:], len(ids)], strict=True):
        lon = np.array([*rows["start_lon"][a:b], rows["end_lon"][b - 1]])
        lat = np.array([*rows["start_lat"][a:b], rows["end_lat"][b - 1]])
        ends = [
            nodes.setdefault((round(o, 7), round(t, 7)), len(nodes)) for o, t in ((lon[0], lat[0]), (lon[-1], lat[-1]))
        ]
        grade = rows["road_grade"][a]
        link = Link(str(ids[a]), (lon - lon0) * mx, (lat - lat0) * my, int(grade or 2), *ends)
        links.append(link)
    leaving: dict[int, list[int]] = {}
    for i, link in enumerate(links):
        leaving.setdefault(link.start, []).append(i)
    following = tuple(
        tuple(j for j in leaving.get(link.end, []) if links[j].end != link.start) or tuple(leaving.get(link.end, []))
        for link in links
    )
    return Town(tuple(links), following, lon0, lat0, float(mx), float(my), segments)


def made_up(seed: int = 0, blocks: int = 6, block_m: float = 260.0) -> pa.Table:
    """Segments of a small town: a bent grid of two-way streets, some of them 25 m apart, cut at 50 m at most."""
    rng = np.random.default_rng(seed)
    size = blocks + 1
    grid = np.stack(np.meshgrid(np.arange(size), np.arange(size), indexing="ij"), -1) * block_m
    grid = grid + rng.uniform(-0.15, 0.15, grid.shape) * block_m
    lon0, lat0 = 126.98, 37.56
    my, mx = 110990.0, 88400.0
    rows: dict[str, list[object]] = {name: [] for name in SEGMENTS.names}

    def street(name: str, grade: int, a: Array, b: Array) -> None:
        bend = rng.normal(0, 8.0)
        share = np.linspace(0, 1, max(2, int(np.ceil(np.hypot(*(b - a)) / 45.0)) + 1))
        normal = np.array([-(b - a)[1], (b - a)[0]]) / np.hypot(*(b - a))
        line = a + share[:, None] * (b - a) + np.sin(np.pi * share)[:, None] * normal * bend
        line = np.round(np.stack([lon0 + line[:, 0] / mx, lat0 + line[:, 1] / my], 1), 7)
        for direction, points in (("+", line), ("-", line[::-1])):
            for seq, (p, q) in enumerate(zip(points[:-1], points[1:], strict=True)):
                link = f"{name}{direction}"
                values = (f"{link}:{seq}", link, seq, *p, *q, name.split("/")[0], grade)
                for column, value in zip(SEGMENTS.names, values, strict=True):
                    rows[column].append(value)

    for i in range(size):
        for j in range(size):
            main = 4 if i % 3 == 0 else 2
            if i < blocks:
                street(f"East {j} Road/{i}", 4 if j % 3 == 0 else 2, grid[i, j], grid[i + 1, j])
            if j < blocks:
                street(f"North {i} Road/{j}", main, grid[i, j], grid[i, j + 1])
    types = {"string": pa.string(), "int": pa.int32(), "double": pa.float64()}
    return pa.table({c.name: pa.array(rows[c.name], types[c.type]) for c in SEGMENTS.columns})
