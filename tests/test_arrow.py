"""The columns' types by Arrow's and DuckDB's names."""

from __future__ import annotations

import duckdb
import pyarrow as pa

from pothole.arrow import schema_of
from pothole.column_types import ARROW, DUCKDB
from pothole.tables import HOUSE, RAW


def test_every_type_of_a_dataset_has_its_names() -> None:
    assert {c.type for table in HOUSE for c in table.columns} <= set(ARROW) <= set(DUCKDB)


def test_both_name_the_same_type() -> None:
    for spark, arrow in ARROW.items():
        told = duckdb.sql(f"SELECT CAST(NULL AS {DUCKDB[spark]}) AS x").to_arrow_table().schema.field("x").type
        assert told == pa.type_for_alias(arrow)


def test_a_schema_has_the_columns_in_order() -> None:
    schema = schema_of(RAW)
    assert tuple(schema.names) == RAW.names
    assert schema.field("timestamp").type == pa.int64()
