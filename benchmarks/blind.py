"""Impacts as a device tells them that knows less: what the fit shows the classifier besides what was simulated."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from pothole.stages.feature import Need
from pothole.stages.features import FEATURES, ROWS, that_need

BLIND_SHARE = 0.2


def with_blind(features: np.ndarray, causes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The impacts (columns of ``FEATURES``), and some of them once more as a device without a forward axis tells them,
    half without a gyroscope.

    Simulated trips always have curves and a changing speed; without these copies such a device is never believed.
    """
    chosen = np.random.default_rng(0).random(len(features)) < BLIND_SHARE
    blind = without(features[chosen], that_need(Need.FORWARD))
    mute = np.arange(len(blind)) % 2 == 0
    blind[mute] = without(blind[mute], that_need(Need.GYROSCOPE))
    return np.concatenate([features, blind]), np.concatenate([causes, causes[chosen]])


def without(features: np.ndarray, names: Iterable[str]) -> np.ndarray:
    """A copy of the impacts where what these features need is missing."""
    peaks, changed = np.exp(features[:, FEATURES.index("f_peak")]), features.copy()
    for name in names:
        at = FEATURES.index(name)
        changed[:, at] = [ROWS[at].without(peak) for peak in peaks]
    return changed
