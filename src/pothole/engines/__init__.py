"""Where a stage's data frames are executed: DuckDB in this process, or Spark.

``start(name)`` gives an engine; it is the only thing that differs. Stages' modules come from ``engine.module``: the
embedded engine has them import its own implementation of PySpark's API, so that both engines work in one process.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType

    import pyarrow as pa
    from pyspark.sql import DataFrame

    from pothole.lake import Lake
    from pothole.tables import Table

ENGINES = ("duckdb", "spark")


class Engine(Protocol):
    """What the pipeline asks of an engine."""

    name: str
    version: str

    def module(self, name: str) -> ModuleType:
        """A module of ``pothole.stages`` by its whole name, whose frames are this engine's."""
        ...

    def batches(self, files: Sequence[str], rows: Sequence[int], target_rows: int) -> list[list[str]]:
        """The files in groups that share no trip, each of about so many rows where trips allow it."""
        ...

    def keys_are_unique(self, files: Sequence[str]) -> bool:
        """Whether it is cheap to see that no two rows of the raw files share vehicle, trip and timestamp."""
        ...

    def read_parquet(self, files: Sequence[str], columns: Sequence[Any], *, source_file: bool = False) -> DataFrame:
        """The files as one frame of these columns (cast to their types), with ``source_file`` where asked."""
        ...

    def read_layer(self, lake: Lake, paths: Sequence[str], table: Table) -> DataFrame:
        """A small dataset that people write (CSV or Parquet, paths in the lake); absent optional columns are null."""
        ...

    def from_arrow(self, table: pa.Table, name: str) -> DataFrame:
        """A small table as a frame."""
        ...

    def keep(self, frame: DataFrame) -> DataFrame:
        """The same rows, computed once: for a frame that is used more than once."""
        ...

    def hold(self, frame: DataFrame) -> DataFrame:
        """Like ``keep``, for what outlives a part of the day: until the engine is closed."""
        ...

    def write_parquet(self, frame: DataFrame, folder: str, *, part: int = 0) -> DataFrame:
        """Write the frame's rows as ``part-*.parquet`` into a folder that exists; at least one file.

        The same rows as they lie there; ``forget`` leaves them.
        """
        ...

    def to_arrow(self, frame: DataFrame) -> pa.Table:
        """A small frame's rows."""
        ...

    def forget(self) -> None:
        """Give up what ``keep`` kept."""
        ...

    def close(self) -> None:
        """End the engine."""
        ...


def start(name: str, **options: Any) -> Engine:
    """Start an engine by name; ``options`` are the engine's own (threads, memory limit, master, file system)."""
    if name == "duckdb":
        from pothole.engines.duckdb import DuckDBEngine

        return DuckDBEngine(**options)
    if name == "spark":
        from pothole.engines.spark import SparkEngine

        return SparkEngine(**options)
    from pothole.errors import UserError

    raise UserError(f"unknown engine {name!r}", hint=f"one of {', '.join(ENGINES)}")
