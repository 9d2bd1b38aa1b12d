"""What all stages share in handling frames."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F
from pyspark.sql.window import WindowSpec

#: The engine's way to compute a frame once that is used more than once: the same rows come back.
Keep = Callable[[DataFrame], DataFrame]


def hashed(*parts: Column) -> Column:
    """An id from a key's texts: SHA-256, 16 hex digits.

    The texts are joined by ``|``; one that is part of a text is written ``~|``, and a ``~`` twice, so that no two keys
    are joined to the same.
    """
    marked = (F.replace(F.replace(p, F.lit("~"), F.lit("~~")), F.lit("|"), F.lit("~|")) for p in parts)
    return F.substring(F.sha2(F.concat_ws("|", *marked), 256), 1, 16)


def trip_window() -> WindowSpec:
    """The partition of all window functions: one trip of one vehicle (trip ids alone may be shared)."""
    return Window.partitionBy("vehicle_id", "trip_id")


def equi_join(left: DataFrame, right: DataFrame, on: Sequence[str], how: str = "inner") -> DataFrame:
    """Join on key columns; the result has the left columns and, unless ``how`` is semi or anti, the right's others.

    All joins of the stages go through here: the columns are named at once, so that no later expression has to guess
    which side a key comes from.
    """
    names = list(left.columns)
    if how not in ("left_semi", "left_anti"):
        names += [c for c in right.columns if c not in on]
    return left.join(right, on=list(on), how=how).select(*names)
