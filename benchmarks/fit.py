"""``make fit``: learn the classifier on simulated fleets and write it as ``src/pothole/stages/model.py``.

Gradient-boosted trees over the impact's features (Friedman 2001), small enough to be read as comparisons by both
engines. The
seeds here are not those of ``make score``.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.ensemble import GradientBoostingClassifier

from benchmarks.candidates import CAUSES, labelled
from pothole import engines

SEEDS = {"standard": tuple(range(101, 107)), "hard": (111, 112), "easy": (121,)}
TRIPS = 150
MODEL = Path(__file__).parents[1] / "src" / "pothole" / "stages" / "model.py"


def learn(features: np.ndarray, causes: np.ndarray, trees: int, depth: int) -> GradientBoostingClassifier:
    """Fit the three kinds."""
    model = GradientBoostingClassifier(
        n_estimators=trees, max_depth=depth, learning_rate=0.12, subsample=0.7, min_samples_leaf=25, random_state=0
    )
    return model.fit(features, causes)


def as_tuple(tree: Any, node: int, names: tuple[str, ...], rate: float) -> Any:
    """A fitted tree as nested tuples (feature, threshold, tree if at most, tree if above), leaves as floats."""
    if tree.children_left[node] == -1:
        return round(rate * float(tree.value[node].ravel()[0]), 5)
    low, high = (as_tuple(tree, child[node], names, rate) for child in (tree.children_left, tree.children_right))
    return names[tree.feature[node]], round(float(tree.threshold[node]), 5), low, high


def write(model: GradientBoostingClassifier, names: tuple[str, ...], path: Path) -> None:
    """Write the model as a Python module of plain data."""
    start = np.log(np.maximum(1e-6, model.init_.class_prior_))
    lines = [
        '"""The fitted classifier: written by ``make fit``, not by hand."""',
        "",
        "from typing import Any",
        "",
        "# fmt: off",
        "# A tree is a leaf (log-odds) or (feature, threshold, tree if at most, tree if above).",
        "Node = float | tuple[str, float, Any, Any]",
        f"KINDS = {CAUSES!r}",
        f"START = {tuple(round(float(s), 5) for s in start)!r}",
        "TREES = (",
    ]
    for kind in range(len(CAUSES)):
        lines.append("    (")
        for stage in model.estimators_:
            lines.append(f"        {as_tuple(stage[kind].tree_, 0, names, model.learning_rate)!r},  # noqa: E501")
        lines.append("    ),")
    path.write_text("\n".join([*lines, ")", ""]), encoding="utf-8")


def main() -> None:
    """Simulate, learn, write."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--trees", type=int, default=50)
    arguments.add_argument("--depth", type=int, default=3)
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
    model = learn(features[usable], causes[usable], given.trees, given.depth)
    write(model, FEATURES, MODEL)
    shares = ", ".join(f"{name} {np.mean(causes[usable] == i):.2f}" for i, name in enumerate(CAUSES))
    print(f"{usable.sum()} impacts of {sum(map(len, SEEDS.values()))} fleets ({shares}); accuracy on them "
          f"{model.score(features[usable], causes[usable]):.3f}; wrote {MODEL.name}")  # fmt: skip
    importance = sorted(zip(FEATURES, model.feature_importances_, strict=True), key=lambda f: -f[1])
    print("most telling:", ", ".join(f"{name} {share:.2f}" for name, share in importance[:10]))


if __name__ == "__main__":
    main()
