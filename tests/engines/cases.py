"""Every function and operation of the supported part of PySpark, on values that engines tend to do differently."""

from __future__ import annotations

from typing import Any

from tests.engines.both import Build


def c(name: str) -> Build:
    return lambda F, W: F.col(name)


def each(form: str, build: Any, *columns: str) -> dict[str, Build]:
    return {f"{form} {name}": (lambda F, W, name=name: build(F, F.col(name))) for name in columns}


ROWS: dict[str, Build] = {
    "lit": lambda F, W: F.lit(0.1),
    "lit small": lambda F, W: F.lit(-1e-12),
    "lit large": lambda F, W: F.lit(2**40),
    "lit nan": lambda F, W: F.lit(float("nan")),
    "lit inf": lambda F, W: F.lit(float("-inf")),
    "lit none": lambda F, W: F.lit(None).cast("string"),
    "lit text": lambda F, W: F.lit("it's {0} 가"),
    "lit bool": lambda F, W: F.lit(True),
    "plus": lambda F, W: F.col("i") + F.col("b"),
    "plus double": lambda F, W: F.col("i") + F.col("d"),
    "minus": lambda F, W: 1 - F.col("b"),
    "minus reversed": lambda F, W: F.lit(0) - F.col("d"),
    "negative": lambda F, W: -F.col("d"),
    "times": lambda F, W: F.col("i") * F.col("d"),
    "divided": lambda F, W: F.col("e") / F.col("d"),
    "divided int": lambda F, W: F.col("b") / F.col("i"),
    "divided by zero": lambda F, W: F.col("d") / F.lit(0),
    "divided constant": lambda F, W: 1.0 / F.col("d"),
    "modulo": lambda F, W: F.col("b") % F.col("i"),
    "modulo double": lambda F, W: F.col("d") % F.col("e"),
    "modulo constant": lambda F, W: F.col("d") % F.lit(360.0),
    "div": lambda F, W: F.expr("b div 7"),
    "element_at": lambda F, W: F.expr("element_at(array(10, 20, 30), 1 + CASE WHEN e > 1.0 THEN 1 ELSE 0 END)"),
    "less": lambda F, W: F.col("d") < F.col("e"),
    "less or equal nan": lambda F, W: F.col("d") <= F.lit(float("nan")),
    "greater": lambda F, W: F.col("d") > F.col("e"),
    "greater than inf": lambda F, W: F.col("d") > F.lit(float("inf")),
    "greater or equal": lambda F, W: F.col("i") >= 2,
    "equal": lambda F, W: F.col("d") == F.col("d"),
    "equal zero": lambda F, W: F.col("d") == F.lit(-0.0),
    "not equal": lambda F, W: F.col("s") != F.lit("x"),
    "text order": lambda F, W: F.col("s") < F.lit("z"),
    "and": lambda F, W: F.col("t") & (F.col("i") > 0),
    "or": lambda F, W: F.col("t") | (F.col("i") > 0),
    "not": lambda F, W: ~F.col("t"),
    "is null": lambda F, W: F.col("d").isNull(),
    "is not null": lambda F, W: F.col("t").isNotNull(),
    "between": lambda F, W: F.col("d").between(-0.5, 1.5),
    "isin": lambda F, W: F.col("s").isin("x", "~"),
    "when": lambda F, W: F.when(F.col("i") > 0, F.col("d")).when(F.col("t"), 7).otherwise(F.col("b")),
    "when alone": lambda F, W: F.when(F.col("t"), F.col("s")),
    "coalesce": lambda F, W: F.coalesce("i", "b", F.lit(1.5)),
    "greatest": lambda F, W: F.greatest("d", "e", F.lit(0.0)),
    "least": lambda F, W: F.least("d", "e"),
    "greatest mixed": lambda F, W: F.greatest("i", "d"),
    "concat_ws": lambda F, W: F.concat_ws("{|}", "s", "g", F.col("i").cast("string")),
    "replace": lambda F, W: F.replace(F.col("s"), F.lit("|"), F.lit("~|")),
    "replace nothing": lambda F, W: F.replace("s", F.lit(""), F.lit("-")),
    "sha2": lambda F, W: F.sha2("s", 256),
    "substring": lambda F, W: F.substring("s", 1, 2),
    "substring inside": lambda F, W: F.substring("s", 2, 16),
    "struct": lambda F, W: F.struct(F.col("i").alias("n"), F.col("d").alias("of it")),
    "sequence": lambda F, W: F.sequence(F.col("i").cast("bigint"), F.lit(3).cast("bigint")),
    "atan2": lambda F, W: F.atan2("d", "e"),
    "pow": lambda F, W: F.pow("d", F.lit(2.0)),
    "pow root": lambda F, W: F.pow("e", F.lit(0.5)),
    "round to 9": lambda F, W: F.round(F.col("d") * 1.23456789012, 9),
    "round int": lambda F, W: F.round("i", 2),
    "floor int": lambda F, W: F.floor("b"),
    "cast int": lambda F, W: F.when(F.abs("d") < 1e6, F.col("d")).cast("int"),
    "cast bigint": lambda F, W: F.when(F.abs("d") < 1e6, F.col("d") * 3).cast("bigint"),
    "cast double": lambda F, W: F.col("b").cast("double"),
    "cast boolean": lambda F, W: F.col("i").cast("boolean"),
    "cast of boolean": lambda F, W: F.col("t").cast("int"),
    "text of bigint": lambda F, W: F.col("b").cast("string"),
    "text of boolean": lambda F, W: F.col("t").cast("string"),
    **each("floor", lambda F, x: F.floor(F.when(F.abs(x) < 1e12, x)), "d", "e"),
    **each("ceil", lambda F, x: F.ceil(F.when(F.abs(x) < 1e12, x)), "d", "e"),
    **each("round", lambda F, x: F.round(x), "d", "e"),
    **each("abs", lambda F, x: F.abs(x), "d", "i"),
    **each("sqrt", lambda F, x: F.sqrt(x), "d", "e", "i"),
    **each("log", lambda F, x: F.log(x), "d", "e", "b"),
    **each("exp", lambda F, x: F.exp(x), "d", "e"),
    **each("sin", lambda F, x: F.sin(x), "d", "e"),
    **each("cos", lambda F, x: F.cos(x), "d", "e"),
    **each("acos", lambda F, x: F.acos(x), "d", "e"),
    **each("degrees", lambda F, x: F.degrees(x), "d", "e"),
    **each("radians", lambda F, x: F.radians(x), "d", "i"),
    **each("signum", lambda F, x: F.signum(x), "d", "e"),
    **each("isnan", lambda F, x: F.isnan(x), "d", "e"),
}

