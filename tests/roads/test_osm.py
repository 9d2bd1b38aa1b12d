"""OSM: which ways are driven, in which directions, and where they are cut."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pothole.errors import BadInputError, UserError
from pothole.roads.build import build
from pothole.roads.check import check_segments
from pothole.roads.lines import ReadOptions, read_lines
from pothole.roads.osm import directions, is_driven

from .sources import DATA, osm

NODES = {i: (24.9 + 0.002 * (i % 4), 60.1 + 0.001 * (i // 4)) for i in range(12)}


def read(path: Path, **options: object) -> dict[str, object]:
    return {line.line_id: line for line in read_lines(path, ReadOptions(**options))}


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({}, (True, True)),
        ({"oneway": "yes"}, (True, False)),
        ({"oneway": "1"}, (True, False)),
        ({"oneway": "-1"}, (False, True)),
        ({"oneway": "no"}, (True, True)),
        ({"junction": "roundabout"}, (True, False)),
        ({"junction": "roundabout", "oneway": "-1"}, (False, True)),
        ({"highway": "motorway"}, (True, False)),
        ({"highway": "motorway_link"}, (True, False)),
        ({"highway": "motorway", "oneway": "no"}, (True, True)),
        ({"highway": "trunk"}, (True, True)),
    ],
)
def test_directions(tags: dict[str, str], expected: tuple[bool, bool]) -> None:
    assert directions({"highway": "residential", **tags}) == expected


@pytest.mark.parametrize(
    ("tags", "driven"),
    [
        ({"highway": "residential"}, True),
        ({"highway": "footway"}, False),
        ({"highway": "service"}, False),
        ({"highway": "construction"}, False),
        ({"highway": "residential", "access": "private"}, False),
        ({"highway": "residential", "access": "no", "motor_vehicle": "yes"}, True),
        ({"highway": "residential", "motor_vehicle": "no"}, False),
        ({"highway": "residential", "motor_vehicle": "destination"}, True),
        ({"highway": "residential", "area": "yes"}, False),
    ],
)
def test_what_is_driven(tags: dict[str, str], driven: bool) -> None:
    assert is_driven(tags) is driven


def test_ways_are_cut_where_driven_ways_meet(tmp_path: Path) -> None:
    """Way 1 is cut at node 1 (where 2 leaves), not at node 2 (only a footway crosses)."""
    ways = {
        1: ([0, 1, 2, 3], {"highway": "residential", "name": "Katu"}),
        2: ([1, 5], {"highway": "primary", "oneway": "yes"}),
        3: ([2, 6], {"highway": "footway"}),
    }
    lines = read(osm(tmp_path / "t.osm", NODES, ways))
    assert set(lines) == {"1-0", "1-1", "2-0"}
    assert [len(lines[i].vertices) for i in ("1-0", "1-1")] == [2, 3]
    np.testing.assert_array_equal(lines["1-0"].vertices[-1], lines["2-0"].vertices[0])
    assert [lines[i].grade for i in ("1-0", "2-0")] == [2, 4]


def test_a_roundabout_is_cut_at_its_exits(tmp_path: Path) -> None:
    ways = {
        1: ([0, 1, 5, 4, 0], {"highway": "tertiary", "junction": "roundabout"}),
        2: ([5, 6], {"highway": "residential"}),
        3: ([4, 8], {"highway": "residential"}),
    }
    table = build(read_lines(osm(tmp_path / "t.osm", NODES, ways), ReadOptions()))
    check_segments(table, "built")
    assert set(table["link_id"].to_pylist()) == {"1-0+", "1-1+", "1-2+", "2-0+", "2-0-", "3-0+", "3-0-"}


@pytest.mark.parametrize(
    ("tags", "name"),
    [
        ({"name": "가로", "name:en": "Street"}, "가로"),
        ({"name:en": "High &quot;St&quot;"}, 'High "St"'),
        ({"ref": "E18"}, "E18"),
        ({}, None),
    ],
)
def test_names(tmp_path: Path, tags: dict[str, str], name: str | None) -> None:
    lines = read(osm(tmp_path / "t.osm", NODES, {1: ([0, 1], {"highway": "residential", **tags})}))
    assert lines["1-0"].name == name


def test_reverse_oneway_is_driven_against_its_nodes(tmp_path: Path) -> None:
    path = osm(tmp_path / "t.osm", NODES, {1: ([0, 1], {"highway": "primary", "oneway": "-1"})})
    table = build(read_lines(path, ReadOptions()))
    assert set(table["link_id"].to_pylist()) == {"1-0-"}
    assert table["start_lon"][0].as_py() == pytest.approx(NODES[1][0])


def test_ids_of_links_do_not_depend_on_the_box(tmp_path: Path) -> None:
    ways = {1: ([0, 1, 2, 3], {"highway": "residential"}), 2: ([1, 5], {"highway": "residential"})}
    path = osm(tmp_path / "t.osm", NODES, ways)
    assert set(read(path, bbox=(24.9035, 60.0995, 24.907, 60.1005))) == {"1-1"}


def test_a_real_extract() -> None:
    path = DATA / "helsinki.osm.pbf"
    table = build(read_lines(path, ReadOptions()))
    check_segments(table, str(path))
    assert {"Pohjoisesplanadi", "Eteläesplanadi"} <= set(table["road_name"].to_pylist())
    links = set(table["link_id"].to_pylist())
    oneway = [link for link in links if link.endswith("+") and f"{link[:-1]}-" not in links]
    assert 0 < len(oneway) < len(links)


def test_no_driven_road(tmp_path: Path) -> None:
    path = osm(tmp_path / "t.osm", NODES, {1: ([0, 1], {"highway": "footway"})})
    with pytest.raises(BadInputError, match="no road that is driven"):
        read(path)


@pytest.mark.parametrize("keep", [0, 100, 8000])
def test_damaged_extract(tmp_path: Path, keep: int) -> None:
    damaged = tmp_path / "cut.osm.pbf"
    damaged.write_bytes((DATA / "helsinki.osm.pbf").read_bytes()[:keep])
    with pytest.raises(BadInputError, match="cannot read"):
        read(damaged)


def test_box_elsewhere_and_box_reversed() -> None:
    path = DATA / "helsinki.osm.pbf"
    with pytest.raises(BadInputError, match="no road in --bbox") as elsewhere:
        read(path, bbox=(126.0, 37.0, 127.0, 38.0))
    assert "west,south,east,north" in str(elsewhere.value.hint)
    with pytest.raises(BadInputError) as swapped:
        read(path, bbox=(60.16, 24.93, 60.18, 24.96))
    assert "reversed" in str(swapped.value.hint)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there is no file"):
        read(tmp_path / "none.osm.pbf")
