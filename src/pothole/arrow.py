"""Datasets as Arrow has them: their schemas, and what is said of a file that Arrow cannot read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pyarrow as pa

from pothole.column_types import ARROW
from pothole.errors import BadInputError
from pothole.tables import Column, Table


def type_of(column: Column) -> pa.DataType:
    """A column's Arrow type."""
    return pa.type_for_alias(ARROW[column.type])


def schema_of(table: Table) -> pa.Schema:
    """A dataset's Arrow schema."""
    return pa.schema([(c.name, type_of(c)) for c in table.columns])


@contextmanager
def legible(source: str, columns: Sequence[str]) -> Iterator[None]:
    """What Arrow says of a file that it cannot read as the BadInputError that names the file and what is expected."""
    try:
        yield
    except (pa.ArrowException, UnicodeDecodeError) as error:
        raise BadInputError(
            f"{source}: {' '.join(str(error).split())}",
            hint=f"expected UTF-8 text with the columns {', '.join(columns)}",
        ) from None
