"""From road lines to the lake's road network: directed links, cut into stretches of at most 50 m."""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pothole.roads.lines import RoadLine
from pothole.roads.read import schema_of
from pothole.tables import SEGMENTS

Array = NDArray[np.float64]
SHAPE_TOLERANCE_M = 0.5
"""A vertex nearer than this to the line between its neighbours is left out (Douglas & Peucker 1973)."""


def build(lines: Iterable[RoadLine], max_length_m: float = 50.0) -> pa.Table:
    """Rows of ``tables.SEGMENTS``; a two-way line becomes the links ``ID+`` and ``ID-``."""
    columns: dict[str, list[Any]] = {name: [] for name in SEGMENTS.names}
    seen: dict[str, int] = {}
    for line in lines:
        for sign, vertices in _directions(line):
            name = line.line_id if line.directed else f"{line.line_id}{sign}"
            seen[name] = seen.get(name, 0) + 1
            link = name if seen[name] == 1 else f"{name}~{seen[name]}"
            for seq, (start, end) in enumerate(pairwise(cut(vertices, max_length_m))):
                row = (f"{link}:{seq}", link, seq, *start, *end, line.name, line.grade)
                for column, value in zip(SEGMENTS.names, row, strict=True):
                    columns[column].append(value)
    return pa.table(columns, schema=schema_of(SEGMENTS))


def _directions(line: RoadLine) -> Iterable[tuple[str, Array]]:
    if line.forward:
        yield "+", line.vertices
    if line.backward:
        yield "-", line.vertices[::-1]


def cut(vertices: Array, max_length_m: float) -> list[tuple[float, float]]:
    """Points along a line (longitude, latitude) so that neighbours are at most ``max_length_m`` apart.

    Its ends and its shape (to ``SHAPE_TOLERANCE_M``) stay; points of zero distance are left out.
    """
    scale = metres_per_degree(float(vertices[:, 1].mean()))
    kept = _simplify(vertices, scale)
    points = [kept[0]]
    for start, end in pairwise(kept):
        parts = max(1, math.ceil(float(np.hypot(*((end - start) * scale))) / max_length_m - 1e-9))
        points += [start + (end - start) * (i / parts) for i in range(1, parts)] + [end]
    rounded = [(round(float(lon), 7), round(float(lat), 7)) for lon, lat in points]
    return [rounded[0], *(b for a, b in pairwise(rounded) if a != b)]


def metres_per_degree(lat: float) -> Array:
    """Length of a degree of longitude and of latitude at a latitude, metres (series of the NGA)."""
    phi = math.radians(lat)
    mx = 111412.84 * math.cos(phi) - 93.5 * math.cos(3 * phi) + 0.118 * math.cos(5 * phi)
    my = 111132.954 - 559.822 * math.cos(2 * phi) + 1.175 * math.cos(4 * phi)
    return np.array([mx, my])


def _simplify(vertices: Array, scale: Array) -> Array:
    """Douglas-Peucker without recursion, on metres."""
    metres = vertices * scale
    keep = np.zeros(len(vertices), dtype=bool)
    keep[[0, -1]] = True
    todo = [(0, len(vertices) - 1)]
    while todo:
        a, b = todo.pop()
        if b - a < 2:
            continue
        distance = _distance(metres[a + 1 : b], metres[a], metres[b])
        worst = int(distance.argmax())
        if distance[worst] > SHAPE_TOLERANCE_M:
            middle = a + 1 + worst
            keep[middle] = True
            todo += [(a, middle), (middle, b)]
    return vertices[keep]


def _distance(points: Array, a: Array, b: Array) -> Array:
    """Distance of points from the stretch between two others."""
    along = b - a
    length = float(along @ along)
    share = np.clip((points - a) @ along / length, 0, 1) if length > 0 else np.zeros(len(points))
    return np.asarray(np.hypot(*(points - a - share[:, None] * along).T))
