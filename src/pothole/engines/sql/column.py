"""An expression over a frame's columns: it becomes SQL when the frame, and with it the columns' types, is known."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from pothole.engines.sql.errors import NotSupportedError, public
from pothole.engines.sql.types import Schema, Struct, Type, cast, common

if TYPE_CHECKING:
    from pothole.engines.sql.window import WindowSpec


@dataclass(frozen=True)
class Sql:
    """An expression's text and type. ``over`` gives the text with a window, where the expression is a function's
    call."""

    text: str
    type: Type
    over: Callable[[str], str] | None = None


class Column:
    """PySpark's ``Column``: immutable, without a frame of its own."""

    def __init__(self, resolve: Callable[[Schema], Sql], name: str | None = None) -> None:
        self._resolve = resolve
        self._name = name

    def sql(self, schema: Schema) -> Sql:
        """The expression over these columns."""
        return self._resolve(schema)

    def named(self) -> str:
        """The name that it has in a frame."""
        if self._name is None:
            raise NotSupportedError("column without a name; give it one with .alias(...)", ())
        return self._name

    def alias(self, name: str) -> Column:
        """The same under a name."""
        return Column(self._resolve, name)

    def cast(self, to: str) -> Column:
        """As another type: ``bigint``, ``int``, ``double``, ``string``, ``boolean``."""

        def resolve(schema: Schema) -> Sql:
            given = self.sql(schema)
            return Sql(cast(given.text, given.type, to), to)

        return Column(resolve, self._name)

    def over(self, window: WindowSpec) -> Column:
        """The function's value over a window."""

        def resolve(schema: Schema) -> Sql:
            call = self.sql(schema)
            if call.over is None:
                raise NotSupportedError(f"window over {call.text}, which is no aggregate", ())
            return Sql(call.over(window.sql(schema)), call.type)

        return Column(resolve)

    def when(self, condition: Column, value: Any) -> Column:
        """After ``functions.when`` alone."""
        raise NotSupportedError("when(...) on a column that is no functions.when(...)", ())

    def otherwise(self, value: Any) -> Column:
        """After ``functions.when`` alone."""
        raise NotSupportedError("otherwise(...) on a column that is no functions.when(...)", ())

    def isNull(self) -> Column:
        """Whether it is null."""
        return _text("({} IS NULL)", "boolean", self)

    def isNotNull(self) -> Column:
        """Whether it is not null."""
        return _text("({} IS NOT NULL)", "boolean", self)

    def between(self, low: Any, high: Any) -> Column:
        """Whether it lies between, ends included."""
        return _text("({} BETWEEN {} AND {})", "boolean", self, low, high)

    def isin(self, *values: Any) -> Column:
        """Whether it is one of these."""
        return _text(f"({{}} IN ({', '.join(['{}'] * len(values))}))", "boolean", self, *values)

    def asc(self) -> Order:
        """Rising, nulls first: also what is meant without a direction."""
        return Order(self, "ASC NULLS FIRST")

    def desc(self) -> Order:
        """Falling, nulls last."""
        return Order(self, "DESC NULLS LAST")

    asc_nulls_first = asc
    desc_nulls_last = desc

    def __add__(self, other: Any) -> Column:
        return _arithmetic("+", self, other)

    def __radd__(self, other: Any) -> Column:
        return _arithmetic("+", other, self)

    def __sub__(self, other: Any) -> Column:
        return _arithmetic("-", self, other)

    def __rsub__(self, other: Any) -> Column:
        return _arithmetic("-", other, self)

    def __mul__(self, other: Any) -> Column:
        return _arithmetic("*", self, other)

    def __rmul__(self, other: Any) -> Column:
        return _arithmetic("*", other, self)

    def __mod__(self, other: Any) -> Column:
        return _arithmetic("%", self, _nullif_zero(other))

    def __truediv__(self, other: Any) -> Column:
        return _divided(self, other)

    def __rtruediv__(self, other: Any) -> Column:
        return _divided(other, self)

    def __neg__(self) -> Column:
        return _arithmetic("-", 0, self)

    def __lt__(self, other: Any) -> Column:
        return _text("({} < {})", "boolean", self, other)

    def __le__(self, other: Any) -> Column:
        return _text("({} <= {})", "boolean", self, other)

    def __gt__(self, other: Any) -> Column:
        return _text("({} > {})", "boolean", self, other)

    def __ge__(self, other: Any) -> Column:
        return _text("({} >= {})", "boolean", self, other)

    def __eq__(self, other: object) -> Column:  # type: ignore[override]
        return _text("({} = {})", "boolean", self, other)

    def __ne__(self, other: object) -> Column:  # type: ignore[override]
        return _text("({} <> {})", "boolean", self, other)

    def __and__(self, other: Any) -> Column:
        return _text("({} AND {})", "boolean", self, other)

    def __rand__(self, other: Any) -> Column:
        return _text("({} AND {})", "boolean", other, self)

    def __or__(self, other: Any) -> Column:
        return _text("({} OR {})", "boolean", self, other)

    def __ror__(self, other: Any) -> Column:
        return _text("({} OR {})", "boolean", other, self)

    def __invert__(self) -> Column:
        return _text("(NOT {})", "boolean", self)

    __hash__ = None  # type: ignore[assignment]

    def __bool__(self) -> NoReturn:
        raise ValueError("a column is neither true nor false: use & for and, | for or, ~ for not")

    def __getattr__(self, name: str) -> NoReturn:
        raise NotSupportedError(f"Column.{name}", public(Column))


