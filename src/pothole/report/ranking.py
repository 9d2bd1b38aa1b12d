"""Which pothole to look at first.

Confirmed ones (setting ``stage2.evidence.confirmed``) come before the others; within each group by

    priority = severity x confidence x road_grade / 5        (0..100)

so that a deep hole on a main street comes before the same hole on a lane. A road without a grade counts as grade 3, the
middle of the scale: what is not known shall move nothing up or down. Equal priorities are ordered by pothole_id.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pothole.tables import CONFIRMED, is_confirmed

#: The grade of a road whose grade nobody knows, on the scale of 1..5.
UNKNOWN_GRADE = 3
#: Shown in place of a street's name.
UNNAMED, NO_ROAD = "unnamed road", "no road within reach"

_POINTS = ("N", "NE", "E", "SE", "S", "SW", "W", "NW")


@dataclass(frozen=True)
class Ranked:
    """One row of the ranked list: a pothole candidate, its street, and its rank (1 is the most urgent)."""

    rank: int
    pothole_id: str
    street: str
    road_grade: int | None
    lon: float
    lat: float
    radius_m: float
    heading: float | None
    direction: str
    hit_count: int
    pass_count: int
    vehicle_count: int
    confidence: float
    severity: float
    confirmed: bool
    priority: float
    first_seen: int
    last_seen: int
    link_id: str | None
    s_id: str | None
    offset_m: float | None


def ranked(potholes: pa.Table, segments: pa.Table | None, confirmed: float = CONFIRMED) -> list[Ranked]:
    """The candidates of ``tables.POTHOLES``, most urgent first; names and grades from ``tables.SEGMENTS`` if given.

    ``confirmed`` is the confidence from which a candidate counts as confirmed.
    """
    roads = _roads(potholes, segments)
    rows = [_row(p, *roads.get(p["s_id"], (None, None)), confirmed) for p in potholes.to_pylist()]
    rows.sort(key=lambda r: (not r["confirmed"], -r["priority"], r["pothole_id"]))
    return [Ranked(rank=rank, **row) for rank, row in enumerate(rows, start=1)]


def compass(heading: float | None) -> str:
    """The nearest of the eight compass points to a heading in degrees from north; empty when there is none."""
    return "" if heading is None else _POINTS[round(heading / 45.0) % 8]


def printable(name: str) -> str:
    """A street's name without control characters and line breaks: anybody may have written the file it comes from."""
    return " ".join("".join(c if c.isprintable() else " " for c in name).split())


def _roads(potholes: pa.Table, segments: pa.Table | None) -> dict[str, tuple[str | None, int | None]]:
    """Name and grade of the segments that hold a candidate, by s_id."""
    if segments is None:
        return {}
    held = segments.filter(pc.is_in(segments["s_id"], value_set=potholes["s_id"].combine_chunks().cast(pa.string())))
    return {s["s_id"]: (s.get("road_name"), s.get("road_grade")) for s in held.to_pylist()}


def _row(pothole: dict[str, Any], name: str | None, grade: int | None, confirmed: float) -> dict[str, Any]:
    """A candidate with what the ranking adds, without its rank."""
    on_road = pothole["s_id"] is not None
    weight = pothole["severity"] * pothole["confidence"] * (grade or UNKNOWN_GRADE) / 5.0
    kept = {k: v for k, v in pothole.items() if k in Ranked.__dataclass_fields__}
    return kept | {
        "street": (printable(name or "") or UNNAMED) if on_road else NO_ROAD,
        "road_grade": grade,
        "direction": compass(pothole["heading"]),
        "confirmed": is_confirmed(pothole["confidence"], confirmed),
        "priority": round(weight, 9),
    }
