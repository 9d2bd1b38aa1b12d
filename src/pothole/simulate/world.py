"""What lies on the roads: roughness by ISO 8608, and features at fixed places."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from pothole.simulate.features import Feature, draw_features
from pothole.simulate.settings import Setting
from pothole.simulate.smoothing import moving_average, smooth
from pothole.simulate.town import Town
from pothole.simulate.vehicle import Vehicle

Array = NDArray[np.float64]
STEP_M = 0.05
"""Spacing of the profiles along the road."""
ISO_8608_GD_M3 = {"A": 16e-6, "B": 64e-6, "C": 256e-6, "D": 1024e-6}
"""Displacement power spectral density at 0.1 cycles/m, geometric means of the classes (ISO 8608:2016, table C.1)."""
_COHERENT_M = 4.0
"""Left and right track agree on waves much longer than this and are independent on much shorter ones."""


@dataclass(frozen=True)
class World:
    """A town with the roughness class of each link and its features."""

    town: Town
    classes: tuple[str, ...]
    features: tuple[Feature, ...]
    seed: int

    @cached_property
    def on_link(self) -> dict[int, list[Feature]]:
        """The features of every link, in the order in which they were drawn."""
        groups: dict[int, list[Feature]] = defaultdict(list)
        for feature in self.features:
            groups[feature.link].append(feature)
        return groups

    def slopes(self, link: int) -> Array:
        """Slope of the left and right track (2, n) along a link, every ``STEP_M``."""
        n = max(2, math.ceil(self.town.links[link].length_m / STEP_M))
        return _slopes(self.seed, link, n, ISO_8608_GD_M3[self.classes[link]])


@lru_cache(maxsize=2048)
def _slopes(seed: int, link: int, n: int, gd_m3: float) -> Array:
    """White noise of density Gd(n0) (2 pi n0)^2: then heights have Gd(n) = Gd(n0) (n / n0)^-2, n0 = 0.1 /m."""
    density = gd_m3 * (2 * np.pi * 0.1) ** 2
    shared, left, right = np.random.default_rng([seed, 11, link]).normal(0, np.sqrt(density / (2 * STEP_M)), (3, n))
    own = np.sqrt(0.5) * (shared + np.stack([left, right]))
    width = round(_COHERENT_M / STEP_M / 3)
    return np.asarray(smooth(shared, width) + own - smooth(own, width))


IRI_SPEED_MPS = 80 / 3.6


def iri_m_per_km(slopes: Array, step_m: float = STEP_M) -> Array:
    """International Roughness Index of a profile at every step: the golden car's spring travel for each metre driven.

    ``slopes`` (tracks, n). Sayers & Karamihas 1998: at 80 km/h, after a moving average of 250 mm (the tyre); the mean
    of the result over a stretch is the stretch's IRI, that of both tracks its mean (ASTM E1926).
    """
    car = Vehicle()
    smoothed = moving_average(slopes, round(0.25 / step_m))
    padded = np.concatenate([smoothed, np.zeros((len(smoothed), round(60 / step_m)))], axis=1)
    s = 2j * np.pi * np.fft.rfftfreq(padded.shape[1], step_m / IRI_SPEED_MPS)
    suspension = car.damper * s + car.spring
    wheel = car.unsprung * s**2 + suspension + car.tyre
    determinant = (s**2 + suspension) * wheel - suspension**2
    # Travel of the spring per height under the wheel; a slope's response is that of the height, and per metre.
    travel = car.tyre * (suspension - (s**2 + suspension)) / determinant
    rate = np.fft.irfft(np.fft.rfft(padded) * travel, padded.shape[1])[:, : slopes.shape[1]]
    return np.asarray(1000 * np.abs(rate).mean(0))


def build(town: Town, setting: Setting, seed: int) -> World:
    """Draw the roughness class and the features of every link; a link does not depend on the others."""
    classes, features = [], []
    shares = np.array(setting.road_class_shares) / sum(setting.road_class_shares)
    for index, link in enumerate(town.links):
        rng = np.random.default_rng([seed, 7, index])
        classes.append(str(rng.choice(list("ABCD"), p=shares)))
        features += draw_features(rng, setting, index, link.length_m)
    return World(town, tuple(classes), tuple(features), seed)
