"""The embedded engine: PySpark's API as SQL, executed by DuckDB in this process."""

from __future__ import annotations

import itertools
import re
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import duckdb

from pothole.column_types import DUCKDB
from pothole.engines import sql
from pothole.engines.sql.modules import activate, stage_module
from pothole.engines.sql.types import Schema, of_duckdb
from pothole.errors import BadInputError, LakeError, PipelineFailure

if TYPE_CHECKING:
    from types import ModuleType

    import pyarrow as pa
    from pyspark.sql import DataFrame

    from pothole.lake import Lake, Publication
    from pothole.settings import EngineSettings
    from pothole.tables import Column, Table

#: Words of an error that names a file, and of one that is about a file (some kinds of damage name none).
_NAMED = re.compile(r"""file ["']|\.parquet\b""")
_DAMAGED = re.compile(rf"{_NAMED.pattern}|[Cc]orrupt")


class DuckDBEngine:
    """One in-process DuckDB; ``fs`` is registered for the paths of a remote lake."""

    name = "duckdb"

    def __init__(
        self, *, threads: int | None = None, memory_gb: float | None = None, fs: Any = None, spill: Path | None = None
    ) -> None:
        self.version = duckdb.__version__
        self.connection = duckdb.connect()
        self._numbers = itertools.count()
        self._kept: list[str] = []
        self._spill = tempfile.TemporaryDirectory(prefix="pothole-", dir=spill)
        settings: dict[str, Any] = {
            "temp_directory": self._spill.name,
            "preserve_insertion_order": False,
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "enable_progress_bar": False,
            "TimeZone": "UTC",
            # As Spark: no number where there is none, instead of an error.
            "ieee_floating_point_ops": True,
            "error_on_division_by_zero": False,
        }
        if threads is not None:
            settings["threads"] = threads
        if memory_gb is not None:
            settings["memory_limit"] = f"{memory_gb}GB"
        for key, value in settings.items():
            self.connection.execute(f"SET {key} = ?", [value])
        if fs is not None:
            self.connection.register_filesystem(fs)
        self.session = sql.Session(self._run, self._describe)

    def activate(self) -> None:
        """Put this engine's API in PySpark's place for the whole process: for what imports PySpark by itself."""
        activate()

    def module(self, name: str) -> ModuleType:
        """A module of ``pothole.stages``, with this engine's API in PySpark's place."""
        return stage_module(name)

    @classmethod
    def from_settings(cls, limits: EngineSettings, lake: Lake) -> DuckDBEngine:
        """Started as it is configured, for this lake."""
        return cls(threads=limits.threads, memory_gb=limits.memory_gb, fs=lake.remote_fs)

    def batches(self, files: Sequence[str], rows: Sequence[int], target_rows: int) -> list[list[str]]:
        """Files that share a trip stay together; such groups are joined up to ``target_rows``, in the files' order."""
        groups = _connected(files, self._shared_trips(files) if sum(rows) > target_rows else [list(files)])
        size = dict(zip(files, rows, strict=True))
        batches: list[list[str]] = []
        filled = 0
        for group in groups:
            group_rows = sum(size[f] for f in group)
            if batches and filled + group_rows <= target_rows:
                batches[-1].extend(group)
                filled += group_rows
            else:
                batches.append(list(group))
                filled = group_rows
        return batches

    def _shared_trips(self, files: Sequence[str]) -> list[list[str]]:
        """Sets of files that hold samples of the same trip."""
        rows = self._run(
            f"SELECT DISTINCT list_sort(list(DISTINCT filename)) FROM read_parquet({_named(files)}, filename = true, "
            "hive_partitioning = false) GROUP BY vehicle_id, trip_id HAVING count(DISTINCT filename) > 1"
        )
        return [list(row[0]) for row in rows]

    def keys_are_unique(self, files: Sequence[str]) -> bool:
        """Whether every trip lies in one piece, its times rising: seen in one pass that sorts nothing.

        A false verdict can only be a careful one: rows read in another order look like trips in several pieces.
        """
        pieces, backwards, trips, nulls = self._run(
            "SELECT count(*) FILTER (WHERE NOT same), count(*) FILTER (WHERE same AND timestamp <= before), "
            "count(DISTINCT trip), count(*) FILTER (WHERE trip IS NULL OR timestamp IS NULL) FROM (SELECT timestamp, "
            "vehicle_id || chr(31) || trip_id AS trip, lag(timestamp) OVER () AS before, "
            "coalesce(vehicle_id = lag(vehicle_id) OVER () AND trip_id = lag(trip_id) OVER (), false) AS same "
            f"FROM read_parquet({_named(files)}, hive_partitioning = false))"
        )[0]
        return bool(pieces == trips and backwards == 0 and nulls == 0)

    def read_parquet(self, files: Sequence[str], columns: Sequence[Column], *, source_file: bool = False) -> DataFrame:
        """A view over the files; columns are cast to their types, whatever widening the file used."""
        chosen = [f'CAST("{c.name}" AS {DUCKDB[c.type]}) AS "{c.name}"' for c in columns]
        if source_file:
            chosen.append("regexp_extract(filename, '[^/]*$') AS source_file")
        name = self._name("read")
        self._run(
            f"CREATE VIEW {name} AS SELECT {', '.join(chosen)} "
            f"FROM read_parquet({_named(files)}, filename = true, hive_partitioning = false)"
        )
        return self._frame(name)

    def read_layer(self, lake: Lake, table: Table) -> DataFrame:
        """The layer's rows, read and checked by the lake."""
        return self.from_arrow(lake.layer(table).select(table.names), "layer")

    def empty(self, columns: Sequence[Column]) -> DataFrame:
        """A view without rows."""
        chosen = ", ".join(f'CAST(NULL AS {DUCKDB[c.type]}) AS "{c.name}"' for c in columns)
        name = self._name("empty")
        self._run(f"CREATE VIEW {name} AS SELECT {chosen} WHERE false")
        return self._frame(name)

    def from_arrow(self, table: pa.Table, name: str) -> DataFrame:
        """A copy of the table in the engine."""
        unique = self._name(name)
        self.connection.register(f"{unique}_arrow", table)
        self.connection.execute(f"CREATE TABLE {unique} AS SELECT * FROM {unique}_arrow")
        self.connection.unregister(f"{unique}_arrow")
        return self._frame(unique)

    def keep(self, frame: DataFrame) -> DataFrame:
        """A table of the frame's rows."""
        name = self._name("kept")
        self._kept.append(name)
        return self._as_table(frame, name)

    def hold(self, frame: DataFrame) -> DataFrame:
        """A table of the frame's rows that ``forget`` leaves."""
        return self._as_table(frame, self._name("held"))

    def _as_table(self, frame: DataFrame, name: str) -> DataFrame:
        self._run(f"CREATE TABLE {name} AS {_query(frame)}")
        return self._frame(name)

    def forget(self) -> None:
        """Drop the tables that ``keep`` made."""
        for name in self._kept:
            self.connection.execute(f"DROP TABLE IF EXISTS {name}")
        self._kept.clear()

    def close(self) -> None:
        """Close the database and remove its spill files."""
        self.connection.close()
        self._spill.cleanup()

    def destination(self, publication: Publication, table: Table) -> str:
        """A local folder: the lake's own, or one that is uploaded."""
        return str(publication.local_target(table.name))

    def write_parquet(self, frame: DataFrame, folder: str, *, part: int = 0) -> DataFrame:
        """Write one file, ``part-NNNNN.parquet``; the frame that reads it, which ``forget`` leaves."""
        target, name = f"{folder}/part-{part:05d}.parquet", self._name("written")
        options = "(FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 122880)"
        self._run(f"COPY ({_query(frame)}) TO {_listed([target])[1:-1]} {options}")
        self._run(f"CREATE VIEW {name} AS SELECT * FROM read_parquet({_named([target])}, hive_partitioning = false)")
        return self._frame(name)

    def to_arrow(self, frame: DataFrame) -> pa.Table:
        """The frame's rows as an Arrow table."""
        with _explained():
            return self.connection.sql(_query(frame)).to_arrow_table()

    def _frame(self, name: str) -> DataFrame:
        """A table or view as a frame of PySpark's type, for which the embedded engine's stands in; see ``_query``."""
        return cast("DataFrame", self.session.table(name))

    def _run(self, query: str) -> list[Any]:
        with _explained():
            return self.connection.execute(query).fetchall()

    def _describe(self, name: str) -> Schema:
        with _explained():
            found = self.connection.table(name)
        return {column: of_duckdb(of) for column, of in zip(found.columns, found.types, strict=True)}

    def _name(self, prefix: str) -> str:
        safe = "".join(c if c.isalnum() else "_" for c in prefix)
        return f"{safe}_{next(self._numbers)}"


