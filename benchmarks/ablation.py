"""``python -m benchmarks.ablation``: what each group of the classifier's questions earns, left out in turn.

Fitted on the fleets of ``make fit`` (``--cache`` takes its file), judged on fleets of seeds 201 and 202 by the F1 of
impacts at the threshold that is best there: a comparison of the groups with each other, not a figure of how good
detection is.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.candidates import CAUSES, labelled
from benchmarks.fit import SEEDS, TRIPS, learn
from pothole import engines

JUDGED = (("standard", 201), ("standard", 202), ("hard", 201), ("hard", 202))
GROUPS = {
    "nothing": (),
    "roll against pitch (gyroscope and forward axis)": (
        "f_roll", "f_roll_share", "f_roll_peak_share", "f_roll_ratio", "f_roll_around", "f_nose_down_first",
    ),
    "sideways against ahead (forward axis)": ("f_aside", "f_aside_share", "f_aside_ratio"),
    "all that needs the forward axis": (
        "f_roll", "f_roll_share", "f_roll_peak_share", "f_roll_ratio", "f_roll_around", "f_nose_down_first", "f_aside",
        "f_aside_share", "f_aside_ratio",
    ),
    "what stands out of the road around": ("f_local_ratio", "f_surroundings"),
    "the trip's own scale": ("f_ratio",),
    "absolute strength": ("f_peak",),
    "which way first": ("f_down_first", "f_down_share", "f_opposite", "f_nose_down_first"),
    "length and place of the energy": ("f_duration", "f_share_before", "f_share_core"),
    "acceleration across the vertical": ("f_shake", "f_shake_max"),
    "turning about any level axis": ("f_tilt", "f_tilt_rms"),
    "speed": ("f_speed",),
    "rate of samples": ("f_rate",),
}  # fmt: skip


def best_f1(probability: np.ndarray, causes: np.ndarray, missed: int) -> float:
    """F1 of potholes at the best threshold; ``missed`` had no candidate."""
    right = np.cumsum(causes[np.argsort(-probability, kind="stable")] == CAUSES.index("pothole"))
    total = int((causes == CAUSES.index("pothole")).sum()) + missed
    return float((2 * right / (np.arange(1, len(right) + 1) + total)).max())


def main() -> None:
    """Fit without each group, print what is left."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--cache", type=Path, help="candidates as `python -m benchmarks.fit --cache` keeps them")
    given = arguments.parse_args()
    engine = engines.start("duckdb")
    from pothole.stages.features import FEATURES

    def columns(table: object) -> np.ndarray:
        return np.stack([table[f].to_numpy() for f in FEATURES], 1)  # type: ignore[index]

    if given.cache and given.cache.exists():
        stored = np.load(given.cache)
        features, causes = stored["features"], stored["causes"]
    else:
        parts = [labelled(engine, seed, setting, TRIPS) for setting, seeds in SEEDS.items() for seed in seeds]
        features, causes = np.concatenate([columns(t) for t, _ in parts]), np.concatenate([c for _, c in parts])
    judged = [labelled(engine, seed, setting, TRIPS) for setting, seed in JUDGED]
    table = Table("left out", *(f"{setting} {seed}" for setting, seed in JUDGED), "mean", "costs")
    whole = 0.0
    for name, without in GROUPS.items():
        kept = [i for i, feature in enumerate(FEATURES) if feature not in without]
        model = learn(features[causes >= 0][:, kept], causes[causes >= 0], 150, 5)
        scores = [best_f1(model.predict_proba(columns(t)[:, kept])[:, 0], c, 0) for t, c in judged]
        whole = whole or float(np.mean(scores))
        table.add_row(name, *(f"{s:.3f}" for s in scores), f"{np.mean(scores):.3f}", f"{whole - np.mean(scores):.3f}")
    Console(width=130).print(table)


if __name__ == "__main__":
    main()
