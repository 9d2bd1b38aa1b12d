"""From road lines to the lake's road network: directed links, cut into stretches of at most 50 m."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pothole.arrow import schema_of
from pothole.roads.lines import RoadLine
from pothole.roads.metric import metres_per_degree
from pothole.tables import SEGMENTS

Array = NDArray[np.float64]
SHAPE_TOLERANCE_M = 0.5
"""A vertex nearer than this to the line between its neighbours is left out (Douglas & Peucker 1973)."""
DECIMALS = 7
"""Of the degrees that are written: 1 cm."""
_ROUNDING_M = 0.02
"""How much longer a stretch can get by rounding its ends."""


def build(lines: Iterable[RoadLine], max_length_m: float = 50.0) -> pa.Table:
    """Rows of ``tables.SEGMENTS``; a two-way line becomes the links ``ID+`` and ``ID-``, a second of an id ``ID~2``."""
    columns: dict[str, list[Any]] = {name: [] for name in SEGMENTS.names}
    seen: dict[str, int] = {}
    for line in lines:
        points = cut(line.vertices, max_length_m)
        for sign, way in (("+", points), ("-", points[::-1])):
            if not (line.forward if sign == "+" else line.backward):
                continue
            name = line.line_id if line.directed else f"{line.line_id}{sign}"
            seen[name] = seen.get(name, 0) + 1
            link = name if seen[name] == 1 else f"{name}~{seen[name]}"
            for seq, (start, end) in enumerate(pairwise(way)):
                row = (f"{link}:{seq}", link, seq, *start, *end, line.name, line.grade)
                for column, value in zip(SEGMENTS.names, row, strict=True):
                    columns[column].append(value)
    return pa.table(columns, schema=schema_of(SEGMENTS))


def cut(vertices: Array, max_length_m: float) -> list[tuple[float, float]]:
    """Points along a line (n, 2), longitude and latitude, so that neighbours are at most ``max_length_m`` apart.

    Each edge is cut into equal parts. The line's ends and its shape (to ``SHAPE_TOLERANCE_M``) stay; neighbours that
    are the same after rounding are one point, so that no stretch has zero length.
    """
    kept = simplify(vertices)
    scale = metres_per_degree(kept[:, 1])
    longest = np.hypot(*(np.diff(kept, axis=0) * np.maximum(scale[:-1], scale[1:])).T)
    counts = np.maximum(1, np.ceil(longest / (max_length_m - _ROUNDING_M))).astype(int)
    points = [kept[0]]
    for start, end, count in zip(kept[:-1], kept[1:], counts.tolist(), strict=True):
        points += [start + (end - start) * (i / count) for i in range(1, count)] + [end]
    rounded = [(round(float(lon), DECIMALS), round(float(lat), DECIMALS)) for lon, lat in points]
    return [rounded[0], *(b for a, b in pairwise(rounded) if a != b)]


def simplify(vertices: Array) -> Array:
    """Vertices (n, 2), degrees, without those within ``SHAPE_TOLERANCE_M`` of the line that remains; the ends stay."""
    metres = (vertices - vertices[0]) * metres_per_degree(vertices[:, 1].mean())
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
