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
from pothole.simulate.smoothing import smooth
from pothole.simulate.town import Town

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


def build(town: Town, setting: Setting, seed: int) -> World:
    """Draw the roughness class and the features of every link; a link does not depend on the others."""
    classes, features = [], []
    shares = np.array(setting.road_class_shares) / sum(setting.road_class_shares)
    for index, link in enumerate(town.links):
        rng = np.random.default_rng([seed, 7, index])
        classes.append(str(rng.choice(list("ABCD"), p=shares)))
        features += draw_features(rng, setting, index, link.length_m)
    return World(town, tuple(classes), tuple(features), seed)
