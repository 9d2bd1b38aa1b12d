"""A trip: a route driven in time, and what lay under each wheel when."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from pothole.simulate import route as routes
from pothole.simulate.features import Feature
from pothole.simulate.route import Route
from pothole.simulate.settings import Setting
from pothole.simulate.smoothing import moving_average, smooth
from pothole.simulate.vehicle import RATE_HZ, Vehicle
from pothole.simulate.world import STEP_M, World

Array = NDArray[np.float64]
_CONTACT_M = 0.16
"""Length of the tyre's contact patch, over which it averages the profile."""
_MEAN_SPEED_MPS = 9.5
_STOP_EVERY_M = 1600.0
"""Mean distance between stops, which are at ends of links, so that short links do not stop a car at every corner."""
_ACCELERATION_MPS2, _BRAKING_MPS2 = 1.6, 2.2
_CREEP_MPS = 0.55
"""Speed at the line of a stop before and after the wait."""
_PEDAL_S = 0.6
"""Window of the moving averages that make accelerations set in gently."""


@dataclass(frozen=True)
class Pass:
    """A vehicle that rolled over a feature: when its front axle was there (seconds of the trip), and how fast (m/s)."""

    feature: Feature
    seconds: float
    speed_mps: float


@dataclass(frozen=True)
class Drive:
    """A trip in time at ``RATE_HZ``; the wheels' heights are (4, n): front left, front right, rear left, rear right."""

    distance_m: Array
    speed_mps: Array
    wheels_m: Array
    x_m: Array
    y_m: Array
    heading_rad: Array
    passes: tuple[Pass, ...]

    @property
    def clock_s(self) -> Array:
        """Seconds since the start of the trip."""
        return np.arange(len(self.distance_m)) / RATE_HZ

    @cached_property
    def pushes_mps2(self) -> Array:
        """Acceleration (2, n) ahead and to the left, by pedals and steering."""
        return np.stack(
            [np.gradient(self.speed_mps, 1 / RATE_HZ), self.speed_mps * np.gradient(self.heading_rad, 1 / RATE_HZ)]
        )


def drive(world: World, vehicle: Vehicle, setting: Setting, rng: np.random.Generator, day: int) -> Drive:
    """Draw a trip and drive it."""
    seconds = 60 * rng.uniform(*setting.trip_minutes)
    route = routes.draw(world, rng, day, setting.speed_factor * seconds * _MEAN_SPEED_MPS)
    distance = _distance(routes.speed_wish(world, route, rng, setting.speed_factor), route, rng, seconds)
    speed = np.maximum(0.0, np.gradient(distance, 1 / RATE_HZ))
    wander = rng.normal(0, 0.12) + 0.12 * np.sin(distance / rng.uniform(60, 140) + rng.uniform(0, 6))
    aside, turned = _swerves(distance, speed, setting, rng)
    crossed = _crossed(route, vehicle, setting, rng, day, distance, wander - aside)
    heights = _heights(world, route, day, crossed)
    grid = np.arange(heights.shape[1]) * STEP_M
    wheels = [np.interp(d, grid, side) for d in (distance, distance - vehicle.wheelbase_m) for side in heights]
    x, y, heading = (np.interp(distance, np.arange(len(v)), v) for v in (route.x_m, route.y_m, route.heading_rad))
    x, y, heading = x - aside * np.sin(heading), y + aside * np.cos(heading), heading + turned
    when = np.searchsorted(distance, [c.at_m for c in crossed])
    passes = [Pass(c.feature, float(i / RATE_HZ), float(speed[i])) for c, i in zip(crossed, when, strict=True)]
    return Drive(distance, speed, np.stack(wheels), x, y, heading, tuple(passes))


