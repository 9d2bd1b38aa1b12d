"""``pyspark.sql.functions``, as far as it is supported. Text means a column's name, as in PySpark."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NoReturn

from pothole.engines.sql.column import Case, Column, Sql, col, column_of, lit, literal, quoted
from pothole.engines.sql.errors import NotSupportedError
from pothole.engines.sql.types import Array, Schema, Struct, Type, common, is_integer

__all__ = [  # noqa: RUF022 - by what they do
    "col", "lit", "expr", "when", "coalesce", "struct", "explode", "sequence",
    "abs", "acos", "atan2", "ceil", "cos", "degrees", "exp", "floor", "greatest", "isnan", "least", "log", "pow",
    "radians", "round", "signum", "sin", "sqrt",
    "concat_ws", "replace", "sha2", "substring",
    "avg", "count", "count_distinct", "max", "max_by", "min", "min_by", "percentile", "sum",
    "lag", "lead", "row_number",
]  # fmt: skip

ColumnOrName = Column | str


def __getattr__(name: str) -> NoReturn:
    raise NotSupportedError(f"function {name!r}", __all__)


def _call(form: str, of: Callable[[list[Type]], Type] | Type, *given: ColumnOrName) -> Column:
    """A function of rows: its SQL with a ``{}`` for each argument, its type or how that follows from theirs."""
    columns = [column_of(c) for c in given]

    def resolve(schema: Schema) -> Sql:
        parts = [c.sql(schema) for c in columns]
        return Sql(form.format(*(p.text for p in parts)), of([p.type for p in parts]) if callable(of) else of)

    return Column(resolve)


def _of_rows(
    form: str,
    of: Callable[[list[Type]], Type] | Type,
    *given: ColumnOrName,
    wrapped: Callable[[str, Type], str] = lambda text, _of: text,
) -> Column:
    """A function of many rows, which can have a window: ``wrapped`` is what goes around its call."""
    columns = [column_of(c) for c in given]

    def resolve(schema: Schema) -> Sql:
        parts = [c.sql(schema) for c in columns]
        result = of([p.type for p in parts]) if callable(of) else of
        call = form.format(*(p.text for p in parts))
        return Sql(wrapped(call, result), result, lambda window: wrapped(f"{call} OVER ({window})", result))

    return Column(resolve)


def expr(text: str) -> Column:
    """SQL as both engines read it, with Spark's ``div``, ``array`` and ``element_at``; nothing is known of its type."""
    told = re.sub(r"\b(div|array|element_at)\b", lambda word: _WORDS[word[0]], text)
    return Column(lambda _schema: Sql(f"({told})", "unknown"))


_WORDS = {"div": "//", "array": "list_value", "element_at": "list_extract"}


def when(condition: Column, value: Any) -> Case:
    """The value where the condition holds; null elsewhere, or what ``.when`` and ``.otherwise`` add."""
    return Case(((condition, lit(value)),))


def coalesce(*columns: ColumnOrName) -> Column:
    """The first that is not null."""
    return _call(f"coalesce({_places(columns)})", _common, *columns)


def struct(*columns: ColumnOrName) -> Column:
    """The columns as fields of one."""
    given = [column_of(c) for c in columns]

    def resolve(schema: Schema) -> Sql:
        parts = {c.named(): c.sql(schema) for c in given}
        fields = ", ".join(f"{quoted(name)} := {part.text}" for name, part in parts.items())
        return Sql(f"struct_pack({fields})", Struct(tuple((name, part.type) for name, part in parts.items())))

    return Column(resolve)


def explode(column: ColumnOrName) -> Column:
    """A row for each value of an array."""
    return _call("unnest({})", lambda types: types[0].of if isinstance(types[0], Array) else "unknown", column)


def sequence(start: ColumnOrName, stop: ColumnOrName) -> Column:
    """Whole numbers from start to stop, both included; falling where stop is the smaller."""
    step = "CASE WHEN {0} <= {1} THEN 1 ELSE -1 END"
    return _call(f"generate_series({{0}}, {{1}}, {step})", lambda _types: Array("bigint"), start, stop)


def abs(column: ColumnOrName) -> Column:
    """Magnitude."""
    return _call("abs({})", _same, column)


