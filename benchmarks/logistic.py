"""A ridge logistic regression by Newton's method: enough to weigh a dozen features on a few hundred rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from benchmarks.detectors.trip import Array

RIDGE = 3.0
STEPS = 30


def logistic(features: Array, positive: Array, new: Array, ridge: float = RIDGE) -> Array:
    """Log-odds of ``new`` rows, learnt from ``features`` (standardised, with their squares) and 0/1 ``positive``."""
    mean, spread = features.mean(0), features.std(0) + 1e-9
    known, asked = (_terms((x - mean) / spread) for x in (features, new))
    return np.asarray(asked @ _weights(known, positive, ridge))


def linear(features: Array, positive: Array, new: Array, ridge: float = RIDGE) -> Array:
    """Log-odds of ``new`` rows by the features as they are, without squares."""
    known, asked = (np.hstack([np.ones((len(x), 1)), x]) for x in (features, new))
    return np.asarray(asked @ _weights(known, positive, ridge))


Learner = Callable[[Array, Array, Array], Array]
"""Features, 0/1 and the features of new rows to their scores."""


def left_out(features: Array, positive: Array, folds: Sequence[object], learn: Learner = logistic) -> Array:
    """Scores of every row, each learnt from the rows of the other folds."""
    fold, score = np.array(folds), np.zeros(len(features))
    for out in np.unique(fold):
        away = fold == out
        score[away] = learn(features[~away], positive[~away], features[away])
    return score


def _weights(known: Array, positive: Array, ridge: float) -> Array:
    """Newton's method; the first column is the constant, which is not held back."""
    weights, penalty = np.zeros(known.shape[1]), np.full(known.shape[1], ridge)
    penalty[0] = 1e-6
    for _ in range(STEPS):
        p = 1.0 / (1.0 + np.exp(-np.clip(known @ weights, -30, 30)))
        slope = known.T @ (positive - p) - penalty * weights
        curve = (known * (p * (1 - p))[:, None]).T @ known + np.diag(penalty)
        step = np.linalg.solve(curve, slope)
        weights = weights + step
        if np.abs(step).max() < 1e-6:
            break
    return weights


def _terms(x: Array) -> Array:
    clipped = np.clip(x, -4.0, 4.0)
    return np.hstack([np.ones((len(x), 1)), clipped, clipped**2])
