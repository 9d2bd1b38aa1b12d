"""Pothole Lab in two steps: is there an event at a peak, and is the event a pothole or a bump?

The first step is a logistic of the peak and the speed; the second of random convolutions of all three axes within
0.56 s: a hole in one wheel track pushes to the side, a bump hardly does. Both are learnt from the other recordings,
and so is the threshold, from scores that the recording has no part in.

A window must not be longer: the road's snippets are cut around their event, and over 1 s where the cuts lie tells
potholes by itself (``cuts``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from benchmarks import convolutions, logistic
from benchmarks.detectors.trip import Array, Indices, Mask
from benchmarks.tuning import f1_by_rank

HALF = 28
"""Samples (of 20 ms) of a window to both sides of the peak."""
KERNELS = 3000
"""An axis. Fewer do as well on average, but a draw of 1,000 moves F1 by some hundredths."""
RIDGE = 1.0
INNER_FOLDS = 10
_LEAST = 1e-6


@dataclass(frozen=True)
class Peaks:
    """What is judged: a row a peak. ``usual`` has its peak and speed (logarithms), ``look`` its three axes."""

    usual: Array
    look: Array
    event: Array
    """1 at a pothole or a bump."""
    pothole: Array
    recording: Indices


def windows(raw: pa.Table, at_ms: Array, half: int = HALF) -> Array:
    """Acceleration around some times as the road is stitched: peak, axis, sample."""
    accel = np.stack([raw[f"accel_{x}"].to_numpy() for x in "xyz"])
    middle = np.searchsorted(raw["timestamp"].to_numpy(), at_ms)
    around = np.clip(middle[:, None] + np.arange(-half, half + 1), 0, accel.shape[1] - 1)
    return np.asarray(accel[:, around].swapaxes(0, 1))


def look(raw: pa.Table, at_ms: Array, kernels: int = KERNELS, seed: int = 0) -> Array:
    """Random convolutions of each axis around some times, standardised; the axes weigh alike."""
    around = windows(raw, at_ms)
    found = [convolutions.random_convolutions(around[:, i], kernels, 3 * seed + i) for i in range(around.shape[1])]
    scaled = [(x - x.mean(0)) / (x.std(0) + _LEAST) / np.sqrt(x.shape[1]) for x in found]
    return np.hstack(scaled)


def components(features: Array, among: Array) -> Array:
    """Coordinates of all rows in the space that the rows ``among`` span: as many columns as these, distances kept.

    A ridge model of these rows, or of some of them, is the same in the new columns: no answer is used.
    """
    basis = features[among > 0]
    values, vectors = np.linalg.eigh(basis @ basis.T)
    kept = values > _LEAST * values.max()
    return np.asarray(features @ (basis.T @ (vectors[:, kept] / np.sqrt(values[kept]))))


def judge(peaks: Peaks, known: Mask, asked: Mask) -> Array:
    """Logarithm of the probability that rows ``asked`` are potholes: of an event, times of a pothole if it is one."""
    events = known & (peaks.event > 0)
    event = logistic.linear(peaks.usual[known], peaks.event[known], peaks.usual[asked], RIDGE)
    pothole = logistic.linear(peaks.look[events], peaks.pothole[events], peaks.look[asked], RIDGE)
    return np.asarray(-np.logaddexp(0.0, -event) - np.logaddexp(0.0, -pothole))


def best_threshold(score: Array, positive: Array) -> float:
    """The threshold of the largest F1: half way to the next lower score."""
    order, f1 = f1_by_rank(score, positive)
    best = int(f1.argmax())
    return float(score[order][best : best + 2].mean())


def left_out(peaks: Peaks) -> tuple[Array, Mask]:
    """Scores of every peak and whether it is reported: steps and threshold are learnt from the other recordings.

    The threshold is the best one for scores of the others, each from models that saw neither its fold nor what is
    left out.
    """
    score, chosen = np.zeros(len(peaks.event)), np.zeros(len(peaks.event), dtype=bool)
    fold = peaks.recording % INNER_FOLDS
    for out in np.unique(peaks.recording):
        mine, inner = peaks.recording == out, np.zeros(len(score))
        for k in range(INNER_FOLDS):
            asked = ~mine & (fold == k)
            inner[asked] = judge(peaks, ~mine & (fold != k), asked)
        score[mine] = judge(peaks, ~mine, mine)
        chosen[mine] = score[mine] >= best_threshold(inner[~mine], peaks.pothole[~mine])
    return score, chosen


def cuts(starts_ms: Array, ends_ms: Array, at_ms: Array, half: int) -> Array:
    """Seconds from a time back to where its snippet begins and on to where it ends, as far as a window sees them.

    A control: what these alone tell of potholes is the cutter's doing, not the road's.
    """
    snippet = np.searchsorted(starts_ms, at_ms, side="right") - 1
    far = np.stack([at_ms - starts_ms[snippet], ends_ms[snippet] - at_ms], axis=1) / 1000.0
    return np.minimum(far, half * convolutions.STEP_S)
