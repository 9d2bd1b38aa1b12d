"""The supported part of PySpark: what is not in it raises at once, by name, with what there is."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from pothole.engines.sql import modules
from pothole.engines.sql.errors import NotSupportedError
from pothole.engines.sql.types import Array, Struct
from tests.engines import both as both_engines
from tests.engines import cases


@pytest.fixture
def F(on_duckdb: SimpleNamespace) -> object:
    return on_duckdb.F


def test_an_unknown_function_is_named_with_the_list_of_what_there_is(F):
    with pytest.raises(NotSupportedError, match=r"no function 'regexp_extract'; there is abs, .*, coalesce, .*, when"):
        _ = F.regexp_extract


@pytest.mark.parametrize(
    ("ask", "told"),
    [
        (lambda on: on.odd.crossJoin, r"no DataFrame.crossJoin; there is agg, collect"),
        (lambda on: on.F.col("i").rlike, r"no Column.rlike; there is alias, asc"),
        (lambda on: on.W.rangeBetween, r"no Window.rangeBetween; there is currentRow, orderBy"),
        (lambda on: on.W.partitionBy("g").ntile, r"no WindowSpec.ntile; there is"),
        (lambda on: on.odd.groupBy("g").pivot, r"no GroupedData.pivot; there is agg, count"),
        (lambda on: on.odd.select("n"), r"no column 'n' in this frame; there is b, d, e, g, i, id, k, s, t"),
        (lambda on: on.odd.where(on.F.col("i.x") > 1), r"no column 'i.x'"),
        (lambda on: on.odd.select(on.F.col("i") + 1), r"no column without a name; give it one with .alias"),
        (lambda on: on.odd.select("i", on.F.col("d").alias("i")), r"no two columns of one name: i, i"),
        (lambda on: on.odd.join(on.odd, on=["id"]), r"both have b, d, e, g, i, k, s, t; rename or drop them"),
        (lambda on: on.odd.join(on.odd, on=["id"], how="outer"), r"no join 'outer'; there is inner, left"),
        (lambda on: on.odd.unionByName(on.odd.drop("d")), r"different columns \(d in one alone\)"),
        (lambda on: on.odd.select(on.F.abs("i").over(on.W.partitionBy("g")).alias("x")), r"no window over abs"),
        (lambda on: on.odd.select(on.F.col("s").cast("double").alias("x")), r"no cast from string to double"),
        (lambda on: on.odd.select(on.F.col("d").cast("string").alias("x")), r"no cast from double to string"),
        (lambda on: on.odd.select(on.F.col("d").cast("date")), r"no cast to 'date'; there is bigint, boolean"),
        (lambda on: on.F.lit(b"x"), r"no constant of type bytes; there is"),
        (lambda on: on.F.sha2("s", 512), r"no sha2 of 512 bits"),
        (lambda on: on.F.substring("s", -2, 1), r"no substring from the end"),
        (lambda on: on.F.round("d", -2), r"no round to less than whole numbers"),
        (lambda on: on.F.col("t").when(on.F.col("t"), 1), r"no when\(...\) on a column"),
        (lambda on: on.F.col("t").otherwise(1), r"no otherwise\(...\) on a column"),
    ],
)
def test_what_is_not_supported_raises_at_once(on_duckdb, ask, told):
    with pytest.raises(NotSupportedError, match=told):
        ask(on_duckdb)


def test_a_column_is_neither_true_nor_false(F):
    with pytest.raises(ValueError, match="use & for and"):
        bool(F.col("i") > 1 and F.col("d") > 1)


def test_types_are_followed(on_duckdb, F):
    frame = on_duckdb.odd.select(
        (F.col("i") + F.col("b")).alias("whole"),
        (F.col("i") / F.col("b")).alias("ratio"),
        F.struct("i", F.floor("d").alias("n")).alias("both"),
        F.sequence(F.lit(1), F.lit(2)).alias("list"),
        F.lit(None).alias("nothing"),
        F.expr("i + 1").alias("text"),
    )
    assert frame.types == {
        "whole": "bigint",
        "ratio": "double",
        "both": Struct((("i", "int"), ("n", "bigint"))),
        "list": Array("bigint"),
        "nothing": "void",
        "text": "unknown",
    }


def test_types_are_what_duckdb_makes_of_it(on_duckdb, F):
    """What the layer says of every case's type is the type that the engine gives."""
    for named, frame in ((cases.ROWS, on_duckdb.odd), (cases.GROUPS, on_duckdb.odd.groupBy("g"))):
        for name, build in named.items():
            column = build(F, on_duckdb.W).alias("x")
            made = frame.agg(column) if named is cases.GROUPS else frame.select(column)
            said = made.types["x"]
            if said not in ("unknown", "void"):
                assert on_duckdb.keep(made).types["x"] == said, name


