"""A made-up town for when no road network is given: a bent grid of two-way streets, some of them close side by side."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pothole.arrow import type_of
from pothole.simulate.town import metres_per_degree
from pothole.tables import SEGMENTS

Array = NDArray[np.float64]
_LON0, _LAT0 = 126.98, 37.56
_PART_M = 40.0
_PARALLEL_M = 25.0


def grid_town(seed: int = 1, blocks: int = 6, block_m: float = 260.0) -> pa.Table:
    """Rows of ``tables.SEGMENTS``: ``blocks`` x ``blocks`` blocks around central Seoul, cut at 50 m at most.

    Every third street is a main road (grade 4), and each main road to the east has a side road 25 m beside it.
    """
    rng = np.random.default_rng(seed)
    corners = np.stack(np.meshgrid(np.arange(blocks + 1), np.arange(blocks + 1), indexing="ij"), -1) * block_m
    corners = corners - blocks * block_m / 2 + rng.uniform(-0.15, 0.15, corners.shape) * block_m
    rows: dict[str, list[object]] = {name: [] for name in SEGMENTS.names}
    for i in range(blocks + 1):
        for j in range(blocks + 1):
            here = corners[i, j]
            if i < blocks:
                line = _street(rng, here, corners[i + 1, j])
                _add(rows, f"East {j} Road/{i}", 4 if j % 3 == 0 else 2, line)
                if j % 3 == 0:
                    _add(rows, f"East {j} Side/{i}", 1, _beside(line))
            if j < blocks:
                _add(rows, f"North {i} Road/{j}", 4 if i % 3 == 0 else 2, _street(rng, here, corners[i, j + 1]))
    return pa.table({c.name: pa.array(rows[c.name], type_of(c)) for c in SEGMENTS.columns})


def _street(rng: np.random.Generator, a: Array, b: Array) -> Array:
    """A bent line (n, 2) from ``a`` to ``b``, metres."""
    along = b - a
    length = float(np.hypot(*along))
    share = np.linspace(0, 1, int(np.ceil(length / _PART_M)) + 1)
    normal = np.array([-along[1], along[0]]) / length
    return np.asarray(a + share[:, None] * along + np.sin(np.pi * share)[:, None] * normal * rng.normal(0, 8.0))


def _beside(line: Array) -> Array:
    """A line 25 m to the left that leaves and joins the given one at its ends."""
    along = line[-1] - line[0]
    normal = np.array([-along[1], along[0]]) / np.hypot(*along)
    middle = line[1:-1] + normal * _PARALLEL_M
    return np.concatenate([line[:1], middle, line[-1:]])


def _add(rows: dict[str, list[object]], name: str, grade: int, line: Array) -> None:
    """Both directions of a street as rows of the network."""
    mx, my = metres_per_degree(_LAT0)
    points = np.round(np.stack([_LON0 + line[:, 0] / mx, _LAT0 + line[:, 1] / my], 1), 7)
    for direction, ends in (("+", points), ("-", points[::-1])):
        link = f"{name}{direction}"
        for seq, (p, q) in enumerate(pairwise(ends)):
            row = (f"{link}:{seq}", link, seq, *p.tolist(), *q.tolist(), name.split("/")[0], grade)
            for column, value in zip(SEGMENTS.names, row, strict=True):
                rows[column].append(value)
