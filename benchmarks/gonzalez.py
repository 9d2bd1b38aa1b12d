"""González' series of vertical acceleration by class: how well one number of a series tells potholes apart.

The series are cut around what they show, each as long as it is: its length must not be a feature, and what looks at the
moments before and after is bounded by it. Speed is unknown.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.csv as pacsv

from benchmarks import logistic
from benchmarks.detectors.trip import Array
from benchmarks.staged import ALL_PEAKS, columns, filled, judged

BUMPS = ("asphalt_bumps", "metal_bumps")
#: Of the series' strongest impact: its size, and how it goes up and down.
SHAPE = ("f_peak", "f_ratio", "f_duration", "f_down_share", "f_down_first", "f_opposite", "f_share_before",
         "f_share_core", "jolt_rms")  # fmt: skip
FOLDS = 10
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
    return found | {"features, logistic": aucs(kind, *(_learnt(kind, rows, of) for of in (("regular_road",), BUMPS)))}


def aucs(kind: Array, against_road: Array, against_bumps: Array) -> Aucs:
    """Against regular road by the first score, against both kinds of bumps by the second."""
    holes, road, bumps = kind == "potholes", kind == "regular_road", np.isin(kind, BUMPS)
    return auc(against_road[holes], against_road[road]), auc(against_bumps[holes], against_bumps[bumps])


def auc(positive: Array | list[float], negative: Array | list[float]) -> float:
    """Area under the ROC curve: how often a positive one scores above a negative one (ties count half)."""
    p, n = np.array(positive)[:, None], np.array(negative)[None, :]
    return float((p > n).mean() + (p == n).mean() / 2)


def _learnt(kind: Array, rows: Array, against: tuple[str, ...]) -> Array:
    among = np.isin(kind, ("potholes", *against))
    folds = np.random.default_rng(0).permutation(len(kind)) % FOLDS
    score = np.zeros(len(kind))
    score[among] = logistic.left_out(rows[among], (kind[among] == "potholes").astype(float), folds[among])
    return score
