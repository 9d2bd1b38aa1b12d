"""Pothole, bump or other: boosted trees over an impact's features, as a column expression.

The trees are data (``model.py``, written by ``make fit``); each is a chain of comparisons, so that both engines
evaluate them without a Python worker. The scores are log-odds: a sum over trees, through a softmax over the three
kinds.
"""

from __future__ import annotations

from functools import cache, reduce
from operator import add

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from pothole.geo import steady
from pothole.stages.features import FEATURES
from pothole.stages.frames import shorten
from pothole.stages.model import KINDS, START, TREES, Node
from pothole.stages.settings import ClassifySettings

KNOWN_STRUCTURE_PROBABILITY = 0.02
"""Probability of a pothole left to an impact at a known structure."""


def _tree(node: Node) -> str:
    if isinstance(node, float):
        return f"CAST({node!r} AS DOUBLE)"
    feature, threshold, low, high = node
    return f"CASE WHEN {feature} <= {threshold!r} THEN {_tree(low)} ELSE {_tree(high)} END"


@cache
def log_odds(kind: int) -> Column:
    """Sum of the trees of one kind, as one SQL expression: both engines read it faster than nested columns."""
    return F.expr(" + ".join([f"CAST({START[kind]!r} AS DOUBLE)", *(_tree(tree) for tree in TREES[kind])]))


def classify(impacts: DataFrame, settings: ClassifySettings) -> DataFrame:
    """Impacts with ``pothole_probability`` (0..1), ``kind`` (pothole / bump / other) and ``is_pothole``."""
    steadied = shorten(impacts.withColumns({name: steady(F.col(name)) for name in FEATURES}))
    scored = shorten(steadied.withColumns({f"z_{kind}": log_odds(i) for i, kind in enumerate(KINDS)}))
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
