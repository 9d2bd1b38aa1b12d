"""A trip: a route over the links, a speed along it, and what lay under each wheel when."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pothole.simulate.settings import Setting
from pothole.simulate.vehicle import RATE_HZ, Vehicle
from pothole.simulate.world import STEP_M, Feature, World

Array = NDArray[np.float64]
_CONTACT_M = 0.16
"""Length of the tyre's contact patch, over which it averages the profile."""


@dataclass(frozen=True)
class Pass:
    """A vehicle that rolled over a feature: when its front axle was there (seconds of the trip), and how fast (m/s)."""

    feature: Feature
    seconds: float
    speed_mps: float


@dataclass(frozen=True)
class Drive:
    """A trip in time at ``RATE_HZ``: distance and speed, the profile under four wheels, places, and features passed."""

    distance_m: Array
    speed_mps: Array
    wheels_m: Array
    x_m: Array
    y_m: Array
    heading_rad: Array
    passes: tuple[Pass, ...]


def route(world: World, rng: np.random.Generator, length_m: float) -> list[int]:
    """Links one after the other, mostly straight on, until the length is reached or the road ends."""
    town = world.town
    links = [int(rng.integers(len(town.links)))]
    total = town.links[links[0]].length
    while total < length_m and town.successors[links[-1]]:
        here = town.links[links[-1]]
        choices = town.successors[links[-1]]
        turns = np.array([abs(_turn(here, town.links[c])) for c in choices])
        weights = np.exp(-turns / 0.9)
        links.append(int(rng.choice(choices, p=weights / weights.sum())))
        total += town.links[links[-1]].length
    return links


def _turn(a: object, b: object) -> float:
    before = np.arctan2(a.y[-1] - a.y[-2], a.x[-1] - a.x[-2])  # type: ignore[attr-defined]
    after = np.arctan2(b.y[1] - b.y[0], b.x[1] - b.x[0])  # type: ignore[attr-defined]
    return float((after - before + np.pi) % (2 * np.pi) - np.pi)


def drive(world: World, vehicle: Vehicle, setting: Setting, rng: np.random.Generator, day: int) -> Drive:
    """Draw a trip and drive it."""
    town = world.town
    minutes = rng.uniform(*setting.trip_minutes)
    links = route(world, rng, minutes * 60 * 9.5)
    lengths = np.array([town.links[i].length for i in links])
    starts = np.concatenate([[0.0], np.cumsum(lengths)])
    features = [
        (starts[k] + f.offset_m, f) for k, i in enumerate(links) for f in world.on_link(i) if f.height_on(day) != 0.0
    ]
    limit = _speed_limit(world, links, starts, features, rng)
    stops = [starts[k + 1] for k in range(len(links) - 1) if rng.random() < 0.15]
    t, s = _time(limit, stops, rng, max_seconds=minutes * 60)
    clock = np.arange(0.0, t[-1], 1 / RATE_HZ)
    distance = np.interp(clock, t, s)
    speed = np.gradient(distance, 1 / RATE_HZ)
    driver_m = rng.normal(0, 0.12)
    wander = driver_m + 0.12 * np.sin(distance / rng.uniform(60, 140) + rng.uniform(0, 6))
    wheels, passes = _wheels(world, vehicle, setting, rng, day, links, starts, features, distance, wander, clock, speed)
    x, y = _positions(world, links, starts, distance)
    ahead = np.interp(np.arange(0, starts[-1], 2.0), distance, np.arange(len(distance)))
    heading = _heading(x, y, ahead)
    return Drive(distance, speed, wheels, x, y, heading, tuple(passes))


def _speed_limit(
    world: World, links: list[int], starts: Array, features: list[tuple[float, Feature]], rng: np.random.Generator
) -> Array:
    """Speed by metre of the route, m/s: by grade, slower in turns and over most speed bumps."""
    n = int(starts[-1]) + 1
    limit = np.empty(n)
    mood = rng.uniform(0.8, 1.1)
    for k, i in enumerate(links):
        grade = world.town.links[i].grade
        kmh = {1: 30, 2: 38, 3: 48, 4: 55, 5: 75}[grade] * mood * rng.uniform(0.9, 1.1)
        limit[int(starts[k]) : int(starts[k + 1]) + 1] = kmh / 3.6
    for k in range(len(links) - 1):
        angle = abs(_turn(world.town.links[links[k]], world.town.links[links[k + 1]]))
        if angle > 0.4:
            a, b = int(starts[k + 1]) - 6, int(starts[k + 1]) + 6
            limit[max(0, a) : b] = np.minimum(limit[max(0, a) : b], rng.uniform(16, 26) / 3.6)
    for at, feature in features:
        if feature.kind == "bump" and rng.random() < 0.8:
            a, b = max(0, int(at) - 4), int(at) + 4
            limit[a:b] = np.minimum(limit[a:b], rng.uniform(18, 32) / 3.6)
    return limit