def acos(column: ColumnOrName) -> Column:
    """Radians; NaN beyond -1..1."""
    return _call("acos({})", "double", column)


def atan2(y: ColumnOrName, x: ColumnOrName) -> Column:
    """Radians of the angle from the x axis."""
    return _call("atan2({}, {})", "double", y, x)


def ceil(column: ColumnOrName) -> Column:
    """The next whole number upwards, as ``bigint``."""
    return _whole("ceil", column)


def cos(column: ColumnOrName) -> Column:
    """Cosine of radians."""
    return _call("cos({})", "double", column)


def degrees(column: ColumnOrName) -> Column:
    """Of radians."""
    return _call("degrees({})", "double", column)


def exp(column: ColumnOrName) -> Column:
    """Power of e."""
    return _call("exp({})", "double", column)


def floor(column: ColumnOrName) -> Column:
    """The next whole number downwards, as ``bigint``."""
    return _whole("floor", column)


def greatest(*columns: ColumnOrName) -> Column:
    """The largest that is not null; NaN is larger than every number."""
    return _call(f"greatest({_places(columns)})", _common, *columns)


def isnan(column: ColumnOrName) -> Column:
    """Whether it is NaN; false for null."""
    return _call("coalesce(isnan({}), false)", "boolean", column)


def least(*columns: ColumnOrName) -> Column:
    """The smallest that is not null."""
    return _call(f"least({_places(columns)})", _common, *columns)


def log(column: ColumnOrName) -> Column:
    """Natural logarithm; null for what is not positive."""
    return _call("CASE WHEN {0} > 0 THEN ln({0}) END", "double", column)


def pow(base: ColumnOrName, exponent: ColumnOrName) -> Column:
    """Base to the power of the exponent."""
    return _call("pow({}, {})", "double", base, exponent)


def radians(column: ColumnOrName) -> Column:
    """Of degrees."""
    return _call("radians({})", "double", column)


def round(column: ColumnOrName, scale: int = 0) -> Column:
    """To so many decimals, halves away from zero.

    Spark rounds the shortest decimal that is the double, DuckDB the double times 10^scale: where that is within an ulp
    of a half they may differ by one in the last decimal.
    """
    if scale < 0:
        raise NotSupportedError("round to less than whole numbers", ())

    def resolve(schema: Schema) -> Sql:
        given = column_of(column).sql(schema)
        return given if is_integer(given.type) else Sql(f"round({given.text}, {scale})", given.type)

    return Column(resolve)


def signum(column: ColumnOrName) -> Column:
    """-1.0, 0.0 or 1.0; NaN of NaN."""
    return _call("CASE WHEN isnan(CAST({0} AS DOUBLE)) THEN {0} ELSE CAST(sign({0}) AS DOUBLE) END", "double", column)


def sin(column: ColumnOrName) -> Column:
    """Sine of radians."""
    return _call("sin({})", "double", column)


def sqrt(column: ColumnOrName) -> Column:
    """Square root; NaN for what is negative."""
    return _call("sqrt({})", "double", column)


def concat_ws(separator: str, *columns: ColumnOrName) -> Column:
    """Texts with a separator between them; nulls are left out."""
    return _call(f"concat_ws({_constant(separator)}, {_places(columns)})", "string", *columns)


def replace(source: ColumnOrName, search: ColumnOrName, replacement: ColumnOrName) -> Column:
    """The text with every occurrence replaced."""
    return _call("replace({}, {}, {})", "string", source, search, replacement)


def sha2(column: ColumnOrName, bits: int) -> Column:
    """SHA-256 in hexadecimal digits."""
    if bits != 256:
        raise NotSupportedError(f"sha2 of {bits} bits", ("256",))
    return _call("sha256({})", "string", column)


def substring(column: ColumnOrName, start: int, length: int) -> Column:
    """So many characters from a place, counted from 1."""
    if start < 1:
        raise NotSupportedError("substring from the end", ())
    return _call(f"substring({{}}, {start}, {length})", "string", column)


def avg(column: ColumnOrName) -> Column:
    """Mean of what is not null."""
    return _of_rows("avg({})", "double", column)


