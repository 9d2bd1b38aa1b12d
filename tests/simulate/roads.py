"""Small road networks for the simulator's tests."""

from itertools import pairwise

import pyarrow as pa

from pothole.simulate.town import metres_per_degree
from pothole.tables import SEGMENTS

LON0, LAT0 = 127.0, 37.5


def segments(**links: list[tuple[float, float]]) -> pa.Table:
    """Rows of the road network from links given as points in metres east and north; the road grade is 3."""
    mx, my = metres_per_degree(LAT0)
    rows: dict[str, list[object]] = {name: [] for name in SEGMENTS.names}
    for link, points in links.items():
        degrees = [(round(LON0 + x / mx, 7), round(LAT0 + y / my, 7)) for x, y in points]
        for seq, (a, b) in enumerate(pairwise(degrees)):
            for name, value in zip(SEGMENTS.names, (f"{link}:{seq}", link, seq, *a, *b, link, 3), strict=True):
                rows[name].append(value)
    return pa.table(rows)


def straight(length_m: float) -> list[tuple[float, float]]:
    """A line to the north."""
    return [(0.0, float(y)) for y in range(0, int(length_m) + 1, 50)]


def there_and_back(length_m: float = 1000.0) -> pa.Table:
    """One two-way street."""
    return segments(north=straight(length_m), south=straight(length_m)[::-1])