def test_names_and_texts_are_quoted(on_duckdb, F):
    odd = on_duckdb.odd.select(F.lit('it\'s "{0}"').alias('a "b" {c}'), "id").where(F.col("id") == 0)
    assert odd.collect()[0]['a "b" {c}'] == 'it\'s "{0}"'
    assert odd.collect()[0].asDict() == {'a "b" {c}': 'it\'s "{0}"', "id": 0}


ALONE = """
import sys
before = set(sys.modules)
from pothole import engines
engine = engines.start("duckdb", threads=1)
geo = engine.module("pothole.geo")
stage1 = engine.module("pothole.stages.stage1")
assert stage1.F.__name__ == "pothole.engines.sql.functions"
assert engine.module("pothole.stages.stage1") is stage1
detect = engine.module("pothole.stages.detect")
assert engine.module("pothole.stages.classify") is stage1.classify
assert detect.steady is geo.steady
print(sorted(n for n in sys.modules if n.startswith(("pyspark", "pothole.stages.stage1", "pothole.geo"))))
try:
    engine.module("pothole.stages.nothing")
except ModuleNotFoundError as error:
    print(error)
engine.activate()
import pyspark.sql.functions as F
from pyspark.sql import Window
from pothole.stages import stage1 as activated
assert F is activated.F is stage1.F and Window is detect.trip_window.__globals__["Window"]
"""


def test_stages_are_given_the_layer_and_nothing_else_is_touched():
    done = subprocess.run([sys.executable, "-c", ALONE], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["[]", "No module named 'pothole.stages.nothing'"]


def test_a_stage_that_imports_more_of_pyspark_is_told_what_there_is(tmp_path, monkeypatch):
    import pothole.stages

    (tmp_path / "typed.py").write_text("from pyspark.sql.types import LongType\n")
    monkeypatch.setattr(pothole.stages, "__path__", [*pothole.stages.__path__, str(tmp_path)])
    with pytest.raises(ModuleNotFoundError, match=r"no pyspark\.sql\.types; there is pyspark, pyspark\.sql, "):
        modules.stage_module("pothole.stages.typed")


def test_activation_can_be_undone():
    import sys

    before = sys.modules.get("pyspark")
    modules.deactivate()
    there = {n: m for n, m in sys.modules.items() if n.startswith("pyspark")}
    modules.activate()
    modules.activate()
    assert sys.modules["pyspark"] is modules.as_pyspark()["pyspark"]
    modules.deactivate()
    assert {n: m for n, m in sys.modules.items() if n.startswith("pyspark")} == there
    if before is not None and before is not there.get("pyspark"):
        modules.activate()


def test_every_function_and_method_has_a_case_that_is_run_on_both_engines(on_duckdb):
    from pothole.engines.sql import Column, DataFrame, GroupedData, WindowSpec
    from pothole.engines.sql.errors import public

    both = Path(cases.__file__).read_text() + Path(both_engines.__file__).read_text()
    own = {
        "sql",
        "named",
        "types",
        "cast",
        "otherwise",
        "partition",
        "order",
        "frame",
        "partitionBy",
    }  # used throughout
    missing = [name for name in on_duckdb.F.__all__ if f"F.{name}(" not in both]
    for kind in (Column, DataFrame, GroupedData, WindowSpec):
        missing += [name for name in public(kind) if name not in own and f".{name}" not in both]
    assert missing == []
