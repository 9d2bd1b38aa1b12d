"""The road lines that the map draws: the day's condition by segment on the driven ones, bare lines for the rest.

A street of two directions is one line on paper, so its two segments are drawn once, with the rougher one's roughness
and the passes of both. Coordinates are whole micro-degrees, the first absolute and the others as steps, which keeps the
page small.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from pothole.report.ranking import printable

#: Undriven segments are drawn up to this number, important roads first; driven ones always.
MOST_UNDRIVEN = 20_000
#: How far around the driven ones undriven roads are drawn: a share of the driven area's size, at least these degrees.
_MARGIN, _LEAST_MARGIN_DEG = 0.15, 0.003

Point = tuple[int, int]


@dataclass
class Stretch:
    """One piece of road as it is drawn: both directions together, end points in micro-degrees."""

    line: str
    name: str
    grade: int
    start: Point
    end: Point
    driven: bool = False
    roughness: float | None = None
    passes: int = 0
    impacts: int = 0

    def add(self, condition: dict[str, Any]) -> None:
        """Take in one direction's condition: the rougher one's roughness, the sum of passes and impacts."""
        rough = [r for r in (self.roughness, condition["roughness"]) if r is not None]
        self.roughness = max(rough, default=None)
        self.passes += condition["pass_count"]
        self.impacts += condition["impact_count"]
        self.driven = True


@dataclass
class _Line:
    """Connected stretches of one link."""

    stretches: list[Stretch] = field(default_factory=list)

    def takes(self, other: Stretch) -> bool:
        last = self.stretches[-1]
        return last.line == other.line and last.end == other.start and last.driven == other.driven


def road_lines(condition: pa.Table, segments: pa.Table | None) -> dict[str, Any]:
    """The page's roads: ``names``, and ``driven`` and ``bare`` lines (see ``_encode``); empty without a network."""
    stretches = _stretches(condition, segments) if segments is not None else []
    driven = [s for s in stretches if s.driven]
    kept = driven + _nearby(driven, [s for s in stretches if not s.driven])
    names = sorted({s.name for s in kept})
    index = {name: i for i, name in enumerate(names)}
    lines = [_encode(line.stretches, index) for line in _lines(kept)]
    return {"names": names, "driven": [x for x in lines if len(x) > 3], "bare": [x for x in lines if len(x) == 3]}


def _stretches(condition: pa.Table, segments: pa.Table) -> list[Stretch]:
    """Every segment of the network once, with the condition of those that were driven, in order along the links."""
    conditions = {c["s_id"]: c for c in condition.to_pylist()}
    found: dict[tuple[Point, Point], Stretch] = {}
    for s in segments.sort_by([("link_id", "ascending"), ("seq", "ascending")]).to_pylist():
        start, end = _micro(s["start_lon"], s["start_lat"]), _micro(s["end_lon"], s["end_lat"])
        stretch = found.setdefault(
            (min(start, end), max(start, end)),
            Stretch(s["link_id"], printable(s.get("road_name") or ""), s.get("road_grade") or 0, start, end),
        )
        if s["s_id"] in conditions:
            stretch.add(conditions[s["s_id"]])
    return list(found.values())


def _nearby(driven: list[Stretch], bare: list[Stretch]) -> list[Stretch]:
    """The undriven stretches around the driven ones, the most important if they are too many."""
    if driven:
        lons, lats = zip(*(s.start for s in driven), strict=True)
        pad = max(_MARGIN * max(max(lons) - min(lons), max(lats) - min(lats)), _LEAST_MARGIN_DEG * 1e6)
        west, east, south, north = min(lons) - pad, max(lons) + pad, min(lats) - pad, max(lats) + pad
        bare = [s for s in bare if west <= s.start[0] <= east and south <= s.start[1] <= north]
    return sorted(bare, key=lambda s: -s.grade)[:MOST_UNDRIVEN]


def _lines(stretches: Iterable[Stretch]) -> list[_Line]:
    """Stretches joined to lines where one goes on from the other."""
    lines: list[_Line] = []
    for stretch in stretches:
        if lines and lines[-1].takes(stretch):
            lines[-1].stretches.append(stretch)
        else:
            lines.append(_Line([stretch]))
    return lines


def _encode(stretches: list[Stretch], names: dict[str, int]) -> list[Any]:
    """``[name, grade, steps]``; driven lines go on with lists by stretch: roughness (cm/s2, null), passes, impacts."""
    first = stretches[0]
    steps = list(first.start)
    for s in stretches:
        steps += [s.end[0] - s.start[0], s.end[1] - s.start[1]]
    line: list[Any] = [names[first.name], first.grade, steps]
    if first.driven:
        line.append([None if s.roughness is None else round(s.roughness * 100) for s in stretches])
        line += [[s.passes for s in stretches], [s.impacts for s in stretches]]
    return line


def _micro(lon: float, lat: float) -> Point:
    return round(lon * 1e6), round(lat * 1e6)
