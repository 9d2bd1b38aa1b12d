"""Pothole, bump or other: boosted trees over an impact's features, as a column expression.

The trees are data (``model.py``, written by ``make fit``); each is a chain of comparisons, so that both engines
evaluate them without a Python worker. The scores are log-odds: a sum over trees, through a softmax over the three kinds.
"""

from __future__ import annotations

from functools import reduce
from operator import add

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from pothole.geo import steady
from pothole.stages.model import KINDS, START, TREES, Node

KNOWN_STRUCTURE_PROBABILITY = 0.02
"""Probability of a pothole left to an impact at a known structure."""


def _tree(node: Node) -> Column:
    if isinstance(node, float):
        return F.lit(node)
    feature, threshold, low, high = node
    return F.when(steady(F.col(feature)) <= F.lit(threshold), _tree(low)).otherwise(_tree(high))


def log_odds(kind: int) -> Column:
    """Sum of the trees of one kind."""
    return reduce(add, (_tree(tree) for tree in TREES[kind]), F.lit(START[kind]))


def classify(impacts: DataFrame) -> DataFrame:
    """Impacts with ``pothole_probability`` (0..1), ``kind`` (pothole / bump / other) and ``is_pothole``."""
    scored = impacts.withColumns({f"z_{kind}": log_odds(i) for i, kind in enumerate(KINDS)})
    total = reduce(add, (F.exp(F.col(f"z_{kind}")) for kind in KINDS))
    shares = scored.withColumns({f"p_{kind}": F.exp(F.col(f"z_{kind}")) / total for kind in KINDS})
    p_pothole = F.when(F.col("known"), F.least(F.col("p_pothole"), F.lit(KNOWN_STRUCTURE_PROBABILITY))).otherwise(
        F.col("p_pothole")
    )
    likely = steady(F.col("p_pothole")) >= 0.5
    bump = F.col("known") | (steady(F.col("p_bump") - F.col("p_other")) >= 0)
    kind = F.when(~F.col("known") & likely, F.lit("pothole")).when(bump, F.lit("bump")).otherwise(F.lit("other"))
    return shares.withColumns(
        {
            "pothole_probability": p_pothole,
            "bump_probability": F.when(F.col("known"), F.lit(1.0) - p_pothole).otherwise(F.col("p_bump")),
            "kind": kind,
        }
    ).withColumn("is_pothole", (F.col("kind") == "pothole").cast("int"))
