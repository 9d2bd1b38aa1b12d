"""What can be learnt of short windows of vertical acceleration: bands and shape, or random convolutions (ROCKET).

Dempster et al., ROCKET, 2020: many random dilated kernels, of each the largest answer and the share of positive ones,
and a linear model of these. It is a bound of what the window tells, not something that Stage 1 computes.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from benchmarks.detectors.trip import Array

KERNELS = 1000
BANDS_HZ = (0.0, 1.5, 3.0, 5.0, 8.0, 12.0, 17.0, 25.1)
STEP_S = 0.02
PENALTIES = np.logspace(1, 5, 9)
_LEAST = 1e-3


def bands(windows: Array) -> Array:
    """Windows (a row each, 50 Hz) as logarithms of power by band of frequency, and six numbers of their shape."""
    size = windows.shape[1]
    power = np.abs(np.fft.rfft(windows * np.hanning(size), axis=1)) ** 2
    hertz = np.fft.rfftfreq(size, STEP_S)
    inside = [(hertz >= low) & (hertz < high) for low, high in pairwise(BANDS_HZ)]
    slow = np.lib.stride_tricks.sliding_window_view(np.pad(windows, ((0, 0), (2, 2)), mode="edge"), 5, axis=1).mean(2)
    largest = np.maximum(np.abs(windows).max(1), _LEAST)
    shape = [
        np.log(largest), windows.min(1) / largest, windows.max(1) / largest, np.log(slow.std(1) + _LEAST),
        np.log((windows - slow).std(1) + _LEAST), (slow.argmin(1) - slow.argmax(1)) * STEP_S,
    ]  # fmt: skip
    return np.stack([np.log(power[:, band].sum(1) + _LEAST) for band in inside] + shape, axis=1)


def random_convolutions(windows: Array, count: int = KERNELS, seed: int = 0) -> Array:
    """Largest answer and share of positive ones of random kernels, two columns a kernel. The windows are not scaled."""
    rng, size, found = np.random.default_rng(seed), windows.shape[1], []
    for _ in range(count):
        length = int(rng.choice([5, 7, 9, 11]))
        dilation = int(2 ** rng.uniform(0, np.log2((size - 1) / (length - 1))))
        kernel, bias = rng.normal(size=length), rng.uniform(-1, 1)
        around = np.lib.stride_tricks.sliding_window_view(windows, (length - 1) * dilation + 1, axis=1)
        answer = around[:, :, ::dilation] @ (kernel - kernel.mean()) + bias
        found += [answer.max(1), (answer > 0).mean(1)]
    return np.stack(found, axis=1)


def ridge(features: Array, positive: Array, new: Array) -> Array:
    """Scores of ``new`` rows by ridge regression; the penalty is that of the least error with each known row left out.

    In the dual form: rows are few, features many. Both classes weigh alike.
    """
    mean, spread = features.mean(0), features.std(0) + 1e-9
    known, asked = (features - mean) / spread, (new - mean) / spread
    target = np.where(positive > 0, 1.0, -1.0)
    weight = np.where(positive > 0, 0.5 / max(1.0, positive.sum()), 0.5 / max(1.0, (1 - positive).sum()))
    root = np.sqrt(weight * len(target))
    scaled, wanted = known * root[:, None], target * root
    values, vectors = np.linalg.eigh(scaled @ scaled.T)
    turned = vectors.T @ wanted

    def dual(penalty: float) -> tuple[Array, Array]:
        inverse = 1.0 / (values + penalty)
        weights = vectors @ (inverse * turned)
        return weights, weights / ((vectors**2) @ inverse)  # the second: errors with each row left out

    best = min(PENALTIES, key=lambda p: float((dual(p)[1] ** 2).sum()))
    return np.asarray(asked @ (scaled.T @ dual(best)[0]))
