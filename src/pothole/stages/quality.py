"""Which raw rows can be used: every refused row gets a reason, nothing is dropped in silence."""

from __future__ import annotations

from functools import reduce
from operator import and_, or_

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from pothole.stages.frames import Keep, equi_join
from pothole.stages.settings import QualitySettings
from pothole.tables import QUARANTINE, RAW

_KEY = list(RAW.key)
_REQUIRED = [c.name for c in RAW.columns if not c.nullable]
_DOUBLES = [c.name for c in RAW.columns if c.type == "double"]


def split_duplicates(raw: DataFrame, keep: Keep) -> tuple[DataFrame, DataFrame]:
    """Rows that are alone with their key or the smallest of it, and the other rows of the same key.

    Of rows with the same vehicle, trip and timestamp the smallest by all raw columns in schema order (nulls first,
    ``source_file`` last) stays. Only the few contested rows are sorted.
    """
    counts = raw.groupBy(*_KEY).agg(F.count(F.lit(1)).alias("n"))
    contested_keys = keep(counts.where(F.col("n") > 1).select(*_KEY))
    alone = equi_join(raw, contested_keys, _KEY, "left_anti")
    order = [F.col(c).asc_nulls_first() for c in (*RAW.names, "source_file")]
    columns = raw.columns
    contested = equi_join(raw, contested_keys, _KEY, "left_semi").withColumn(
        "place", F.row_number().over(Window.partitionBy(*_KEY).orderBy(*order))
    )
    smallest = contested.where(F.col("place") == 1).select(*columns)
    others = contested.where(F.col("place") > 1).select(*columns)
    return alone.select(*columns).unionByName(smallest), others


def reason(day_start_ms: int, day_end_ms: int, settings: QualitySettings) -> Column:
    """Why a row is refused (a key of ``tables.REASONS``), null for a good one."""
    slack_ms = int(settings.slack_minutes * 60_000)
    west, east, south, north = settings.region or (-180.0, 180.0, -90.0, 90.0)
    missing = reduce(or_, (F.col(c).isNull() for c in _REQUIRED))
    finite = reduce(and_, (_finite(F.col(c)) for c in _DOUBLES))
    too_strong = _squares(*(F.col(c) for c in ("accel_x", "accel_y", "accel_z"))) > F.lit(100.0**2)
    turns = (F.coalesce(F.col(c), F.lit(0.0)) for c in ("gyro_x", "gyro_y", "gyro_z"))  # any axis may be missing
    too_fast_turn = _squares(*turns) > F.lit(10_000.0**2)
    impossible = (
        (F.col("velocity") < 0)
        | (F.col("velocity") > 300.0)
        | (F.col("hdop") < 0)
        | (F.col("satellites") < 0)
        | too_strong
        | too_fast_turn
    )
    nowhere = (
        ~F.col("lon").between(west, east)
        | ~F.col("lat").between(south, north)
        | ((F.col("lon") == 0) & (F.col("lat") == 0))
    )
    wrong_day = (F.col("timestamp") < F.lit(day_start_ms - slack_ms)) | (
        F.col("timestamp") >= F.lit(day_end_ms + slack_ms)
    )
    return (
        F.when(missing, F.lit("null_value"))
        .when(~finite, F.lit("not_finite"))
        .when(impossible, F.lit("out_of_range"))
        .when(nowhere, F.lit("bad_position"))
        .when(wrong_day, F.lit("wrong_day"))
    )


def inspect(
    raw: DataFrame, day_start_ms: int, day_end_ms: int, settings: QualitySettings, *, unique: bool, keep: Keep
) -> tuple[DataFrame, DataFrame]:
    """Good samples (raw columns, ``second`` and ``fit``), and quarantined rows (columns of ``tables.QUARANTINE``).

    ``unique`` says that the keys are known to be unique, and saves the search. ``second`` counts whole seconds of UTC
    since the epoch; ``fit`` tells whether detection may use the sample.
    """
    rows, duplicates = (raw, None) if unique else split_duplicates(raw, keep)
    judged = rows.withColumn("reason", reason(day_start_ms, day_end_ms, settings))
    good = accept(judged.where(F.col("reason").isNull()), settings)
    refused = judged.where(F.col("reason").isNotNull()).select(*QUARANTINE.names)
    if duplicates is not None:
        again = duplicates.withColumn("reason", F.lit("duplicate")).select(*QUARANTINE.names)
        refused = refused.unionByName(again)
    return good, refused


def accept(rows: DataFrame, settings: QualitySettings) -> DataFrame:
    """Good rows as samples: raw columns, ``second`` and ``fit``."""
    fit = (
        (F.col("hdop") <= settings.max_hdop)
        & (F.col("satellites") >= settings.min_satellites)
        & (F.col("velocity") >= settings.min_velocity_kmh)
    )
    return rows.select(
        *RAW.names,
        F.floor(F.col("timestamp") / F.lit(1000.0)).cast("bigint").alias("second"),
        fit.alias("fit"),
    )


def _finite(column: Column) -> Column:
    """True for null and for every number but NaN and the infinities."""
    return F.coalesce(~F.isnan(column) & (F.abs(column) < F.lit(1e300)), F.lit(True))


def _squares(*columns: Column) -> Column:
    return reduce(lambda a, b: a + b, (c * c for c in columns))
