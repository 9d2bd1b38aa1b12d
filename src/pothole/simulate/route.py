"""Where a trip goes: links one after the other, the line of the lane, and how fast one drives along it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pothole.simulate.features import Feature
from pothole.simulate.smoothing import smooth
from pothole.simulate.town import LANE_OFFSET_M, Town
from pothole.simulate.world import World

Array = NDArray[np.float64]
_TURN_SMOOTHING_M = 9
_STRAIGHT_ON_RAD = 0.9
"""A turn by this angle is chosen 1/e as often as straight on."""
GRADE_KMH = {1: 30, 2: 38, 3: 48, 4: 55, 5: 75}
"""Speed wished for on a road of each grade."""


@dataclass(frozen=True)
class Route:
    """Links in order, where each starts along the route (and where the last ends), and every metre's place."""

    links: tuple[int, ...]
    starts_m: Array
    x_m: Array
    y_m: Array
    heading_rad: Array
    """Counter-clockwise from east, without jumps."""
    features: tuple[tuple[float, Feature], ...]
    """Distance along the route and what lies there on the day."""

    @property
    def length_m(self) -> float:
        """From its start to its end."""
        return float(self.starts_m[-1])


def draw(world: World, rng: np.random.Generator, day: int, length_m: float) -> Route:
    """A random walk of at least this length, mostly straight on, in the lane on the right."""
    links = walk(world.town, rng, length_m)
    starts = np.concatenate([[0.0], np.cumsum([world.town.links[i].length_m for i in links])])
    x, y, heading = lane(world.town, links, starts)
    features = [
        (float(start + f.offset_m), f)
        for start, i in zip(starts, links, strict=False)
        for f in world.on_link.get(i, ())
        if f.height_on(day) != 0.0
    ]
    return Route(tuple(links), starts, x, y, heading, tuple(sorted(features, key=lambda pair: pair[0])))


def walk(town: Town, rng: np.random.Generator, length_m: float) -> list[int]:
    """Links that follow each other, of at least this length together."""
    links = [int(rng.integers(len(town.links)))]
    total = town.links[links[0]].length_m
    while total < length_m:
        choices = town.successors[links[-1]]
        before = town.links[links[-1]].ends()[1]
        turns = np.array([abs(_turn(before, town.links[c].ends()[0])) for c in choices])
        weights = np.exp(-turns / _STRAIGHT_ON_RAD)
        links.append(int(rng.choice(choices, p=weights / weights.sum())))
        total += town.links[links[-1]].length_m
    return links


def _turn(before_rad: float, after_rad: float) -> float:
    return (after_rad - before_rad + np.pi) % (2 * np.pi) - np.pi


def lane(town: Town, links: list[int], starts: Array) -> tuple[Array, Array, Array]:
    """East, north and heading of the lane's centre at every metre of a route; corners are rounded."""
    along = np.arange(int(starts[-1]) + 1, dtype=float)
    which = np.clip(np.searchsorted(starts, along, side="right") - 1, 0, len(links) - 1)
    parts = [town.links[i].at(along[which == k] - starts[k]) for k, i in enumerate(links)]
    x, y, heading = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    heading = smooth(np.unwrap(heading), _TURN_SMOOTHING_M)
    return x + LANE_OFFSET_M * np.sin(heading), y - LANE_OFFSET_M * np.cos(heading), heading


def speed_wish(world: World, route: Route, rng: np.random.Generator, factor: float) -> Array:
    """Speed at every metre that a driver wants, m/s: by grade, slower in curves and over most speed bumps."""
    mood = factor * rng.uniform(0.8, 1.1)
    wish = np.empty(len(route.x_m))
    for k, i in enumerate(route.links):
        kmh = GRADE_KMH[int(np.clip(world.town.links[i].grade, 1, 5))] * mood * rng.uniform(0.9, 1.1)
        wish[int(route.starts_m[k]) : int(route.starts_m[k + 1]) + 1] = kmh / 3.6
    curvature = np.abs(np.gradient(route.heading_rad))
    wish = np.minimum(wish, np.sqrt(rng.uniform(1.8, 3.0) / np.maximum(curvature, 1e-6)))
    for at, feature in route.features:
        if feature.kind == "speed_bump" and rng.random() < 0.8:
            here = slice(max(0, int(at) - 4), int(at) + 4)
            wish[here] = np.minimum(wish[here], rng.uniform(18, 32) / 3.6)
    return wish
