"""The cluster's engine: Spark itself, the same stage functions."""

from __future__ import annotations

import functools
import importlib
import itertools
import os
import re
import tempfile
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import ModuleType

    import pyarrow as pa
    from pyspark.sql import Column as SparkColumn
    from pyspark.sql import DataFrame, SparkSession

    from pothole.lake import Lake, Publication
    from pothole.settings import EngineSettings
    from pothole.tables import Column, Table


#: Bits used of a 64-bit word (the sign is left alone).
_BITS = 63


def session(
    name: str = "pothole", *, master: str | None = None, options: Mapping[str, str] | None = None
) -> SparkSession:
    """A Spark session with what the stages rely on; ``options`` (``spark.*``) come on top.

    Without a master spark-submit's is taken. UserError where PySpark is not installed.
    """
    from pothole import extras

    try:
        from pyspark.sql import SparkSession
    except ImportError:
        raise extras.missing("pyspark", what="the Spark engine", called="PySpark") from None
    builder = SparkSession.builder.appName(name)
    if master is not None:
        builder = builder.master(master)
    for key, value in (_NEEDED | _TUNED | dict(options or {})).items():
        builder = builder.config(key, value)
    started = builder.getOrCreate()
    started.sparkContext.setLogLevel("ERROR")
    return started


#: What the stages' results rely on.
_NEEDED = {"spark.sql.session.timeZone": "UTC", "spark.sql.ansi.enabled": "false"}

#: What makes them fast. Hash joins where a partition's small side fits: the samples need not be sorted. Wide frames
#: (the classifier's trees) outside whole-stage code: it would outgrow a Java method.
_TUNED = {
    "spark.sql.adaptive.maxShuffledHashJoinLocalMapThreshold": "256m",
    "spark.sql.codegen.maxFields": "30",
    "spark.sql.parquet.compression.codec": "zstd",
    "spark.ui.showConsoleProgress": "false",
}


