"""Types of columns by Spark's names: ``bigint``, ``int``, ``double``, ``string``, ``boolean``, structs and arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pothole.column_types import DUCKDB
from pothole.engines.sql.errors import NotSupportedError


@dataclass(frozen=True)
class Struct:
    """Fields by name, in order; structs are compared field by field."""

    fields: tuple[tuple[str, Type], ...]


@dataclass(frozen=True)
class Array:
    """Values of one type."""

    of: Type


#: ``void`` is the type of a null that has no other; ``unknown`` that of SQL text, about which nothing is assumed.
Type = str | Struct | Array
Schema = dict[str, Type]

_NUMBERS = ("int", "bigint", "double")
_SPARK = {name.lower(): spark for spark, name in DUCKDB.items()}


def of_duckdb(told: Any) -> Type:
    """A type that DuckDB tells of a column."""
    if told.id == "struct":
        return Struct(tuple((name, of_duckdb(child)) for name, child in told.children))
    if told.id == "list":
        return Array(of_duckdb(told.children[0][1]))
    return _SPARK.get(str(told.id), str(told.id))


def is_integer(of: Type) -> bool:
    """``int`` or ``bigint``."""
    return of in ("int", "bigint")


def common(*types: Type) -> Type:
    """The type that holds values of all of these."""
    known = {t for t in types if t != "void"} or {"void"}
    if len(known) == 1:
        return known.pop()
    if all(t in _NUMBERS for t in known):
        return max(known, key=lambda t: _NUMBERS.index(str(t)))
    return "unknown"


def cast(text: str, given: Type, to: str) -> str:
    """SQL for a cast as Spark's: from a double to an integer by cutting off; text is read as a number by neither."""
    if to not in DUCKDB:
        raise NotSupportedError(f"cast to {to!r}", DUCKDB)
    if given == to:
        return text
    if (given == "string" and to != "string") or (given == "double" and to in ("string", "boolean")):
        raise NotSupportedError(f"cast from {given} to {to}, which engines do differently", ())
    cut = f"trunc({text})" if given == "double" and to in ("int", "bigint") else text
    return f"CAST({cut} AS {DUCKDB[to]})"