def _distance(wish: Array, route: Route, rng: np.random.Generator, max_seconds: float) -> Array:
    """Distance in time at ``RATE_HZ``, from a speed wished for at every metre, with waits at some junctions."""
    likely = 1 - np.exp(-np.diff(route.starts_m)[:-1] / _STOP_EVERY_M)
    stopped = rng.random(len(likely)) < likely
    stops = [int(s) for s in route.starts_m[1:-1][stopped] if s < len(wish) - 2]
    speed = _within_reach(wish, stops) * (1 + 0.03 * np.sin(np.arange(len(wish)) / rng.uniform(20, 60)))
    t = np.concatenate([[0.0], np.cumsum(2 / (speed[1:] + speed[:-1]))])
    for stop in stops:
        t[stop + 1 :] += rng.uniform(2, 20)
    clock = np.arange(0.0, min(max_seconds, float(t[-1])), 1 / RATE_HZ)
    return np.maximum.accumulate(smooth(np.interp(clock, t, np.arange(len(t))), round(_PEDAL_S * RATE_HZ)))


def _within_reach(wish: Array, stops: list[int]) -> Array:
    """The highest speed at every metre that pedals allow under the wish; creeping at stops and at both ends."""
    squared = wish**2
    squared[[0, -1, *stops]] = _CREEP_MPS**2
    for i in range(1, len(squared)):
        squared[i] = min(squared[i], squared[i - 1] + 2 * _ACCELERATION_MPS2)
    for i in range(len(squared) - 2, -1, -1):
        squared[i] = min(squared[i], squared[i + 1] + 2 * _BRAKING_MPS2)
    return np.sqrt(squared)


def _swerves(distance: Array, speed: Array, setting: Setting, rng: np.random.Generator) -> tuple[Array, Array]:
    """How far left of the lane's line a driver goes around what stands there (metres), and the turn (radians)."""
    aside, turned = np.zeros((2, len(distance)))
    for start in distance[-1] * rng.random(rng.poisson(setting.swerves_per_km * distance[-1] / 1000)):
        metres = rng.choice([-1.0, 1.0]) * rng.uniform(0.4, 2.2)
        seconds = np.sqrt(5.8 * abs(metres) / rng.uniform(0.5, 2.0))  # by the largest push to the side, m/s2
        mps = max(4.0, float(speed[(distance >= start) & (distance < start + 80)].max()))
        length, stay = mps * seconds, mps * rng.uniform(0, 3)
        for begin, there in ((start, 1), (start + length + stay, -1)):
            u = np.clip((distance - begin) / length, 0.0, 1.0)
            aside += there * metres * u**3 * (10 - 15 * u + 6 * u**2)
            turned += there * metres / length * 30 * u**2 * (1 - u) ** 2
    return aside, np.arctan(turned)


@dataclass(frozen=True)
class _Crossed:
    at_m: float
    feature: Feature
    under: NDArray[np.bool_]
    """Whether the left and the right wheels roll over it."""


def _crossed(
    route: Route, vehicle: Vehicle, setting: Setting, rng: np.random.Generator, day: int, distance: Array, wander: Array
) -> list[_Crossed]:
    """What the wheels do not miss, by luck or by a driver who steers around it."""
    found = []
    for at, feature in route.features:
        sideways = float(np.interp(at, distance, wander))
        if feature.kind == "pothole":
            eager = min(0.7, setting.avoid_probability * abs(feature.height_on(day)) / 0.05)
            side, aside = rng.choice([-1.0, 1.0]), rng.uniform(0.5, 0.9)
            sideways += float(side * aside) * (rng.random() < eager)
        under = feature.under(sideways + vehicle.track_m / 2 * np.array([-1, 1]))
        if under.any() and vehicle.wheelbase_m < at < distance[-1]:
            found.append(_Crossed(at, feature, under))
    return found


def _heights(world: World, route: Route, day: int, crossed: list[_Crossed]) -> Array:
    """Height that the left and the right wheels follow (2, n), every ``STEP_M`` along the route."""
    slopes = np.concatenate([world.slopes(i) for i in route.links], axis=1)
    heights = np.cumsum(slopes * STEP_M, axis=1)
    for c in crossed:
        half = (c.feature.length_m + abs(c.feature.skew_m)) / 2
        a, b = int((c.at_m - half) / STEP_M), int((c.at_m + half) / STEP_M) + 2
        heights[:, a:b] += c.under[:, None] * c.feature.shapes(
            np.arange(a, a + heights[:, a:b].shape[1]) * STEP_M - c.at_m, day
        )
    return moving_average(heights, round(_CONTACT_M / STEP_M))
