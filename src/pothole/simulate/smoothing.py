"""Moving averages by cumulative sums: linear in the number of samples, whatever the window."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def moving_average(values: Array, width: int) -> Array:
    """Centred mean over ``width`` (made odd) places along the last axis; beyond the ends the trend goes on."""
    half = min(width // 2, values.shape[-1] - 1)
    if half < 1:
        return values
    ends = [(0, 0)] * (values.ndim - 1)
    padded = np.pad(values, [*ends, (half, half)], mode="reflect", reflect_type="odd")
    return _windows(padded, 2 * half + 1)


def trailing_average(values: Array, width: int) -> Array:
    """Mean over the last ``width`` places along the last axis, as a causal filter sees them."""
    ends = [(0, 0)] * (values.ndim - 1)
    return _windows(np.pad(values, [*ends, (width - 1, 0)], mode="edge"), width)


def smooth(values: Array, width: int) -> Array:
    """Three moving averages: close to a Gaussian of standard deviation ``width`` / 2, and as smooth."""
    for _ in range(3):
        values = moving_average(values, width)
    return values


def _windows(padded: Array, width: int) -> Array:
    total = np.cumsum(padded, axis=-1)
    total = np.concatenate([np.zeros((*padded.shape[:-1], 1)), total], axis=-1)
    return np.asarray((total[..., width:] - total[..., :-width]) / width)