def count(column: ColumnOrName) -> Column:
    """How many are not null; ``"*"``: how many rows."""
    return _of_rows("count({})", "bigint", lit(1) if isinstance(column, str) and column == "*" else column)


def count_distinct(column: ColumnOrName) -> Column:
    """How many different values that are not null."""
    return _of_rows("count(DISTINCT {})", "bigint", column)


def max(column: ColumnOrName) -> Column:
    """The largest; of structs by their fields in order, null the smallest."""
    return _extreme("max", column)


def min(column: ColumnOrName) -> Column:
    """The smallest; of structs by their fields in order, null the smallest."""
    return _extreme("min", column)


def max_by(column: ColumnOrName, by: ColumnOrName) -> Column:
    """The value where the other is the largest; rows whose other is null do not count."""
    return _extreme_by("max", column, by)


def min_by(column: ColumnOrName, by: ColumnOrName) -> Column:
    """The value where the other is the smallest; rows whose other is null do not count."""
    return _extreme_by("min", column, by)


def percentile(column: ColumnOrName, share: Column | float) -> Column:
    """Exact percentile, interpolated between neighbours; ``share`` 0..1."""
    return _of_rows("quantile_cont({}, {})", "double", column, lit(share))


def sum(column: ColumnOrName) -> Column:
    """Sum of what is not null; of integers a ``bigint``."""

    def whole(call: str, of: Type) -> str:
        return f"CAST({call} AS BIGINT)" if of == "bigint" else call

    return _of_rows("sum({})", lambda types: "bigint" if is_integer(types[0]) else types[0], column, wrapped=whole)


def lag(column: ColumnOrName, offset: int = 1) -> Column:
    """The value so many rows before, in a window."""
    return _of_rows(f"lag({{}}, {offset})", _same, column)


def lead(column: ColumnOrName, offset: int = 1) -> Column:
    """The value so many rows later, in a window."""
    return _of_rows(f"lead({{}}, {offset})", _same, column)


def row_number() -> Column:
    """1, 2, ... in a window; an ``int``."""
    return _of_rows("row_number()", "int", wrapped=lambda call, _of: f"CAST({call} AS INTEGER)")


def _same(types: list[Type]) -> Type:
    return types[0]


def _common(types: list[Type]) -> Type:
    return common(*types)


def _places(columns: tuple[ColumnOrName, ...]) -> str:
    return ", ".join(["{}"] * len(columns))


def _constant(text: str) -> str:
    return literal(text).replace("{", "{{").replace("}", "}}")


def _whole(function: str, given: ColumnOrName) -> Column:
    def resolve(schema: Schema) -> Sql:
        number = column_of(given).sql(schema)
        return number if is_integer(number.type) else Sql(f"CAST({function}({number.text}) AS BIGINT)", "bigint")

    return Column(resolve)


def _extreme(function: str, given: ColumnOrName) -> Column:
    """``max`` or ``min``; of structs by a key, for DuckDB takes a null field for the largest."""

    def resolve(schema: Schema) -> Sql:
        by_key = isinstance(column_of(given).sql(schema).type, Struct)
        column = _extreme_by(function, given, given) if by_key else _of_rows(f"{function}({{}})", _same, given)
        return column.sql(schema)

    return Column(resolve)


def _extreme_by(function: str, given: ColumnOrName, by: ColumnOrName) -> Column:
    def resolve(schema: Schema) -> Sql:
        value, order = column_of(given).sql(schema), column_of(by).sql(schema)
        call = f"arg_{function}_null({value.text}, {_key(order)})"
        return Sql(call, value.type, lambda window: f"{call} OVER ({window})")

    return Column(resolve)


def _key(order: Sql) -> str:
    """What sorts in DuckDB as the value does in Spark: fields that are null come first."""
    if not isinstance(order.type, Struct):
        return order.text
    fields = []
    for i, (name, of) in enumerate(order.type.fields):
        field = Sql(f"struct_extract({order.text}, {literal(name)})", of)
        fields.append(f"there_{i} := {field.text} IS NOT NULL, field_{i} := {_key(field)}")
    return f"CASE WHEN {order.text} IS NOT NULL THEN struct_pack({', '.join(fields)}) END"
