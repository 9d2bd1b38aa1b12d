"""The embedded engine's functions give what Spark's give: a table of cases, and random expressions."""

from __future__ import annotations

import operator
from types import SimpleNamespace
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.engines import cases
from tests.engines.both import NAN, same, values

pytestmark = [pytest.mark.slow, pytest.mark.spark]


def asked(on: SimpleNamespace, table: str, named: dict[str, Any]) -> list[dict[str, Any]]:
    """A row's, group's values by case, all in one query."""
    built = {name: build(on.F, on.W) for name, build in named.items()}
    columns = [column.alias(f"c{i}") for i, column in enumerate(built.values())]
    key = "g" if table == "groups" else "id"
    frame = on.odd.groupBy("g").agg(*columns) if table == "groups" else on.odd.select("id", *columns)
    rows = sorted(values(frame.select(key, *(f"c{i}" for i in range(len(columns))))), key=str)
    return [dict(zip([key, *named], row, strict=True)) for row in rows]


TABLES = {"rows": cases.ROWS, "groups": cases.GROUPS, "windows": cases.WINDOWS}


@pytest.fixture(scope="module")
def spark_says(on_spark: SimpleNamespace) -> dict[str, list[dict[str, Any]]]:
    return {table: asked(on_spark, table, named) for table, named in TABLES.items()}


@pytest.mark.parametrize(("table", "name"), [(t, name) for t, named in TABLES.items() for name in named])
def test_a_function_gives_what_spark_gives(on_duckdb, spark_says, table, name):
    ours = asked(on_duckdb, table, {name: TABLES[table][name]})
    different = [
        (row, mine[name], theirs[name])
        for row, (mine, theirs) in enumerate(zip(ours, spark_says[table], strict=True))
        if not same(mine[name], theirs[name])
    ]
    assert not different


@pytest.mark.parametrize("name", cases.FRAMES)
def test_an_operation_gives_the_rows_that_spark_gives(on_duckdb, on_spark, name):
    ours, theirs = (cases.FRAMES[name](on.F, on.odd) for on in (on_duckdb, on_spark))
    assert ours.columns == theirs.columns
    mine, spark = values(ours), values(theirs)
    assert same(tuple(mine), tuple(spark)), (mine, spark)


@pytest.mark.parametrize("name", cases.REFUSED)
def test_what_does_not_fit_is_refused(on_duckdb, name):
    with pytest.raises((duckdb.OutOfRangeException, duckdb.ConversionException)):
        asked(on_duckdb, "rows", {name: cases.REFUSED[name]})


NUMBERS = st.sampled_from(["i", "d", "e", "k"]).map(lambda name: ("col", name)) | st.sampled_from(
    [0, 1, -3, 0.5, -0.25, 1e9, NAN]
).map(lambda value: ("lit", value))
TRUTHS = st.just(("col", "t"))


def _numbers(inner: st.SearchStrategy[Any], truths: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    one = st.sampled_from(["abs", "sqrt", "log", "sin", "cos", "signum", "radians", "degrees"])
    many = st.sampled_from(["coalesce", "greatest", "least"])
    return (
        st.tuples(st.sampled_from(["+", "-", "*", "/", "%"]), inner, inner)
        | st.tuples(one, inner)
        | st.tuples(many, inner, inner)
        | st.tuples(st.just("when"), truths, inner, inner)
    )


def _truths(numbers: st.SearchStrategy[Any], inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return (
        st.tuples(st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), numbers, numbers)
        | st.tuples(st.sampled_from(["isNull", "isnan"]), numbers)
        | st.tuples(st.sampled_from(["and", "or"]), inner, inner)
        | st.tuples(st.just("not"), inner)
    )


TREES = st.deferred(lambda: NUMBERS | _numbers(TREES, QUESTIONS))
QUESTIONS = st.deferred(lambda: TRUTHS | _truths(TREES, QUESTIONS))
INFIX = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "%": operator.mod,
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "==": operator.eq, "!=": operator.ne,
    "and": operator.and_, "or": operator.or_,
}  # fmt: skip


def built(F: Any, tree: Any) -> Any:
    """A tree as a column. Leaves are doubles: integers overflow differently, which is told apart elsewhere."""
    kind, *parts = tree
    if kind == "col":
        return F.col(parts[0]) if parts[0] == "t" else F.col(parts[0]).cast("double")
    if kind == "lit":
        return F.lit(float(parts[0]))
    inner = [built(F, part) for part in parts]
    if kind in INFIX:
        return INFIX[kind](*inner)
    if kind == "when":
        return F.when(inner[0], inner[1]).otherwise(inner[2])
    if kind == "not":
        return ~inner[0]
    return inner[0].isNull() if kind == "isNull" else getattr(F, kind)(*inner)


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)
@given(trees=st.lists(TREES | QUESTIONS, min_size=40, max_size=60))
def test_random_expressions_give_what_spark_gives(on_duckdb, on_spark, trees):
    named = {str(tree): lambda F, W, tree=tree: built(F, tree) for tree in trees}
    ours, theirs = (asked(on, "rows", named) for on in (on_duckdb, on_spark))
    for mine, spark in zip(ours, theirs, strict=True):
        for name in named:
            assert close(mine[name], spark[name]), (name, mine["id"], mine[name], spark[name])


def close(a: Any, b: Any) -> bool:
    """The last digits of sin and log differ between libraries, and grow where one is subtracted from the other."""
    return same(a, b) or (isinstance(a, float) and isinstance(b, float) and abs(a - b) <= 1e-9 * max(1.0, abs(a)))
