"""Pothole, bump or other: boosted trees over an impact's features, as a column expression.

The trees are data (``model.py``, written by ``make fit``). They are symmetric: all nodes of a level ask the same
question, so a tree is a few comparisons that make a number, and a list in which that number finds the leaf. A leaf
holds the log-odds of all three kinds, in thousandths, packed into one integer: sums of integers are the same in
whatever order they are added up, and both engines evaluate them without a Python worker.
"""

from __future__ import annotations

from functools import cache, reduce
from operator import add

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from pothole.geo import steady
from pothole.stages.features import FEATURES
from pothole.stages.frames import shorten
from pothole.stages.model import KINDS, START, TREES, Tree
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
def _packed_sums() -> dict[str, Column]:
    """The packed leaves added up, some trees a column, as SQL: both engines read it faster than nested columns."""
    groups = [TREES[i : i + _TREES_A_COLUMN] for i in range(0, len(TREES), _TREES_A_COLUMN)]
    return {f"trees_{i}": F.expr(" + ".join(map(_tree, group))) for i, group in enumerate(groups)}


def _log_odds(kind: int) -> Column:
    """A kind's share of the packed sum, less what was added to make it positive."""
    share = F.expr(f"(trees div {_BASE**kind}) % {_BASE}")
    return F.lit(START[kind]) + (share - F.lit(len(TREES) * LEAF_RANGE)).cast("double") / F.lit(1000.0)


def classify(impacts: DataFrame, settings: ClassifySettings) -> DataFrame:
    """Impacts with ``pothole_probability`` (0..1), ``kind`` (pothole / bump / other) and ``is_pothole``."""
    steadied = shorten(impacts.withColumns({name: steady(F.col(name)) for name in FEATURES}))
    sums = _packed_sums()
    summed = shorten(steadied.withColumns(sums)).withColumn("trees", reduce(add, (F.col(name) for name in sums)))
    scored = shorten(shorten(summed).withColumns({f"z_{kind}": _log_odds(i) for i, kind in enumerate(KINDS)}))
    total = reduce(add, (F.exp(F.col(f"z_{kind}")) for kind in KINDS))
    shares = scored.withColumns({f"p_{kind}": F.exp(F.col(f"z_{kind}")) / total for kind in KINDS})
    p_pothole = F.when(F.col("known"), F.least(F.col("p_pothole"), F.lit(KNOWN_STRUCTURE_PROBABILITY))).otherwise(
        F.col("p_pothole")
    )
    likely = steady(F.col("p_pothole")) >= settings.pothole_probability
    bump = F.col("known") | (steady(F.col("p_bump") - F.col("p_other")) >= 0)
    kind = F.when(~F.col("known") & likely, F.lit("pothole")).when(bump, F.lit("bump")).otherwise(F.lit("other"))
    return shares.withColumns(
        {
            "pothole_probability": p_pothole,
            "bump_probability": F.when(F.col("known"), F.lit(1.0) - p_pothole).otherwise(F.col("p_bump")),
            "kind": kind,
        }
    ).withColumn("is_pothole", (F.col("kind") == "pothole").cast("int"))
