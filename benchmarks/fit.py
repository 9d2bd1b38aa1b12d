"""``make fit``: learn the classifier on simulated fleets and write it as ``src/pothole/stages/model.py``.

Gradient-boosted symmetric trees over the impact's features (Friedman 2001; Prokhorenkova et al. 2018), small enough to
be read as comparisons by both engines. The seeds here are not those of ``make score``.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from catboost import CatBoostClassifier

from benchmarks.candidates import CAUSES, labelled
from pothole import engines

SEEDS = {"standard": (*range(301, 309), *range(331, 337)), "hard": (311, 312, 313, 331, 332)}
TRIPS = 300
MODEL = Path(__file__).parents[1] / "src" / "pothole" / "stages" / "model.py"


def learn(features: np.ndarray, causes: np.ndarray, trees: int, depth: int) -> CatBoostClassifier:
    """Fit the three kinds by symmetric trees."""
    model = CatBoostClassifier(
        iterations=trees, depth=depth, learning_rate=22.5 / trees, l2_leaf_reg=3, loss_function="MultiClass",
        border_count=64, random_seed=0, thread_count=2, verbose=0, allow_writing_files=False,
    )  # fmt: skip
    return model.fit(features, causes)


WITHOUT_AXIS = {
    "f_roll": np.log(0.1), "f_roll_share": -1.0, "f_roll_peak_share": -1.0, "f_roll_ratio": -3.0,
    "f_roll_around": np.log(0.1), "f_nose_down_first": 0.0, "f_aside": -1.0, "f_aside_share": -1.0,
    "f_aside_ratio": -3.0, "f_roll_core_ratio": -3.0, "f_aside_core_ratio": -3.0,
}  # fmt: skip
"""What ``stages.features`` gives where the vehicle's forward axis is unknown."""
BLIND_SHARE = 0.2


def with_blind(features: np.ndarray, causes: np.ndarray, names: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray]:
    """The impacts, and some of them once more as a device without a forward axis tells them, half without a gyroscope.

    Simulated trips always have curves and a changing speed; without these copies such a device is never believed.
    """
    chosen = np.random.default_rng(0).random(len(features)) < BLIND_SHARE
    blind, blind_causes = features[chosen], causes[chosen]
    for name, value in WITHOUT_AXIS.items():
        blind[:, names.index(name)] = value
    mute = np.arange(len(blind)) % 2 == 0
    peak = np.exp(blind[mute, names.index("f_peak")])
    blind[mute, names.index("f_tilt")] = np.log(1.0 / peak + 0.1)
    blind[mute, names.index("f_tilt_rms")] = 0.0
    return np.concatenate([features, blind]), np.concatenate([causes, blind_causes])


def as_trees(model: CatBoostClassifier, names: tuple[str, ...]) -> tuple[tuple[float, ...], list[Any]]:
    """Start values and trees: questions (feature, over) and leaves of three log-odds in thousandths.

    The i-th question is the i-th bit of a leaf's number.
    """
    from pothole.stages.classify import LEAF_RANGE

    with tempfile.TemporaryDirectory() as folder:
        model.save_model(f"{folder}/model.json", format="json")
        stored = json.loads(Path(folder, "model.json").read_text())
    scale, start = stored["scale_and_bias"]
    trees = []
    for tree in stored["oblivious_trees"]:
        questions = tuple((names[s["float_feature_index"]], round(s["border"], 5)) for s in tree["splits"])
        values = np.round(1000 * scale * np.array(tree["leaf_values"])).astype(int).reshape(-1, len(CAUSES))
        if np.abs(values).max() > LEAF_RANGE:
            raise SystemExit(
                f"a leaf of {np.abs(values).max()} does not fit into {LEAF_RANGE}: more trees, smaller steps"
            )
        trees.append((questions, tuple(map(tuple, values.tolist()))))
    return tuple(round(float(s), 5) for s in start), trees


def write(model: CatBoostClassifier, names: tuple[str, ...], path: Path) -> None:
    """Write the model as a Python module of plain data."""
    start, trees = as_trees(model, names)
    lines = [
        '"""The fitted classifier: written by ``make fit``, not by hand."""',
        "",
        "# fmt: off",
        "# A tree: questions (feature, over which value), and leaves of log-odds in thousandths, one of each kind.",
        "# The i-th question answered with yes adds 2^i to the leaf's place.",
        "Tree = tuple[tuple[tuple[str, float], ...], tuple[tuple[int, ...], ...]]",
        f"KINDS = {CAUSES!r}",
        f"START = {start!r}",
        "TREES: tuple[Tree, ...] = (",
        *(f"    {tree!r},  # noqa: E501" for tree in trees),
        ")",
        "",
    ]
    path.write_text("\n".join(lines), encoding="utf-8")


def main() -> None:
    """Simulate, learn, write."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--trees", type=int, default=150)
    arguments.add_argument("--depth", type=int, default=5)
    arguments.add_argument("--trips", type=int, default=TRIPS)
    arguments.add_argument("--cache", type=Path, help="keep the candidates here, or take them from here")
    given = arguments.parse_args()
    engine = engines.start("duckdb")
    from pothole.stages.features import FEATURES

    if given.cache and given.cache.exists():
        stored = np.load(given.cache, allow_pickle=True)
        features, causes = stored["features"], stored["causes"]
    else:
        parts = [labelled(engine, seed, setting, given.trips) for setting, seeds in SEEDS.items() for seed in seeds]
        features = np.concatenate([np.stack([t[f].to_numpy() for f in FEATURES], 1) for t, _ in parts])
        causes = np.concatenate([c for _, c in parts])
        if given.cache:
            np.savez(given.cache, features=features, causes=causes)
    usable = causes >= 0
    model = learn(*with_blind(features[usable], causes[usable], FEATURES), given.trees, given.depth)
    write(model, FEATURES, MODEL)
    shares = ", ".join(f"{name} {np.mean(causes[usable] == i):.2f}" for i, name in enumerate(CAUSES))
    print(f"{usable.sum()} impacts of {sum(map(len, SEEDS.values()))} fleets ({shares}); accuracy on them "
          f"{model.score(features[usable], causes[usable]):.3f}; wrote {MODEL.name}")  # fmt: skip
    importance = sorted(zip(FEATURES, model.feature_importances_, strict=True), key=lambda f: -f[1])
    print("most telling:", ", ".join(f"{name} {share:.2f}" for name, share in importance[:10]))


if __name__ == "__main__":
    main()
