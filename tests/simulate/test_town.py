from itertools import pairwise

import numpy as np
import pytest

from pothole.errors import BadInputError
from pothole.roads.check import check_segments, lengths_m
from pothole.simulate.grid_town import grid_town
from pothole.simulate.route import lane, walk
from pothole.simulate.town import from_segments

from .roads import LAT0, LON0, segments, straight, there_and_back


def test_the_made_up_town_is_a_valid_road_network() -> None:
    town = grid_town(blocks=4)
    check_segments(town, "made-up town")
    assert lengths_m(town).min() > 20 and lengths_m(town).max() <= 50.0
    rows = town.to_pylist()
    for a, b in pairwise(rows):
        if a["link_id"] == b["link_id"]:
            assert b["seq"] == a["seq"] + 1
            assert (a["end_lon"], a["end_lat"]) == (b["start_lon"], b["start_lat"])
    assert {row["road_grade"] for row in rows} == {1, 2, 4}


def test_both_directions_of_every_street_exist() -> None:
    ends: dict[str, list[tuple[float, float]]] = {}
    for row in grid_town(blocks=3).to_pylist():
        ends.setdefault(row["link_id"], [(row["start_lon"], row["start_lat"])]).append((row["end_lon"], row["end_lat"]))
    assert len(ends) > 20
    assert all(ends[i[:-1] + {"+": "-", "-": "+"}[i[-1]]] == points[::-1] for i, points in ends.items())


def test_places_on_a_link_lie_to_the_right_of_its_direction() -> None:
    town = from_segments(there_and_back(200))
    north = next(link for link in town.links if link.link_id == "north")
    x, y, heading = north.at(np.array([0.0, 75.0]), right_m=1.5)
    lon, lat = town.degrees(x, y)
    assert heading == pytest.approx(np.pi / 2)
    assert (lon - LON0) * 88_400 == pytest.approx(1.5, abs=0.02)
    assert (lat - LAT0) * 110_980 == pytest.approx([0.0, 75.0], abs=0.1)


def test_one_turns_back_only_where_the_road_ends() -> None:
    town = from_segments(segments(
        a=[(0, 0), (0, 50)], a_back=[(0, 50), (0, 0)], b=[(0, 50), (0, 100)], b_back=[(0, 100), (0, 50)],
    ))  # fmt: skip
    follows = {town.links[i].link_id: {town.links[j].link_id for j in n} for i, n in enumerate(town.successors)}
    assert follows == {"a": {"b"}, "b": {"b_back"}, "b_back": {"a_back"}, "a_back": {"a"}}


def test_one_way_streets_that_lead_nowhere_are_left_out() -> None:
    town = from_segments(segments(north=straight(100), south=straight(100)[::-1], trap=[(0, 100), (50, 100)]))
    assert {link.link_id for link in town.links} == {"north", "south"}


def test_links_that_never_meet_are_refused() -> None:
    with pytest.raises(BadInputError, match="no circuit"):
        from_segments(segments(a=[(0, 0), (0, 50)], b=[(100, 0), (100, 50)]))


def test_the_fleet_keeps_to_the_middle_of_a_large_network() -> None:
    table = grid_town(blocks=8)
    part, whole = from_segments(table, driven_km=20.0), from_segments(table)
    assert 18 < sum(link.length_m for link in part.links) / 1000 < 21
    far = [max(np.hypot(link.x, link.y).max() for link in town.links) for town in (part, whole)]
    assert far[0] < 0.7 * far[1]


def test_a_walk_follows_the_network_and_prefers_straight_on() -> None:
    town = from_segments(grid_town())
    rng = np.random.default_rng(4)
    links = walk(town, rng, 60_000)
    assert all(b in town.successors[a] for a, b in pairwise(links))
    turned = [town.links[b].ends()[0] - town.links[a].ends()[1] for a, b in pairwise(links)]
    straight_on = np.abs((np.array(turned) + np.pi) % (2 * np.pi) - np.pi) < 0.6
    assert 0.4 < straight_on.mean() < 0.9


@pytest.mark.parametrize(("end", "turn"), [((50.0, 100.0), -np.pi / 2), ((-50.0, 100.0), np.pi / 2)])
def test_the_lane_turns_a_corner_by_the_short_way(end: tuple[float, float], turn: float) -> None:
    table = segments(up=straight(100), side=[(0, 100), end], back=[end, (0, 100)], down=straight(100)[::-1])
    town = from_segments(table)
    index = {link.link_id: i for i, link in enumerate(town.links)}
    links = [index["up"], index["side"]]
    x, y, heading = lane(town, links, np.array([0.0, 100.0, 150.0]))
    assert heading[-1] - heading[0] == pytest.approx(turn, abs=0.02)
    assert np.abs(np.diff(heading)).max() < 0.2
    assert np.hypot(np.diff(x), np.diff(y)).max() < 1.4
