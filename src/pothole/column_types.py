"""The columns' types by other names than Spark's. Needs nothing installed: a cluster has neither Arrow nor DuckDB."""

from __future__ import annotations

#: Arrow's names (as ``pyarrow.type_for_alias`` and ``lake.footer`` have them), by Spark's.
ARROW = {"bigint": "int64", "int": "int32", "double": "double", "string": "string"}

#: DuckDB's names, by Spark's.
DUCKDB = {"bigint": "BIGINT", "int": "INTEGER", "double": "DOUBLE", "string": "VARCHAR", "boolean": "BOOLEAN"}
