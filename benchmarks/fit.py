"""``make fit``: learn both models of the classifier on simulated fleets; writes ``src/pothole/stages/model.py``.

Gradient-boosted symmetric trees (Friedman 2001; Prokhorenkova et al. 2018), small enough to be read as comparisons by
both engines: one over an impact's own features, one over what it says of an impact and of those that other passes had
there. So that the second learns from probabilities as the first gives them on fleets it has not seen, each half of the
fleets is judged by a model of the other half. The seeds here are not those of ``make score``.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from catboost import CatBoostClassifier

from benchmarks.blind import with_blind
from benchmarks.candidates import CAUSES, Fleet, Wanted, fleets
from pothole import engines
from pothole.stages.features import FEATURES

TRAINING = (
    *(Wanted("standard", seed) for seed in (*range(301, 309), *range(331, 337))),
    *(Wanted("hard", seed) for seed in (311, 312, 313, 331, 332)),
    *(Wanted("standard", seed, streets=True) for seed in range(341, 345)),
    *(Wanted("fast", seed) for seed in range(351, 355)),
)
MODEL = Path(__file__).parents[1] / "src" / "pothole" / "stages" / "model.py"
SINGLE_SHAPE, FELT_SHAPE = (150, 5), (100, 3)
"""Trees and depth of the models."""


def learn(features: np.ndarray, causes: np.ndarray, trees: int, depth: int) -> CatBoostClassifier:
    """Fit the three kinds by symmetric trees."""
    model = CatBoostClassifier(
        iterations=trees, depth=depth, learning_rate=22.5 / trees, l2_leaf_reg=3, loss_function="MultiClass",
        border_count=64, random_seed=0, thread_count=2, verbose=0, allow_writing_files=False,
    )  # fmt: skip
    return model.fit(features, causes)


@dataclass(frozen=True)
class Fitted:
    """Both models, and the features of the first."""

    single: CatBoostClassifier
    felt: CatBoostClassifier
    names: tuple[str, ...]

    def probability(self, engine: engines.Engine, fleet: Fleet) -> np.ndarray:
        """Of a pothole, of every impact of a fleet, other passes considered."""
        single = alone(self.single, fleet, self.names)
        rows, features = felt(engine, fleet, single)
        probability = single[:, 0].copy()
        probability[rows] = self.felt.predict_proba(features)[:, 0]
        return probability


def fit(engine: engines.Engine, training: Sequence[Fleet], names: tuple[str, ...]) -> Fitted:
    """Both models, the first from the features ``names``."""
    halves = [training[0::2], training[1::2]]
    strangers = [single_model(half, names) for half in reversed(halves)]
    features, causes = [], []
    for half, model in zip(halves, strangers, strict=True):
        for fleet in half:
            rows, told = felt(engine, fleet, alone(model, fleet, names))
            features.append(told)
            causes.append(fleet.causes[rows])
    x, y = np.concatenate(features), np.concatenate(causes)
    return Fitted(single_model(training, names), learn(x[y >= 0], y[y >= 0], *FELT_SHAPE), names)


def single_model(training: Sequence[Fleet], names: tuple[str, ...]) -> CatBoostClassifier:
    """The first model, from the features ``names``."""
    features = np.concatenate([f.features(FEATURES) for f in training])
    causes = np.concatenate([f.causes for f in training])
    shown, shown_causes = with_blind(features[causes >= 0], causes[causes >= 0])
    return learn(shown[:, [FEATURES.index(name) for name in names]], shown_causes, *SINGLE_SHAPE)


def alone(model: CatBoostClassifier, fleet: Fleet, names: tuple[str, ...]) -> np.ndarray:
    """Probabilities (n, 3) of a fleet's impacts by themselves, known structures as Stage 1 takes them."""
    from pothole.stages.classify import KNOWN_STRUCTURE_PROBABILITY

    shares = np.array(model.predict_proba(fleet.features(names)))
    known = fleet.impacts["known"].to_numpy(zero_copy_only=False)
    shares[known, 0] = np.minimum(shares[known, 0], KNOWN_STRUCTURE_PROBABILITY)
    shares[known, 1], shares[known, 2] = 1 - shares[known, 0], 0.0
    return shares


def felt(engine: engines.Engine, fleet: Fleet, single: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows of the impacts that are judged again, and the second model's features of them."""
    from pothole.stages import corroborate
    from pothole.stages.settings import CorroborateSettings

    impacts = fleet.impacts.select(["impact_id", "vehicle_id", "trip_id", "lon", "lat", "heading", "known"])
    for kind, name in enumerate(("pothole", "bump")):
        impacts = impacts.append_column(f"single_{name}_probability", pa.array(single[:, kind]))
    told = engine.to_arrow(
        corroborate.felt_by_others(
            engine.from_arrow(impacts, "impacts"),
            engine.from_arrow(fleet.traversals, "traversals"),
            CorroborateSettings(),
            engine.keep,
        )
    )
    engine.forget()
    rows = np.array([int(i) for i in told["impact_id"].to_pylist()], int)
    order = np.argsort(rows)
    return rows[order], np.stack([told[name].to_numpy() for name in corroborate.FEATURES], 1)[order]


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


def write(fitted: Fitted, path: Path) -> None:
    """Write the models as a Python module of plain data."""
    from pothole.stages import corroborate

    lines = [
        '"""The fitted classifier: written by ``make fit``, not by hand."""',
        "",
        "# fmt: off",
        "# A tree: questions (feature, over which value), and leaves of log-odds in thousandths, one of each kind.",
        "# The i-th question answered with yes adds 2^i to the leaf's place.",
        "Tree = tuple[tuple[tuple[str, float], ...], tuple[tuple[int, ...], ...]]",
        "Model = tuple[tuple[float, ...], tuple[Tree, ...]]  # start values of the kinds, and trees",
        f"KINDS = {CAUSES!r}",
    ]
    for name, model, features in (
        ("SINGLE", fitted.single, fitted.names),
        ("FELT", fitted.felt, corroborate.FEATURES),
    ):
        start, trees = as_trees(model, features)
        lines += [
            f"{name}: Model = ({start!r}, (",
            *(f"    {tree!r},  # noqa: E501" for tree in trees),
            "))",
        ]
    path.write_text("\n".join([*lines, ""]), encoding="utf-8")


def main() -> None:
    """Simulate, learn, write."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--cache", type=Path, help="a folder that keeps the fleets' impacts, or has them")
    given = arguments.parse_args()
    engine = engines.start("duckdb")
    from pothole.stages import corroborate

    training = fleets(engine, TRAINING, given.cache)
    fitted = fit(engine, training, FEATURES)
    write(fitted, MODEL)
    causes = np.concatenate([f.causes for f in training])
    shares = ", ".join(f"{name} {np.mean(causes[causes >= 0] == i):.2f}" for i, name in enumerate(CAUSES))
    print(f"{(causes >= 0).sum()} impacts of {len(training)} fleets ({shares}); wrote {MODEL.name}")
    for model, names in ((fitted.single, FEATURES), (fitted.felt, corroborate.FEATURES)):
        importance = sorted(zip(names, model.feature_importances_, strict=True), key=lambda f: -f[1])
        print("most telling:", ", ".join(f"{name} {share:.1f}" for name, share in importance[:10]))


if __name__ == "__main__":
    main()