def _time(limit: Array, stops: list[float], rng: np.random.Generator, max_seconds: float) -> tuple[Array, Array]:
    """Time at every metre: accelerations of at most 1.6 and -2.2 m/s2, with a stop of some seconds at ``stops``."""
    v2 = limit**2
    for stop in stops:
        v2[max(0, int(stop) - 1) : int(stop) + 1] = 0.3
    v2[0] = v2[-1] = 1.0
    for i in range(1, len(v2)):
        v2[i] = min(v2[i], v2[i - 1] + 2 * 1.6)
    for i in range(len(v2) - 2, -1, -1):
        v2[i] = min(v2[i], v2[i + 1] + 2 * 2.2)
    speed = np.sqrt(v2) * (1 + 0.03 * np.sin(np.arange(len(v2)) / rng.uniform(20, 60)))
    dt = 1.0 / np.maximum(0.3, (speed[1:] + speed[:-1]) / 2)
    t = np.concatenate([[0.0], np.cumsum(dt)])
    s = np.arange(len(v2), dtype=float)
    for stop in stops:
        i = min(int(stop), len(s) - 2)
        t[i + 1 :] += rng.uniform(2, 20)
    keep = t <= max_seconds
    return t[keep], s[keep]


def _wheels(
    world: World, vehicle: Vehicle, setting: Setting, rng: np.random.Generator, day: int, links: list[int], starts: Array,
    features: list[tuple[float, Feature]], distance: Array, wander: Array, clock: Array, speed: Array,
) -> tuple[Array, list[Pass]]:  # fmt: skip
    """Heights under the four wheels in time (4, n), and what was rolled over."""
    slopes = np.concatenate([world.slopes(i) for i in links])
    profile = np.cumsum(slopes * STEP_M, axis=0)
    grid = np.arange(len(profile)) * STEP_M * (starts[-1] / (len(profile) * STEP_M))
    heights = profile[:, [0, 1]]
    passes: list[Pass] = []
    travelled = float(distance[-1])
    for at, feature in features:
        if not 0 < at < travelled:
            continue
        sideways = float(np.interp(at, distance, wander))
        if feature.kind == "pothole":
            eager = setting.avoid_probability * abs(feature.height_on(day)) / 0.05
            if rng.random() < min(0.7, eager):
                sideways += float(rng.choice([-1, 1])) * rng.uniform(0.5, 0.9)
        tracks = sideways + np.array([-vehicle.track_m / 2, vehicle.track_m / 2])
        hit = feature.under(tracks)
        if not hit.any():
            continue
        near = slice(*np.searchsorted(grid, [at - feature.length_m, at + feature.length_m]))
        heights[near] += feature.shape(grid[near] - at, day)[:, None] * hit
        i = int(np.searchsorted(distance, at))
        passes.append(Pass(feature, float(clock[i]), float(speed[i])))
    heights = _average(heights, max(1, round(_CONTACT_M / STEP_M)))
    rear = distance - vehicle.wheelbase_m
    wheels = [np.interp(d, grid, heights[:, side]) for d in (distance, rear) for side in (0, 1)]
    return np.stack(wheels), passes


def _average(heights: Array, width: int) -> Array:
    kernel = np.ones(width) / width
    return np.stack([np.convolve(heights[:, i], kernel, mode="same") for i in (0, 1)], 1)


def _positions(world: World, links: list[int], starts: Array, distance: Array) -> tuple[Array, Array]:
    """Metres east and north, in the lane."""
    x, y = np.empty_like(distance), np.empty_like(distance)
    which = np.clip(np.searchsorted(starts, distance, side="right") - 1, 0, len(links) - 1)
    for k, i in enumerate(links):
        here = which == k
        if here.any():
            x[here], y[here] = world.town.links[i].at(distance[here] - starts[k])
    return x, y


def _heading(x: Array, y: Array, nodes: Array) -> Array:
    """Heading in time, radians counter-clockwise from east, smoothed over some metres."""
    index = np.arange(len(x))
    cx, cy = np.interp(nodes, index, x), np.interp(nodes, index, y)
    angle = np.unwrap(np.arctan2(np.gradient(cy), np.gradient(cx)))
    kernel = np.ones(5) / 5
    if len(angle) > 5:
        angle = np.convolve(np.pad(angle, 2, mode="edge"), kernel, mode="valid")
    return np.interp(index, nodes, angle)