#: By ``g``.
GROUPS: dict[str, Build] = {
    "count rows": lambda F, W: F.count(F.lit(1)),
    "count star": lambda F, W: F.count("*"),
    "count": lambda F, W: F.count("d"),
    "count_distinct": lambda F, W: F.count_distinct("b"),
    "count_distinct doubles": lambda F, W: F.count_distinct("d"),
    "sum int": lambda F, W: F.sum("i"),
    "sum bigint": lambda F, W: F.sum("b"),
    "sum double": lambda F, W: F.sum("e"),
    "avg int": lambda F, W: F.avg("i"),
    "avg": lambda F, W: F.avg("d"),
    "max": lambda F, W: F.max("d"),
    "min": lambda F, W: F.min("d"),
    "max text": lambda F, W: F.max("s"),
    "min boolean": lambda F, W: F.min("t"),
    "percentile": lambda F, W: F.percentile("e", F.lit(0.5)),
    "percentile int": lambda F, W: F.percentile("i", F.lit(0.25)),
    "percentile bigint": lambda F, W: F.percentile("b", 1.0),
    "min_by": lambda F, W: F.min_by("s", "id"),
    "min_by null value": lambda F, W: F.min_by("i", "id"),
    "max_by null value": lambda F, W: F.max_by("i", "id"),
    "max_by null order": lambda F, W: F.max_by("id", F.col("b") * 100 + F.col("id")),
    "min_by struct": lambda F, W: F.min_by("id", F.struct(F.col("i").alias("i"), F.col("id").alias("j"))),
    "max_by struct": lambda F, W: F.max_by("id", F.struct(F.col("d").alias("d"), (0 - F.col("id")).alias("j"))),
    "max struct": lambda F, W: F.max(F.struct(F.col("i").alias("i"), F.col("b").alias("b"))),
    "min struct": lambda F, W: F.min(F.struct(F.col("i").alias("i"), F.col("d").alias("d"))),
    "max struct or null": lambda F, W: F.max(F.when(F.col("i") > 0, F.struct(F.col("i").alias("i")))),
    "of two": lambda F, W: F.sqrt(F.sum(F.col("e") * F.col("e")) / F.count("e")),
    "sum when": lambda F, W: F.sum(F.when(F.col("t"), F.col("e")).otherwise(F.lit(0.0))),
}


def _by_g(F: Any, W: Any) -> Any:
    return W.partitionBy("g").orderBy("k", "id")