@dataclass(frozen=True)
class Order:
    """A column to sort by."""

    column: Column
    direction: str


class Case(Column):
    """``functions.when`` and what follows it."""

    def __init__(self, branches: tuple[tuple[Column, Column], ...], rest: Column | None = None) -> None:
        self._branches, self._rest = branches, rest
        super().__init__(self._case)

    def when(self, condition: Column, value: Any) -> Case:
        """Else, where the condition holds, this value."""
        return Case((*self._branches, (condition, lit(value))))

    def otherwise(self, value: Any) -> Column:
        """Else this value."""
        return Column(Case(self._branches, lit(value)).sql)

    def _case(self, schema: Schema) -> Sql:
        branches = [(condition.sql(schema).text, value.sql(schema)) for condition, value in self._branches]
        rest = lit(None).sql(schema) if self._rest is None else self._rest.sql(schema)
        written = " ".join(f"WHEN {condition} THEN {value.text}" for condition, value in branches)
        return Sql(f"CASE {written} ELSE {rest.text} END", common(*(v.type for _, v in branches), rest.type))


def col(name: str) -> Column:
    """A column of the frame by its name; ``a.b`` is the field b of the struct a."""

    def resolve(schema: Schema) -> Sql:
        if name in schema:
            return Sql(quoted(name), schema[name])
        outer, _, field = name.partition(".")
        of = schema.get(outer)
        if isinstance(of, Struct) and field in dict(of.fields):
            return Sql(f"struct_extract({quoted(outer)}, {literal(field)})", dict(of.fields)[field])
        raise NotSupportedError(f"column {name!r} in this frame", schema)

    return Column(resolve, name.rpartition(".")[2])


def column_of(given: Column | str) -> Column:
    """What PySpark takes for a column: text is a column's name."""
    return col(given) if isinstance(given, str) else lit(given)


def lit(value: Any) -> Column:
    """A constant; a column stays what it is."""
    if isinstance(value, Column):
        return value
    types = {bool: "boolean", int: "int", float: "double", str: "string", type(None): "void"}
    if type(value) not in types:
        raise NotSupportedError(f"constant of type {type(value).__name__}", (t.__name__ for t in types))
    of = "bigint" if type(value) is int and not -(2**31) <= value < 2**31 else types[type(value)]
    return Column(lambda _schema: Sql(literal(value), of))


def literal(value: Any) -> str:
    """A constant in SQL. A float is written so that it is read as a double, not as a decimal."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value) if value >= 0 else f"({value})"
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    if not math.isfinite(value):
        return f"CAST('{value}' AS DOUBLE)"
    text = repr(value) if "e" in repr(value) else f"{value!r}e0"
    return text if value >= 0 and not text.startswith("-") else f"({text})"


def quoted(name: str) -> str:
    """A name in SQL."""
    return '"' + name.replace('"', '""') + '"'


def _text(form: str, of: Type, *parts: Any) -> Column:
    columns = [lit(part) for part in parts]
    return Column(lambda schema: Sql(form.format(*(c.sql(schema).text for c in columns)), of))


def _arithmetic(operator: str, left: Any, right: Any) -> Column:
    a, b = lit(left), lit(right)

    def resolve(schema: Schema) -> Sql:
        x, y = a.sql(schema), b.sql(schema)
        return Sql(f"({x.text} {operator} {y.text})", common(x.type, y.type))

    return Column(resolve)


def _divided(left: Any, right: Any) -> Column:
    """Always a double; null where the divisor is zero."""
    return _text("({} / {})", "double", left, _nullif_zero(right))


def _nullif_zero(divisor: Any) -> Column:
    """A divisor that is null where it is zero."""
    column = lit(divisor)

    def resolve(schema: Schema) -> Sql:
        found = column.sql(schema)
        return Sql(f"nullif({found.text}, 0)", found.type)

    return Column(resolve)
