"""Published pothole detectors: each gives every sample of a trip a score, and reports its peaks above a threshold.

The threshold, and what else a paper leaves to be set (``grid``), is tuned on the training part of each data set; the
published value stands in ``threshold``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.detectors.trip import GRAVITY_MPS2, Array, Trip


@dataclass(frozen=True)
class Detector:
    """``score(trip, **setting)``: one number a sample, in ``unit``; larger is more like a pothole."""

    name: str
    source: str
    score: Callable[..., Array]
    unit: str
    threshold: float
    grid: Sequence[dict[str, Any]] = ({},)


def rolling(values: Array, window: int, function: Callable[..., Any]) -> Array:
    """A function (over ``axis=1``) of the samples around each sample; the ends are padded with the end values."""
    before = window // 2
    padded = np.pad(values, (before, window - 1 - before), mode="edge")
    return np.asarray(function(np.lib.stride_tricks.sliding_window_view(padded, window), axis=1))


def high_passed(values: Array, trip: Trip, seconds: float = 2.0) -> Array:
    """Less the mean of the surrounding time."""
    return values - rolling(values, trip.samples(seconds), np.mean)


def z_thresh(trip: Trip) -> Array:
    """Z-THRESH (Mednis et al. 2011): how far the vertical acceleration is from gravity."""
    return np.abs(trip.vertical - GRAVITY_MPS2)


def z_diff(trip: Trip) -> Array:
    """Z-DIFF (Mednis et al. 2011): change of the vertical acceleration from one sample to the next."""
    return np.abs(np.diff(trip.vertical, prepend=trip.vertical[:1]))


def stdev_z(trip: Trip, seconds: float = 0.25) -> Array:
    """STDEV(Z) (Mednis et al. 2011; best in Carlos et al. 2018): standard deviation in a sliding window."""
    return rolling(trip.vertical, max(2, trip.samples(seconds)), np.std)


def g_zero(trip: Trip) -> Array:
    """G-ZERO (Mednis et al. 2011): how near to free fall all three axes together are (g less their length)."""
    return np.asarray(GRAVITY_MPS2 - np.linalg.norm(trip.accel, axis=1))


def pothole_patrol(trip: Trip, across: float = 0.0, per_speed: float = 0.0) -> Array:
    """Pothole Patrol's five filters (Eriksson et al. 2008): speed, high-pass, z-peak, x/z ratio, speed/z ratio.

    ``across``: least ratio of the peak across gravity to the vertical one within 0.1 s (a bump meets both wheels and
    has little); ``per_speed``: least vertical peak in m/s2 for each km/h (expansion joints are weak for their speed).
    """
    vertical, window = np.abs(high_passed(trip.vertical, trip)), trip.samples(0.1)
    sideways = rolling(np.abs(high_passed(trip.horizontal, trip)), window, np.max)
    passes = (trip.speed_kmh > 10.0) & (sideways >= across * vertical) & (vertical >= per_speed * trip.speed_kmh)
    return np.where(passes, vertical, 0.0)


def trip_z_score(trip: Trip) -> Array:
    """0.7 |z(accel_z)| + 0.3 |z(gyro_y)|, z by the trip's mean and deviation, axes as reported; over 5 km/h."""
    parts = [(0.7, trip.accel[:, 2]), (0.3, trip.gyro_y)]
    score = sum((w * np.abs(v - v.mean()) / max(1e-9, float(v.std())) for w, v in parts), np.zeros(len(trip.gyro_y)))
    return np.where(trip.speed_kmh > 5.0, score, 0.0)


def aligned_mad(trip: Trip) -> Array:
    """Vertical acceleration, high-passed, in robust deviations of the trip (1.4826 MAD)."""
    vertical = high_passed(trip.vertical, trip)
    spread = 1.4826 * float(np.median(np.abs(vertical - np.median(vertical))))
    return np.abs(vertical) / max(0.05, spread)


_G = GRAVITY_MPS2
DETECTORS = (
    Detector(
        "Pothole Patrol", "Eriksson et al., MobiSys 2008", pothole_patrol, "m/s2", 0.4 * _G,
        [{"across": a, "per_speed": s} for a in (0.0, 0.2, 0.5) for s in (0.0, 0.05, 0.1)],
    ),
    Detector("Z-THRESH", "Mednis et al., DCOSS 2011", z_thresh, "m/s2", 0.4 * _G),
    Detector("Z-DIFF", "Mednis et al., DCOSS 2011", z_diff, "m/s2", 0.2 * _G),
    Detector("STDEV(Z)", "Mednis et al. 2011, Carlos et al., T-ITS 2018", stdev_z, "m/s2", 0.2 * _G,
             [{"seconds": s} for s in (0.1, 0.25, 0.5, 1.0)]),
    Detector("G-ZERO", "Mednis et al., DCOSS 2011", g_zero, "m/s2", 0.2 * _G),
    Detector("z-score of the trip", "common practice", trip_z_score, "", 3.0),
    Detector("gravity-aligned MAD", "robust form of it", aligned_mad, "", 6.0),
)  # fmt: skip


def peaks(trip: Trip, score: Array, threshold: float, apart_ms: float = 1000.0) -> tuple[Array, Array]:
    """Times and heights of a score's peaks at or above a threshold: each the largest for ``apart_ms`` on both sides."""
    highest = rolling(score, trip.samples(apart_ms / 2000.0), np.max)
    over = np.flatnonzero((score >= threshold) & (score >= highest))
    taken: list[int] = []
    for i in over[np.lexsort((over, -score[over]))]:
        if all(abs(trip.time_ms[i] - trip.time_ms[j]) > apart_ms for j in taken):
            taken.append(int(i))
    taken.sort()
    return trip.time_ms[taken], score[taken]
