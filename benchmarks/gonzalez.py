"""González' series of vertical acceleration by class: how well one number of a series tells potholes apart.

The series are cut around what they show, each as long as it is: the length alone tells a pothole from regular road (AUC
1.00: at most 147 samples against at least 168), so it must not be a feature. A long series also has more moments in
which something may stand out; the rows of the middle 1.1 s look at as much of each series. Speed is unknown.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.csv as pacsv

from benchmarks import convolutions
from benchmarks.detectors.trip import Array
from benchmarks.logistic import Learner, left_out, logistic
from benchmarks.staged import ALL_PEAKS, columns, filled, judged

BUMPS = ("asphalt_bumps", "metal_bumps")
#: Of the series' strongest impact: its size, and how it goes up and down.
SHAPE = ("f_peak", "f_ratio", "f_duration", "f_down_share", "f_down_first", "f_opposite", "f_share_before",
         "f_share_core", "jolt_rms")  # fmt: skip
FOLDS = 10
REPEATS = 5
MIDDLE = 56
"""Samples of the middle: less than the shortest series has."""
STEP_MS = 20.0
Aucs = tuple[float, float]


def read(folder: Path) -> dict[str, list[Array]]:
    """Series (m/s2, 50 Hz) by class."""
    kinds = sorted(p for p in folder.iterdir() if p.is_dir())
    return {
        k.name: [pacsv.read_csv(f)["acc_z"].to_numpy().astype(float) for f in sorted(k.glob("*.csv"))] for k in kinds
    }


def strongest(data: dict[str, list[Array]]) -> tuple[Array, Array, dict[str, Array]]:
    """Class and features (``SHAPE``) of each series' strongest impact, and scores without anything fitted here.

    A series without an impact has the lowest of everything.
    """
    named = [(f"{kind}/{i}", values) for kind, of in data.items() for i, values in enumerate(of)]
    trip = [name for name, values in named for _ in values]
    time_ms = np.concatenate([np.arange(len(values)) * STEP_MS for _, values in named])
    up = np.concatenate([values for _, values in named])
    table = judged(filled(trip, trip, time_ms, np.stack([0 * up, 0 * up, up], axis=1)), ALL_PEAKS)
    of, peak = np.array(table["trip_id"].to_pylist()), table["peak"].to_numpy()
    features, probability = columns(table, SHAPE), columns(table, ("pothole_probability",))[:, 0]
    rows, likely = np.tile(features.min(0), (len(named), 1)), np.zeros(len(named))
    for i, (name, _) in enumerate(named):
        mine = np.flatnonzero(of == name)
        if len(mine):
            rows[i], likely[i] = features[mine[np.argmax(peak[mine])]], probability[mine].max()
    at = SHAPE.index
    scores = {
        "classifier as shipped": likely,
        "peak": rows[:, at("f_peak")],
        "RMS": rows[:, at("jolt_rms")],
        "blow upwards": -rows[:, at("f_down_share")],
    }
    return np.array([name.split("/")[0] for name, _ in named]), rows, scores


def ours(data: dict[str, list[Array]]) -> dict[str, Aucs]:
    """AUC of potholes against regular road and against bumps, by score; what is fitted is cross-validated by series."""
    kind, rows, scores = strongest(data)
    found = {name: aucs(kind, score, score) for name, score in scores.items()}
    found["features, logistic"] = aucs(kind, *(_learnt(kind, rows, of, logistic) for of in (("regular_road",), BUMPS)))
    windows = np.array([middle(values) for of in data.values() for values in of])
    lengths = np.array([[float(len(values))] for of in data.values() for values in of])
    for name, features, learn in (
        ("middle 1.1 s, bands and shape, logistic", convolutions.bands(windows), logistic),
        ("middle 1.1 s, random convolutions", convolutions.random_convolutions(windows), convolutions.ridge),
        ("length of the series (must not be used)", np.log(lengths), logistic),
    ):
        found[name] = repeated(kind, features, learn)
    return found


def middle(values: Array) -> Array:
    """The middle 1.1 s about their mean."""
    first = (len(values) - MIDDLE) // 2
    return np.asarray(values[first : first + MIDDLE] - values[first : first + MIDDLE].mean())


def repeated(kind: Array, features: Array, learn: Learner) -> Aucs:
    """Mean over several partitions into folds."""
    tries = [
        aucs(kind, *(_learnt(kind, features, of, learn, seed) for of in (("regular_road",), BUMPS)))
        for seed in range(REPEATS)
    ]
    return float(np.mean([r for r, _ in tries])), float(np.mean([b for _, b in tries]))


def aucs(kind: Array, against_road: Array, against_bumps: Array) -> Aucs:
    """Against regular road by the first score, against both kinds of bumps by the second."""
    holes, road, bumps = kind == "potholes", kind == "regular_road", np.isin(kind, BUMPS)
    return auc(against_road[holes], against_road[road]), auc(against_bumps[holes], against_bumps[bumps])


def auc(positive: Array | list[float], negative: Array | list[float]) -> float:
    """Area under the ROC curve: how often a positive one scores above a negative one (ties count half)."""
    p, n = np.array(positive)[:, None], np.array(negative)[None, :]
    return float((p > n).mean() + (p == n).mean() / 2)


def _learnt(kind: Array, rows: Array, against: tuple[str, ...], learn: Learner, seed: int = 0) -> Array:
    among = np.isin(kind, ("potholes", *against))
    folds = np.random.default_rng(seed).permutation(len(kind)) % FOLDS
    score = np.zeros(len(kind))
    score[among] = left_out(rows[among], (kind[among] == "potholes").astype(float), list(folds[among]), learn)
    return score
