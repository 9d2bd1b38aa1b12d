"""``pyspark.sql.DataFrame``: a query's text with the names and types of its columns; rows come when asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn

from pothole.engines.sql.column import Column, col, column_of, quoted
from pothole.engines.sql.errors import NotSupportedError, public
from pothole.engines.sql.functions import count as _count
from pothole.engines.sql.types import Schema, common

_JOINS = {"inner": "INNER", "left": "LEFT", "left_semi": "SEMI", "left_anti": "ANTI"}


class Row(tuple[Any, ...]):
    """A row's values, also by name."""

    names: tuple[str, ...]

    @classmethod
    def of(cls, values: Sequence[Any], names: tuple[str, ...]) -> Row:
        """A row with these values."""
        row = cls(values)
        row.names = names
        return row

    def __getitem__(self, key: Any) -> Any:
        return super().__getitem__(self.names.index(key) if isinstance(key, str) else key)

    def asDict(self) -> dict[str, Any]:
        """Values by name."""
        return dict(zip(self.names, self, strict=True))


class Session:
    """What frames need of an engine: a query's rows, and the columns of a table or view."""

    def __init__(self, fetch: Callable[[str], list[Any]], describe: Callable[[str], Schema]) -> None:
        self.fetch, self._describe = fetch, describe

    def table(self, name: str) -> DataFrame:
        """A table or view."""
        return DataFrame(self, quoted(name), self._describe(name))


class DataFrame:
    """PySpark's ``DataFrame``: every operation gives a new one."""

    def __init__(self, session: Session, source: str, schema: Schema) -> None:
        self._session, self._source, self._types = session, source, schema

    @property
    def columns(self) -> list[str]:
        """Names, in order."""
        return list(self._types)

    @property
    def types(self) -> Schema:
        """Types by name, in order."""
        return dict(self._types)

    @property
    def sql(self) -> str:
        """The whole query."""
        return f"SELECT {_names(self.columns)} FROM {self._source}"

    def select(self, *columns: Column | str) -> DataFrame:
        """These columns."""
        return self._selected([column_of(c) for c in columns], f"FROM {self._source}")

    def withColumn(self, name: str, column: Column) -> DataFrame:
        """One column more, or another in its place."""
        return self.withColumns({name: column})

    def withColumns(self, columns: Mapping[str, Column]) -> DataFrame:
        """Columns more, or others in their places; all are over this frame."""
        names = dict.fromkeys([*self.columns, *columns])
        return self.select(*(columns[n].alias(n) if n in columns else col(n) for n in names))

    def withColumnsRenamed(self, names: Mapping[str, str]) -> DataFrame:
        """Columns under other names."""
        return self.select(*(col(n).alias(names.get(n, n)) for n in self.columns))

    def drop(self, *names: str) -> DataFrame:
        """Without these columns, as far as they are there."""
        return self.select(*(n for n in self.columns if n not in names))

    def where(self, condition: Column | str) -> DataFrame:
        """Rows for which it is true; text is SQL that both engines read."""
        text = condition if isinstance(condition, str) else condition.sql(self._types).text
        return self._over(f"SELECT * FROM {self._source} WHERE {text}")

    filter = where

    def distinct(self) -> DataFrame:
        """Each row once."""
        return self._over(f"SELECT DISTINCT * FROM {self._source}")

    def limit(self, n: int) -> DataFrame:
        """So many rows, whichever."""
        return self._over(f"SELECT * FROM {self._source} LIMIT {n}")

    def groupBy(self, *columns: Column | str) -> GroupedData:
        """Rows that agree in these, for ``agg``."""
        return GroupedData(self, [column_of(c) for c in columns])

    def agg(self, *columns: Column) -> DataFrame:
        """One row of all."""
        return self.groupBy().agg(*columns)

    def join(self, other: DataFrame, on: Sequence[str], how: str = "inner") -> DataFrame:
        """By key columns: these once, then the other columns of both; of this frame alone for semi and anti."""
        if how not in _JOINS:
            raise NotSupportedError(f"join {how!r}", _JOINS)
        mine = [c for c in self.columns if c not in on]
        theirs = [] if how in ("left_semi", "left_anti") else [c for c in other.columns if c not in on]
        twice = sorted(set(mine) & set(theirs))
        if twice:
            raise NotSupportedError(f"join of two frames that both have {', '.join(twice)}; rename or drop them", ())
        types = {name: (other if name in theirs else self)._types[name] for name in [*on, *mine, *theirs]}
        names = ", ".join(f"{'r' if n in theirs else 'l'}.{quoted(n)}" for n in types)
        keys = _names(on)
        joined = f"{self._source} AS l {_JOINS[how]} JOIN {other._source} AS r USING ({keys})"
        return DataFrame(self._session, f"(SELECT {names} FROM {joined})", types)

    def unionByName(self, other: DataFrame) -> DataFrame:
        """The rows of both, which have the same columns."""
        if set(self.columns) != set(other.columns):
            odd = sorted(set(self.columns) ^ set(other.columns))
            raise NotSupportedError(f"union of frames with different columns ({', '.join(odd)} in one alone)", ())
        names = _names(self.columns)
        types = {n: common(of, other._types[n]) for n, of in self._types.items()}
        both = f"(SELECT {names} FROM {self._source} UNION ALL SELECT {names} FROM {other._source})"
        return DataFrame(self._session, both, types)

    def count(self) -> int:
        """How many rows."""
        return int(self._session.fetch(f"SELECT count(*) FROM {self._source}")[0][0])

    def collect(self) -> list[Row]:
        """All rows."""
        names = tuple(self.columns)
        return [Row.of(values, names) for values in self._session.fetch(self.sql)]

    def __getattr__(self, name: str) -> NoReturn:
        raise NotSupportedError(f"DataFrame.{name}", public(DataFrame))

    def _over(self, query: str) -> DataFrame:
        return DataFrame(self._session, f"({query})", self._types)

    def _selected(self, columns: Sequence[Column], rest: str) -> DataFrame:
        found = [(c.named(), c.sql(self._types)) for c in columns]
        types = {name: sql.type for name, sql in found}
        if len(types) < len(found):
            raise NotSupportedError(f"two columns of one name: {', '.join(name for name, _ in found)}", ())
        listed = ", ".join(
            quoted(name) if sql.text == quoted(name) else f"{sql.text} AS {quoted(name)}" for name, sql in found
        )
        return DataFrame(self._session, f"(SELECT {listed} {rest})", types)


class GroupedData:
    """Rows in groups."""

    def __init__(self, frame: DataFrame, keys: list[Column]) -> None:
        self._frame, self._keys = frame, keys

    def agg(self, *columns: Column) -> DataFrame:
        """A row a group: its keys and these."""
        keys = ", ".join(k.sql(self._frame.types).text for k in self._keys)
        grouped = f" GROUP BY {keys}" if keys else ""
        return self._frame._selected([*self._keys, *columns], f"FROM {self._frame._source}{grouped}")

    def count(self) -> DataFrame:
        """A row a group: its keys and how many rows it has."""
        return self.agg(_count("*").alias("count"))

    def __getattr__(self, name: str) -> NoReturn:
        raise NotSupportedError(f"GroupedData.{name}", public(GroupedData))


def _names(names: Sequence[str]) -> str:
    return ", ".join(map(quoted, names))
