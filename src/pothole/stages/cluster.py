"""From matched impacts to places: density clustering along the road, and around cells where there is no road.

One-dimensional along a directed link: a gap wider than ``gap_m`` begins a new place, a place longer than
``max_length_m`` is split
at equal lengths. Impacts without a link climb to the fullest of the neighbouring cells of their direction.
"""

from __future__ import annotations

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from pothole.geo import steady
from pothole.stages.frames import equi_join
from pothole.stages.passing import SECTORS, cell_of
from pothole.stages.settings import ClusterSettings


def along_links(impacts: DataFrame, settings: ClusterSettings) -> DataFrame:
    """Matched impacts with ``place``: a string that names the group of impacts of one place on a link."""
    order = Window.partitionBy("link_id").orderBy("offset_at", "timestamp", "vehicle_id", "trip_id")
    steadied = impacts.withColumn("offset_at", steady(F.col("offset_m")))
    gap = F.col("offset_at") - F.lag("offset_at").over(order)
    numbered = steadied.withColumn(
        "begins", F.when(steady(gap) <= settings.gap_m, F.lit(0)).otherwise(F.lit(1))
    ).withColumn("number", F.sum("begins").over(order))
    group = Window.partitionBy("link_id", "number")
    measured = numbered.withColumns(
        {"first_m": F.min("offset_at").over(group), "last_m": F.max("offset_at").over(group)}
    )
    length = F.col("last_m") - F.col("first_m")
    parts = F.greatest(F.lit(1), F.ceil(length / F.lit(settings.max_length_m)).cast("int"))
    share = (F.col("offset_at") - F.col("first_m")) / F.greatest(length, F.lit(1e-3))
    part = F.least(parts - F.lit(1), F.floor(steady(share * parts)).cast("int"))
    name = F.concat_ws("|", F.col("link_id"), F.col("number").cast("string"), part.cast("string"))
    return measured.withColumn("place", name).drop("offset_at", "begins", "number", "first_m", "last_m")


def around_cells(impacts: DataFrame, settings: ClusterSettings) -> DataFrame:
    """Unmatched impacts with ``place``: the fullest cell among theirs and its neighbours in place and direction.

    Cells are ``gap_m`` wide; twice a step uphill, ties to the smaller cell, so that the impacts of one place meet.
    """
    x, y, sector = cell_of(settings.gap_m)
    keyed = impacts.withColumns({"x": x, "y": y, "sector": sector})
    cell = ["x", "y", "sector"]
    counts = keyed.groupBy(*cell).agg(F.count(F.lit(1)).alias("n"))
    step = F.sequence(F.lit(-1), F.lit(1))
    reached = (
        counts.withColumn("dx", F.explode(step))
        .withColumn("dy", F.explode(step))
        .withColumn("ds", F.explode(step))
        .select(
            (F.col("x") + F.col("dx")).alias("x"),
            (F.col("y") + F.col("dy")).alias("y"),
            ((F.col("sector") + F.col("ds") + F.lit(SECTORS)) % F.lit(SECTORS)).alias("sector"),
            F.struct(
                F.col("n").alias("n"),
                (F.lit(0) - F.col("x")).alias("x"),
                (F.lit(0) - F.col("y")).alias("y"),
                (F.lit(0) - F.col("sector")).alias("sector"),
            ).alias("towards"),
        )
    )
    uphill = equi_join(counts, reached, cell).groupBy(*cell).agg(F.max("towards").alias("top"))
    steps = uphill.select(
        *cell, *((F.lit(0) - F.col(f"top.{c}")).cast("bigint" if c != "sector" else "int").alias(f"{c}1") for c in cell)
    )
    again = steps.select(*(F.col(c).alias(f"{c}1") for c in cell), *(F.col(f"{c}1").alias(f"{c}2") for c in cell))
    twice = equi_join(steps, again, [f"{c}1" for c in cell])
    joined = equi_join(keyed, twice.select(*cell, *(f"{c}2" for c in cell)), cell)
    name = F.concat_ws("|", F.lit("cell"), *(F.col(f"{c}2").cast("string") for c in cell))
    return joined.withColumn("place", name).select(*impacts.columns, "place")


def places(impacts: DataFrame, settings: ClusterSettings) -> DataFrame:
    """All impacts with ``place``, the name of the group of impacts of one place; null for those unlike a pothole."""
    alike = steady(F.col("pothole_probability")) >= settings.min_probability
    matched = along_links(impacts.where(alike & F.col("link_id").isNotNull()), settings)
    loose = around_cells(impacts.where(alike & F.col("link_id").isNull()), settings)
    others = impacts.where(~alike).withColumn("place", F.lit(None).cast("string"))
    columns = [*impacts.columns, "place"]
    found = matched.select(*columns).unionByName(loose.select(*columns))
    return found.unionByName(others.select(*columns))
