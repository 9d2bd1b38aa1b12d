"""What the day's driving says of every road segment: passes, impacts, roughness."""

from __future__ import annotations

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from pothole.stages.frames import equi_join
from pothole.tables import CONDITION


def condition(
    traversals: DataFrame, impacts: DataFrame, roads: DataFrame, date: str, pass_gap_seconds: int
) -> DataFrame:
    """Columns of ``tables.CONDITION``, one row a segment on which a second of motion was matched."""
    order = Window.partitionBy("s_id", "vehicle_id", "trip_id").orderBy("timestamp")
    gap = F.col("timestamp") - F.lag("timestamp").over(order)
    begins = F.when(gap <= pass_gap_seconds * 1000, F.lit(0)).otherwise(F.lit(1))
    squares = F.col("roughness") * F.col("roughness") * F.col("sample_count")
    driven = (
        traversals.where(F.col("s_id").isNotNull())
        .withColumn("begins", begins)
        .groupBy("s_id")
        .agg(
            F.sum("begins").cast("bigint").alias("pass_count"),
            F.sum("sample_count").cast("bigint").alias("total_count"),
            F.sqrt(F.sum(squares) / F.sum("sample_count")).alias("roughness"),
        )
    )
    jolted = impacts.where(F.col("s_id").isNotNull()).groupBy("s_id").agg(F.count(F.lit(1)).alias("impacts"))
    middle = roads.select(
        "s_id",
        ((F.col("start_lon") + F.col("end_lon")) / F.lit(2.0)).alias("centroid_lon"),
        ((F.col("start_lat") + F.col("end_lat")) / F.lit(2.0)).alias("centroid_lat"),
    )
    counted = equi_join(equi_join(driven, middle, ["s_id"]), jolted, ["s_id"], "left")
    return counted.withColumns(
        {"impact_count": F.coalesce(F.col("impacts"), F.lit(0)).cast("bigint"), "date": F.lit(date)}
    ).select(*CONDITION.names)