WINDOWS: dict[str, Build] = {
    "row_number": lambda F, W: F.row_number().over(_by_g(F, W)),
    "row_number descending": lambda F, W: F.row_number().over(W.partitionBy("g").orderBy(F.col("k").desc(), "id")),
    "row_number doubles": lambda F, W: F.row_number().over(W.orderBy("d", "id")),
    "row_number nulls first": lambda F, W: F.row_number().over(W.orderBy(F.col("s").asc_nulls_first(), "id")),
    "row_number nulls last": lambda F, W: F.row_number().over(
        W.orderBy(F.col("i").desc_nulls_last(), F.col("id").asc())
    ),
    "lag": lambda F, W: F.lag("e").over(_by_g(F, W)),
    "lag of two": lambda F, W: F.lag("i", 2).over(_by_g(F, W)),
    "lag forwards": lambda F, W: F.lag("i", -1).over(_by_g(F, W)),
    "lead": lambda F, W: F.lead("s", 2).over(_by_g(F, W)),
    "running sum with peers": lambda F, W: F.sum("i").over(W.partitionBy("g").orderBy("k")),
    "running count": lambda F, W: F.count("e").over(W.partitionBy("g").orderBy("k")),
    "whole partition": lambda F, W: F.max("e").over(W.partitionBy("g")),
    "range": lambda F, W: F.count(F.lit(1)).over(W.partitionBy("g").orderBy("k").rangeBetween(-2, 2)),
    "range before": lambda F, W: F.sum("b").over(W.partitionBy("g").orderBy("k").rangeBetween(-4, -1)),
    "range after": lambda F, W: F.max("id").over(W.partitionBy("g").orderBy("k").rangeBetween(1, 5)),
    "range to here": lambda F, W: F.max("id").over(
        W.partitionBy("g").orderBy("k").rangeBetween(W.unboundedPreceding, W.currentRow)
    ),
    "range from here": lambda F, W: F.min("id").over(
        W.partitionBy("g").orderBy("k").rangeBetween(W.currentRow, W.unboundedFollowing)
    ),
    "rows": lambda F, W: F.avg("i").over(_by_g(F, W).rowsBetween(-1, 1)),
    "rows before": lambda F, W: F.sum("i").over(_by_g(F, W).rowsBetween(W.unboundedPreceding, -1)),
    "window in expression": lambda F, W: F.col("e") - F.avg("e").over(W.partitionBy("g")),
    "window over expression": lambda F, W: F.sum(F.when(F.col("t"), F.lit(1)).otherwise(F.lit(0))).over(_by_g(F, W)),
    "partition by expression": lambda F, W: F.count(F.lit(1)).over(W.partitionBy(F.col("i") % 2)),
}

#: Whole frames.
FRAMES: dict[str, Any] = {
    "filter": lambda F, odd: odd.filter(F.col("t")).select("id"),
    "filter text": lambda F, odd: odd.where("i IS NULL OR e > 1.0").select("id"),
    "distinct": lambda F, odd: odd.select("d").distinct(),
    "distinct nulls": lambda F, odd: odd.select("g", "t").distinct(),
    "limit": lambda F, odd: odd.select("g").limit(0),
    "drop": lambda F, odd: odd.drop("s", "not there", "d"),
    "renamed": lambda F, odd: odd.withColumnsRenamed({"i": "n", "not there": "m"}).select("n", "id"),
    "columns together": lambda F, odd: odd.withColumns({"i": F.col("b"), "b": F.col("i"), "n": F.col("i")}).select(
        "i", "b", "n"
    ),
    "column again": lambda F, odd: odd.withColumn("e", F.col("e") + 1.0).select("id", "e"),
    "group by doubles": lambda F, odd: odd.groupBy("d").count(),
    "group by expression": lambda F, odd: odd.groupBy((F.col("i") % 2).alias("odd")).agg(F.count("*").alias("n")),
    "agg": lambda F, odd: odd.agg(F.sum("i").alias("s"), F.max("d").alias("m")),
    "agg of none": lambda F, odd: odd.limit(0).agg(F.sum("i").alias("s"), F.count("*").alias("n")),
    "groups of none": lambda F, odd: odd.limit(0).groupBy("g").agg(F.count("*").alias("n")),
    "union": lambda F, odd: odd.select("id", "i").unionByName(odd.select(F.col("d").alias("i"), "id")),
    "explode": lambda F, odd: odd.where("i IS NOT NULL AND i < 9").select(
        "id", F.explode(F.sequence(F.lit(0), F.col("i"))).alias("n")
    ),
    "explode null": lambda F, odd: odd.select("id", F.explode(F.sequence(F.col("i"), F.lit(2))).alias("n")),
    "field": lambda F, odd: odd.select("id", F.struct("i", "d").alias("both")).select("id", "both.d", F.col("both.i")),
    "field of max": lambda F, odd: odd.groupBy("g").agg(F.max(F.struct("i", "id")).alias("m")).select("g", "m.id"),
    **{
        f"join {how}": lambda F, odd, how=how: odd.select("g", "i", "id").join(
            odd.where("id > 4").groupBy("g", "i").agg(F.count("*").alias("n")), on=["g", "i"], how=how
        )
        for how in ("inner", "left", "left_semi", "left_anti")
    },
}

#: What the embedded engine refuses while it runs, where Spark wraps around or gives the nearest.
REFUSED: dict[str, Build] = {
    "int overflow": lambda F, W: (F.col("i") + F.lit(2**31 - 1)) + F.lit(2**31 - 1),
    "bigint overflow": lambda F, W: F.col("b") * F.lit(2**40),
    "infinity as bigint": lambda F, W: F.col("d").cast("bigint"),
    "floor of nan": lambda F, W: F.floor("d"),
    "sum overflow": lambda F, W: F.sum(F.when(F.col("id") < 2, F.lit(2**62)).otherwise(F.lit(2**62))).over(
        W.partitionBy("g")
    ),
}
