"""From matched impacts to places: density clustering along the road, and around cells where there is no road.

One-dimensional along a directed link: a gap wider than ``gap_m`` begins a new stretch, in which every impact goes to
the nearest peak of their density, for the more vehicles pass, the more impacts lie between two potholes and far from
their own. A place longer than ``max_length_m`` is split at equal lengths. Impacts without a link climb to the fullest
of the neighbouring cells of their direction.
"""

from __future__ import annotations

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F
from pyspark.sql.window import WindowSpec

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
    ).withColumn("stretch", F.sum("begins").over(order))
    gathered = _nearest_peak(numbered, settings)
    group = Window.partitionBy("link_id", "stretch", "peak_mm")
    measured = gathered.withColumns(
        {"first_m": F.min("offset_at").over(group), "last_m": F.max("offset_at").over(group)}
    )
    length = F.col("last_m") - F.col("first_m")
    parts = F.greatest(F.lit(1), F.ceil(length / F.lit(settings.max_length_m)).cast("int"))
    share = (F.col("offset_at") - F.col("first_m")) / F.greatest(length, F.lit(1e-3))
    part = F.least(parts - F.lit(1), F.floor(steady(share * parts)).cast("int"))
    name = F.concat_ws("|", F.col("link_id"), *(c.cast("string") for c in (F.col("stretch"), F.col("peak_mm"), part)))
    return measured.withColumn("place", name).select(*impacts.columns, "place")


def _nearest_peak(impacts: DataFrame, settings: ClusterSettings) -> DataFrame:
    """Impacts with ``peak_mm``, the offset of the nearest peak of their density along the ``stretch`` of the link.

    The density is the count within ``smooth_m``, summed once more over the same width; a peak has the highest within
    ``apart_m``, of equal ones the first.
    """
    along = impacts.withColumn("mm", F.round(F.col("offset_at") * F.lit(1000.0)).cast("bigint"))
    stretch = Window.partitionBy("link_id", "stretch").orderBy("mm")

    def around(reach_m: float) -> WindowSpec:
        return stretch.rangeBetween(-round(reach_m * 1000), round(reach_m * 1000))

    counted = along.withColumn("count", F.count(F.lit(1)).over(around(settings.smooth_m)))
    dense = counted.withColumn("density", F.sum("count").over(around(settings.smooth_m)))
    # Density and place in one integer: the highest density, of these the smallest offset.
    ranked = dense.withColumn("rank", F.col("density") * F.lit(_LONGEST_MM) - F.col("mm"))
    highest = F.max("rank").over(around(settings.apart_m))
    peaks = ranked.withColumn("peak", F.when(F.col("rank") == highest, F.col("mm")))
    before = F.max("peak").over(stretch.rangeBetween(Window.unboundedPreceding, Window.currentRow))
    after = F.min("peak").over(stretch.rangeBetween(Window.currentRow, Window.unboundedFollowing))
    both = peaks.withColumns({"before": before, "after": after})
    nearer = F.when(F.col("after") - F.col("mm") < F.col("mm") - F.col("before"), F.col("after"))
    return both.withColumn("peak_mm", F.coalesce(nearer, F.col("before"), F.col("after")))


_LONGEST_MM = 10**10
"""More than any link is long."""


def around_cells(impacts: DataFrame, settings: ClusterSettings) -> DataFrame:
    """Unmatched impacts with ``place``: the fullest cell among theirs and its neighbours in place and direction.

    Twice a step uphill, ties to the smaller cell, so that the impacts of one place meet.
    """
    x, y, sector = cell_of(settings.cell_m)
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
