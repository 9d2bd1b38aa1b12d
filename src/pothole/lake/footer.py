"""What the end of a Parquet file says of it: columns with their types, rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Footer:
    """Columns in the file's order with the names of their types (Arrow's: ``int64``, ``double``, ``string``), rows."""

    columns: Mapping[str, str]
    rows: int
    problem: str | None = None
    """How the footer contradicts itself, if it does."""


def read_footer(file: Any) -> Footer:
    """The footer of an open file; any of Arrow's errors when it cannot be understood."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    parquet = pq.ParquetFile(file)
    kinds = {f.name: f.type.value_type if pa.types.is_dictionary(f.type) else f.type for f in parquet.schema_arrow}
    footer = parquet.metadata
    # Column chunks are not looked at: Arrow aborts on some damaged ones.
    groups = [footer.row_group(i).num_rows for i in range(footer.num_row_groups)]
    return Footer({name: str(kind) for name, kind in kinds.items()}, footer.num_rows, damage(footer.num_rows, groups))


def damage(rows: int, groups: list[int]) -> str | None:
    """How a footer contradicts itself: its rows are not those of its row groups."""
    if min(groups, default=0) < 0 or sum(groups) != rows:
        return f"damaged: the footer tells of {rows} rows, its row groups of {groups}"
    return None