class SparkEngine:
    """A Spark session: one on this machine by default, or the one it is given."""

    name = "spark"

    def __init__(
        self,
        given: SparkSession | None = None,
        *,
        master: str = "local[*]",
        memory_gb: float | None = None,
        scratch: str | None = None,
    ) -> None:
        local = {
            "spark.ui.enabled": "false",
            "spark.sql.shuffle.partitions": str(max(8, 4 * (os.cpu_count() or 2))),
            "spark.driver.memory": f"{int(memory_gb or 4)}g",
            "spark.driver.extraJavaOptions": "-XX:+UseParallelGC",
        }
        self.session = session(master=master, options=local) if given is None else given
        self.version = str(self.session.version)
        self._numbers = itertools.count()
        self._own_scratch = None if scratch else tempfile.TemporaryDirectory(prefix="pothole-")
        self._scratch = scratch or f"file://{self._own_scratch.name}"  # type: ignore[union-attr]

    @classmethod
    def from_settings(cls, limits: EngineSettings, lake: Lake) -> SparkEngine:
        """Started on the configured master; Spark's own file systems reach every lake."""
        return cls(master=limits.spark_master, memory_gb=limits.memory_gb)

    def module(self, name: str) -> ModuleType:
        """A module of ``pothole.stages``."""
        return importlib.import_module(name)

    def batches(self, files: Sequence[str], rows: Sequence[int], target_rows: int) -> list[list[str]]:
        """All files at once: Spark divides the work by itself."""
        return [list(files)]

    def keys_are_unique(self, files: Sequence[str]) -> bool:
        """Whether no two rows share vehicle, trip and timestamp (false too where one of these is null).

        Every second of a trip has a bit for each of its milliseconds: as many bits as rows say that the times differ.
        That is one hash aggregation with a row a second, instead of a shuffle of every row's key. Tried first: a bit
        for every 16 ms, which is enough for rates up to 60 Hz.
        """
        return self._times_differ(files, step_ms=16) or self._times_differ(files, step_ms=1)

    def _times_differ(self, files: Sequence[str], *, step_ms: int) -> bool:
        bit, words = f"(pmod(timestamp, 1000) DIV {step_ms})", -(-1000 // (step_ms * _BITS))
        bits = [
            f"bit_count(bit_or(CASE WHEN {bit} DIV {_BITS} = {k} THEN shiftleft(1L, CAST({bit} % {_BITS} AS INT)) "
            "ELSE 0L END))"
            for k in range(words)
        ]
        seconds = (
            self.session.read.parquet(*_spark_paths(files))
            .selectExpr("vehicle_id", "trip_id", "CAST(timestamp AS BIGINT) AS timestamp")
            .selectExpr("vehicle_id", "trip_id", "timestamp", "timestamp - pmod(timestamp, 1000) AS second")
            .groupBy("vehicle_id", "trip_id", "second")
            .agg(*(self._expr(e) for e in ("count(1) AS n", " + ".join(bits) + " AS bits")))
        )
        missing = "count_if(vehicle_id IS NULL OR trip_id IS NULL OR second IS NULL)"
        row = seconds.selectExpr("sum(n) = sum(bits)", f"{missing} = 0").collect()[0]
        return bool(row[0] and row[1])

    def _expr(self, sql: str) -> SparkColumn:
        from pyspark.sql import functions as F

        return F.expr(sql)

    def read_parquet(self, files: Sequence[str], columns: Sequence[Column], *, source_file: bool = False) -> DataFrame:
        """The files as one frame; a file whose column is narrower is widened."""
        from pyspark.sql import functions as F

        chosen = [F.col(c.name).cast(c.type).alias(c.name) for c in columns]
        if source_file:
            name = F.element_at(F.split(F.col("_metadata.file_path"), "/"), -1)  # of a URL, in which + is a plus
            chosen.append(F.url_decode(F.replace(name, F.lit("+"), F.lit("%2B"))).alias("source_file"))
        schema = ", ".join(f"`{c.name}` {c.type}" for c in columns)
        return self.session.read.schema(schema).parquet(*_spark_paths(files)).select(*chosen)

    def read_layer(self, lake: Lake, table: Table) -> DataFrame:
        """The layer's rows. BadInputError for a file without a column that is needed, or that is no number."""
        paths = [lake.storage.absolute(path) for path, _ in lake.layer_files(table)]
        frames = [self._read_layer(path, table) for path in _spark_paths(paths)]
        if not frames:
            return self.empty(table.columns)
        return functools.reduce(lambda a, b: a.unionByName(b), frames)

    def _read_layer(self, path: str, table: Table) -> DataFrame:
        from pothole.errors import BadInputError

        csv = not path.endswith(".parquet")
        found = self.session.read.csv(path, header=True, nullValue="") if csv else self.session.read.parquet(path)
        missing = [c.name for c in table.columns if c.name not in found.columns and not c.nullable]
        if missing:
            raise BadInputError(f"{path}: column {missing[0]} is missing; found {', '.join(found.columns)}")
        there = [c for c in table.columns if c.name in found.columns]
        absent = [f"CAST(NULL AS {c.type}) AS `{c.name}`" for c in table.columns if c not in there]
        texts = found.selectExpr(*(f"{_written(c, csv)} AS `{c.name}`" for c in there), *absent)
        problem = " ".join(f"WHEN {_is_bad(c)} THEN '{c.name}'" for c in there)
        told = texts.selectExpr("*", f"CASE {problem} END AS problem")
        for row in told.where("problem IS NOT NULL").limit(1).collect():
            raise BadInputError(
                f"{path}: rows without a valid {row['problem']}, such as {row[row['problem']]!r}",
                hint="fill, mend or remove them",
            )
        return texts.selectExpr(*(f"{_value(c)} AS `{c.name}`" for c in table.columns))

    def empty(self, columns: Sequence[Column]) -> DataFrame:
        """A frame without rows."""
        return self.session.range(0).selectExpr(*(f"CAST(NULL AS {c.type}) AS `{c.name}`" for c in columns))

    def from_arrow(self, table: pa.Table, name: str) -> DataFrame:
        """A copy of the table in the engine."""
        return self.session.createDataFrame(table)

    def keep(self, frame: DataFrame) -> DataFrame:
        """Written to the scratch folder and read back: ends the plan there, and survives the loss of a worker.

        ``persist`` would carry every plan inside the next one, which grows without bound over a stage's dozen steps.
        """
        return self._in_scratch(frame, "kept")

    def hold(self, frame: DataFrame) -> DataFrame:
        """Like ``keep``; ``forget`` leaves it."""
        return self._in_scratch(frame, "held")

    def _in_scratch(self, frame: DataFrame, name: str) -> DataFrame:
        folder = f"{self._scratch}/{name}-{next(self._numbers)}"
        frame.write.mode("overwrite").option("compression", "snappy").parquet(folder)
        return self.session.read.schema(frame.schema).parquet(*_spark_paths([folder]))

    def forget(self) -> None:
        """Remove what ``keep`` wrote."""
        system, path = self._scratch_folder()
        if system.exists(path):
            for status in system.listStatus(path):
                if status.getPath().getName().startswith("kept-"):
                    system.delete(status.getPath(), True)

    def _remove_scratch(self) -> None:
        system, path = self._scratch_folder()
        system.delete(path, True)

    def _scratch_folder(self) -> tuple[Any, Any]:
        jvm: Any = self.session._jvm  # its members are Java's, known when they are asked for
        path = jvm.org.apache.hadoop.fs.Path(self._scratch)
        return path.getFileSystem(self.session._jsc.hadoopConfiguration()), path

    def destination(self, publication: Publication, table: Table) -> str:
        """A folder in the lake itself."""
        return publication.target(table.name)

    def write_parquet(self, frame: DataFrame, folder: str, *, part: int = 0) -> DataFrame:
        """Append Spark's own ``part-*.parquet`` files; an empty frame gives one file without rows."""
        frame.write.mode("append").parquet(folder)
        return self.session.read.schema(frame.schema).parquet(*_spark_paths([folder]))

    def to_arrow(self, frame: DataFrame) -> pa.Table:
        """The frame's rows as an Arrow table."""
        return frame.toArrow()

    def close(self) -> None:
        """Stop the session and remove the scratch folder."""
        self._remove_scratch()
        self.session.stop()
        if self._own_scratch is not None:
            self._own_scratch.cleanup()


def _spark_paths(files: Sequence[str]) -> list[str]:
    """The files for Spark's readers, which take every path for a pattern: each stands for itself alone."""
    return [re.sub(r"[*?\[\]{}\\]", r"\\\g<0>", f.replace("s3://", "s3a://", 1)) for f in files]


def _written(column: Column, csv: bool) -> str:
    """A layer's value as it is written; in CSV the same words as on the embedded engine mean that there is none."""
    name = f"`{column.name}`"
    return f"CASE WHEN {name} IN ('', 'NULL', 'null') THEN NULL ELSE {name} END" if csv else name


def _value(column: Column) -> str:
    """Of a layer's written value the column's. Integers are read as doubles first: with gaps people write 2.0."""
    double = f"TRY_CAST(`{column.name}` AS DOUBLE)"
    return {"int": f"CAST({double} AS INT)", "string": f"CAST(`{column.name}` AS STRING)"}.get(column.type, double)


def _is_bad(column: Column) -> str:
    """Whether a layer's written value is none of the column's; never null."""
    name, double = f"`{column.name}`", f"TRY_CAST(`{column.name}` AS DOUBLE)"
    odd = {"string": "false", "int": f"{double} IS NULL OR {double} != {_value(column)}"}.get(
        column.type, f"{double} IS NULL" + ("" if column.nullable else f" OR isnan({double}) OR abs({double}) > 1e300")
    )
    return f"({name} IS NOT NULL AND ({odd}))" + ("" if column.nullable else f" OR {name} IS NULL")