def _query(frame: DataFrame) -> str:
    """The SQL of a frame that ``_frame`` or a stage made: what PySpark's type does not have."""
    return cast("sql.DataFrame", frame).sql


@contextmanager
def _explained() -> Iterator[None]:
    """What DuckDB says of files and memory as expected errors, Ctrl-C as what it is; a mistake in a plan stays one."""
    try:
        yield
    except (duckdb.BinderException, duckdb.CatalogException, duckdb.ParserException):
        raise
    except RuntimeError as error:
        if str(error) != "Query interrupted":
            raise
        raise KeyboardInterrupt from error  # DuckDB has taken the signal from Python
    except duckdb.Error as error:
        said = " ".join(str(error).split())[:400]
        if "No space left" in said:
            raise LakeError(f"no space left on the device: {said}", hint="free some space and run again") from error
        if isinstance(error, duckdb.OutOfMemoryException):
            raise PipelineFailure(said, hint="lower engine.batch_rows or raise engine.memory_gb") from error
        if "Permission denied" in said:
            raise LakeError(f"access denied: {said}", hint="check the permissions of that path") from error
        if "Could not write" in said:
            raise LakeError(f"cannot write: {said}", hint="is the disk full, or a limit on files reached?") from error
        if _DAMAGED.search(said) is None:
            raise
        which = "the file named above" if _NAMED.search(said) else "one of the files that the stage reads"
        raise BadInputError(
            f"a file cannot be read to its end: {said}",
            hint=f"{which} is damaged inside: bring it anew, or move it out of the partition",
        ) from error


def _named(files: Sequence[str]) -> str:
    """The files for a reader of DuckDB, which takes every path for a pattern: each stands for itself alone.

    BadInputError for a path with a backslash and one of * ? [, for which DuckDB has no pattern.
    """
    for file in files:
        if "\\" in file and re.search(r"[*?\[]", file):
            raise BadInputError(
                f"{file} has both a backslash and one of * ? [ in its path, which cannot be read",
                hint="rename the file or its folder",
            )
    return _listed([re.sub(r"[*?\[]", r"[\g<0>]", file) for file in files])


def _listed(files: Sequence[str]) -> str:
    return "[" + ", ".join("'" + f.replace("'", "''") + "'" for f in files) + "]"


def _connected(files: Sequence[str], together: Sequence[Sequence[str]]) -> list[list[str]]:
    """Groups of files, in the files' order, so that files named together are in one group."""
    root = {f: f for f in files}

    def find(f: str) -> str:
        while root[f] != f:
            root[f] = root[root[f]]
            f = root[f]
        return f

    for first, *others in together:
        for other in others:
            root[find(other)] = find(first)
    groups: dict[str, list[str]] = {}
    for f in files:
        groups.setdefault(find(f), []).append(f)
    return list(groups.values())
