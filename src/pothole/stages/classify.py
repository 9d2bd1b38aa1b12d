"""Pothole, bump or other: boosted trees over an impact's features, as a column expression.

The trees are data (``model.py``, written by ``make fit``). They are symmetric: all nodes of a level ask the same
question, so a tree is a few comparisons that make a number, and a list in which that number finds the leaf. A leaf
holds the log-odds of all three kinds, in thousandths, packed into one integer: sums of integers are the same in
whatever order they are added up, and both engines evaluate them without a Python worker.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, reduce
from operator import add

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from pothole.geo import steady
from pothole.stages.features import FEATURES
from pothole.stages.model import KINDS, SINGLE, Model, Tree
from pothole.stages.settings import ClassifySettings

KNOWN_STRUCTURE_PROBABILITY = 0.02
"""Probability of a pothole left to an impact at a known structure."""

LEAF_RANGE = 3000
"""Leaves lie within this many thousandths of zero."""
_BASE = 10**6  # a kind's share of the packed sum
_TREES_A_COLUMN = 15


def _packed(leaf: tuple[int, ...]) -> int:
    return sum((value + LEAF_RANGE) * _BASE**kind for kind, value in enumerate(leaf))


def _tree(tree: Tree) -> str:
    questions, leaves = tree
    place = " + ".join(
        f"CASE WHEN {name} > {over!r} THEN {1 << i} ELSE 0 END" for i, (name, over) in enumerate(questions)
    )
    return f"element_at(array({', '.join(f'{_packed(leaf)}' for leaf in leaves)}), 1 + {place})"


@cache
def _packed_sums(trees: tuple[Tree, ...]) -> dict[str, Column]:
    """The packed leaves added up, some trees a column, as SQL: both engines read it faster than nested columns."""
    groups = [trees[i : i + _TREES_A_COLUMN] for i in range(0, len(trees), _TREES_A_COLUMN)]
    return {f"trees_{i}": F.expr(" + ".join(map(_tree, group))) for i, group in enumerate(groups)}


def kind_shares(frame: DataFrame, model: Model, features: Sequence[str]) -> DataFrame:
    """The frame with the model's ``p_pothole``, ``p_bump`` and ``p_other``, which add up to 1."""
    start, trees = model

    def log_odds(kind: int) -> Column:
        """A kind's share of the packed sum, less what was added to make it positive."""
        share = F.expr(f"(trees div {_BASE**kind}) % {_BASE}")
        return F.lit(start[kind]) + (share - F.lit(len(trees) * LEAF_RANGE)).cast("double") / F.lit(1000.0)

    steadied = frame.withColumns({name: steady(F.col(name)) for name in features})
    sums = _packed_sums(trees)
    summed = steadied.withColumns(sums).withColumn("trees", reduce(add, (F.col(name) for name in sums)))
    scored = summed.withColumns({f"z_{kind}": log_odds(i) for i, kind in enumerate(KINDS)})
    total = reduce(add, (F.exp(F.col(f"z_{kind}")) for kind in KINDS))
    return scored.withColumns({f"p_{kind}": F.exp(F.col(f"z_{kind}")) / total for kind in KINDS})


def classify(impacts: DataFrame, settings: ClassifySettings) -> DataFrame:
    """Impacts with ``pothole_probability`` and ``bump_probability`` (0..1), each from itself, and what follows."""
    shares = kind_shares(impacts, SINGLE, FEATURES)
    p_pothole = F.when(F.col("known"), F.least(F.col("p_pothole"), F.lit(KNOWN_STRUCTURE_PROBABILITY))).otherwise(
        F.col("p_pothole")
    )
    p_bump = F.when(F.col("known"), F.lit(1.0) - p_pothole).otherwise(F.col("p_bump"))
    return with_kind(shares.withColumns({"pothole_probability": p_pothole, "bump_probability": p_bump}), settings)


def with_kind(impacts: DataFrame, settings: ClassifySettings) -> DataFrame:
    """Impacts with ``kind`` (pothole / bump / other) and ``is_pothole`` by their probabilities and ``known``."""
    pothole, bump = F.col("pothole_probability"), F.col("bump_probability")
    likely = ~F.col("known") & (steady(pothole) >= settings.pothole_probability)
    structure = F.col("known") | (steady(pothole + F.lit(2.0) * bump) >= 1.0)  # likelier than anything else
    kind = F.when(likely, F.lit("pothole")).when(structure, F.lit("bump")).otherwise(F.lit("other"))
    return impacts.withColumn("kind", kind).withColumn("is_pothole", (F.col("kind") == "pothole").cast("int"))
