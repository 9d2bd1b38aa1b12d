"""The bundled streets: small, named, and such that a car can drive from everywhere to everywhere."""

from __future__ import annotations

import numpy as np
import pytest

from pothole.errors import UserError
from pothole.roads import ATTRIBUTION, bundled
from pothole.roads.check import lengths_m
from pothole.roads.read import read_segments

Node = tuple[float, float]


def ends() -> list[tuple[Node, Node]]:
    return [
        ((r["start_lon"], r["start_lat"]), (r["end_lon"], r["end_lat"])) for r in read_segments(bundled()).to_pylist()
    ]


def reached(start: Node, edges: list[tuple[Node, Node]]) -> set[Node]:
    following: dict[Node, list[Node]] = {}
    for a, b in edges:
        following.setdefault(a, []).append(b)
    seen, todo = {start}, [start]
    while todo:
        for node in following.get(todo.pop(), []):
            if node not in seen:
                seen.add(node)
                todo.append(node)
    return seen


def test_every_place_is_reached_from_every_other() -> None:
    edges = ends()
    nodes = {node for edge in edges for node in edge}
    start = min(nodes)
    assert reached(start, edges) == nodes
    assert reached(start, [(b, a) for a, b in edges]) == nodes


def test_it_is_small_and_in_helsinki() -> None:
    segments = read_segments(bundled())
    assert bundled().stat().st_size < 600_000
    assert 25 < lengths_m(segments).sum() / 1000 < 30
    assert lengths_m(segments).max() <= 50
    points = np.array([p for edge in ends() for p in edge])
    assert (points.min(axis=0) > (24.92, 60.15)).all() and (points.max(axis=0) < (24.97, 60.19)).all()
    assert "Mannerheimintie" in segments["road_name"].to_pylist()
    assert set(segments["road_grade"].to_pylist()) <= {1, 2, 3, 4, 5}


def test_attribution_is_what_the_licence_asks_for() -> None:
    assert "OpenStreetMap contributors" in ATTRIBUTION and "ODbL" in ATTRIBUTION
    assert "OpenStreetMap contributors" in (bundled().parent / "README.md").read_text(encoding="utf-8")


def test_unknown_name() -> None:
    with pytest.raises(UserError, match="no bundled road network 'rome'") as error:
        bundled("rome")
    assert error.value.hint == "one of: helsinki"
