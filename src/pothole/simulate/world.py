"""What lies on the roads: roughness by ISO 8608, potholes, speed bumps, manholes and joints at fixed places."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pothole.simulate.settings import Setting
from pothole.simulate.town import Town

Array = NDArray[np.float64]
STEP_M = 0.05
"""Spacing of the profiles along the road."""
ISO_8608_GD_M3 = {"A": 16e-6, "B": 64e-6, "C": 256e-6, "D": 1024e-6}
"""Displacement power spectral density at 0.1 cycles/m, geometric means of the classes."""


@dataclass(frozen=True)
class Feature:
    """Something at a fixed place of a directed link. Heights in metres, negative for holes."""

    feature_id: str
    kind: str
    link: int
    offset_m: float
    height_m: float
    length_m: float
    lateral_m: float
    width_m: float
    growth_m_per_day: float
    first_day: int
    last_day: int

    def height_on(self, day: int) -> float:
        """Height on a day of the simulation; 0 before it appears and after it is repaired."""
        if not self.first_day <= day <= self.last_day:
            return 0.0
        return self.height_m + math.copysign(self.growth_m_per_day * (day - max(0, self.first_day)), self.height_m)

    def shape(self, distance_m: Array, day: int) -> Array:
        """Height at distances from its middle along the road."""
        share = np.abs(distance_m) / (self.length_m / 2)
        inside = share < 1
        if self.kind == "pothole":  # a flat bottom with steep edges
            profile = np.clip((1 - share) / 0.25, 0.0, 1.0)
        elif self.kind in ("manhole", "joint"):
            profile = np.clip((1 - share) / 0.15, 0.0, 1.0)
        else:  # a speed bump: half a sine
            profile = np.cos(np.pi / 2 * np.minimum(share, 1.0))
        return np.where(inside, profile, 0.0) * self.height_on(day)

    def under(self, wheel_m: Array) -> NDArray[np.bool_]:
        """Whether a wheel at these lateral positions (metres right of the lane's centre) rolls over it."""
        return np.abs(wheel_m - self.lateral_m) <= self.width_m / 2 + 0.06


@dataclass(frozen=True)
class World:
    """A town with the roughness class of each link and its features."""

    town: Town
    classes: tuple[str, ...]
    features: tuple[Feature, ...]
    seed: int

    def on_link(self, link: int) -> list[Feature]:
        """The features of a link."""
        return [f for f in self.features if f.link == link]

    def slopes(self, link: int) -> Array:
        """Slope of the left and right track (n, 2) along a link.

        For the spectrum Gd(n) = Gd(n0) (n / n0)^-2 the slope is white noise of density Gd(n0) (2 pi n0)^2; the tracks share
        half of its variance.
        """
        rng = np.random.default_rng([self.seed, 11, link])
        n = max(2, math.ceil(self.town.links[link].length / STEP_M))
        density = ISO_8608_GD_M3[self.classes[link]] * (2 * np.pi * 0.1) ** 2
        sigma = np.sqrt(density / (2 * STEP_M))
        shared, own = rng.normal(0, sigma, (n, 1)), rng.normal(0, sigma, (n, 2))
        return np.sqrt(0.5) * shared + np.sqrt(0.5) * own


def build(town: Town, setting: Setting, seed: int, days: int) -> World:
    """Draw the roughness class and features of every link."""
    rng = np.random.default_rng([seed, 7])
    classes = rng.choice(
        list("ABC"), len(town.links), p=np.array(setting.road_class_shares) / sum(setting.road_class_shares)
    )
    features: list[Feature] = []
    for index, link in enumerate(town.links):
        features += _features(rng, setting, index, link.length, days)
    return World(town, tuple(str(c) for c in classes), tuple(features), seed)


def _features(rng: np.random.Generator, setting: Setting, link: int, length_m: float, days: int) -> list[Feature]:
    found: list[Feature] = []

    def place(kind: str, per_km: float, clearance_m: float) -> list[float]:
        offsets = rng.uniform(12.0, max(12.1, length_m - 12.0), rng.poisson(per_km * length_m / 1000.0))
        free = []
        for offset in offsets if length_m > 30 else []:
            if all(abs(offset - f.offset_m) > clearance_m for f in found) and all(
                abs(offset - o) > clearance_m for o in free
            ):
                free.append(float(offset))
        return free

    def add(
        kind: str, offset: float, height: float, length: float, lateral: float, width: float, growth: float = 0.0
    ) -> None:
        first, last = 0, days
        if kind == "pothole" and days > 1:
            first = int(rng.integers(0, days)) if rng.random() < 0.15 else 0
            last = int(rng.integers(first, days)) if rng.random() < 0.15 else days
        found.append(
            Feature(
                f"{kind[0].upper()}{link:05d}-{len(found)}",
                kind,
                link,
                offset,
                height,
                length,
                lateral,
                width,
                growth,
                first,
                last,
            )
        )

    for offset in place("bump", setting.speed_bumps_per_km, 40.0):
        if rng.random() < 0.7:
            add("bump", offset, rng.uniform(0.07, 0.1), rng.uniform(3.2, 4.0), 0.0, 6.0)
        else:
            add("bump", offset, rng.uniform(0.03, 0.055), rng.uniform(0.4, 0.9), 0.0, 6.0)
    for offset in place("pothole", setting.potholes_per_km, 25.0):
        lateral = rng.choice([-0.77, 0.77]) + rng.normal(0, 0.12)
        depth = rng.uniform(*setting.pothole_depth_m)
        add(
            "pothole",
            offset,
            -depth,
            rng.uniform(*setting.pothole_length_m),
            lateral,
            rng.uniform(0.35, 0.8),
            rng.uniform(0, 0.002),
        )
    for offset in place("manhole", setting.manholes_per_km, 20.0):
        lateral = rng.choice([-0.77, 0.77, 0.0]) + rng.normal(0, 0.2)
        add("manhole", offset, rng.choice([-1, 1]) * rng.uniform(0.008, 0.025), 0.65, lateral, 0.65)
    for offset in place("joint", setting.joints_per_km, 20.0):
        add("joint", offset, rng.choice([-1, 1]) * rng.uniform(0.008, 0.02), rng.uniform(0.1, 0.35), 0.0, 6.0)
    return found
