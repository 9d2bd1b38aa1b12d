"""From places to potholes: passes with and without an impact, weighed under three explanations.

A place is a pothole, another structure (bump, manhole, joint) or nothing. Each pass speaks: without an impact by one
minus the hit rate of each explanation; with an impact by the hit rate times the likelihood of the impact's look, which
is its classifier's probability over the share of that kind among all impacts (Bayes' theorem). Passes are not
independent, since the same structure shakes every vehicle alike: so the mean of the looks counts, not their sum, beyond
``independent_looks`` of them. Nor has every place the explanation's hit rate, but one of its own (drivers steer around
one hole and not around another): beyond ``independent_passes`` the share of passes with an impact counts, not their
number. And some structures look like a pothole to every vehicle: no number of passes makes one surer than
``lookalike_share`` allows.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from pothole.geo import steady
from pothole.stages.frames import Keep, equi_join
from pothole.stages.match import segments_at
from pothole.stages.passing import seconds_over
from pothole.stages.settings import ClusterSettings, EvidenceSettings


def place_summary(impacts: DataFrame) -> DataFrame:
    """One row a place: its position (medians of its impacts), link, heading and time span."""
    first = F.min(F.struct(*(F.col(c).alias(c) for c in ("timestamp", "vehicle_id", "trip_id"))))
    strongest = F.max(F.struct(steady(F.col("peak_mps2")).alias("peak"), F.col("heading").alias("heading")))
    return impacts.groupBy("place").agg(
        F.max("link_id").alias("link_id"),
        F.percentile("offset_m", F.lit(0.5)).alias("offset_m"),
        F.percentile("lon", F.lit(0.5)).alias("lon"),
        F.percentile("lat", F.lit(0.5)).alias("lat"),
        first.alias("first"),
        strongest.alias("strongest"),
        F.min("timestamp").alias("first_seen"),
        F.max("timestamp").alias("last_seen"),
        F.avg(F.col("position_sigma_m")).alias("sigma_m"),
        F.count(F.lit(1)).alias("impact_count"),
    )


def passes(places: DataFrame, impacts: DataFrame, traversals: DataFrame, settings: ClusterSettings) -> DataFrame:
    """One row a pass over a place: ``place``, vehicle, trip, ``hit`` (0/1) and the strongest impact's look.

    A vehicle passes where a second of its motion lies over the place in the place's direction, or where it had an
    impact of the
    place; a trip that is there again after ``pass_gap_seconds`` passes again.
    """
    here = _nearby(places, traversals).select("place", *_EVENT, *(F.lit(None).cast("double").alias(c) for c in _LOOK))
    hits = impacts.select("place", *_EVENT, *_LOOK)
    trip = Window.partitionBy("place", "vehicle_id", "trip_id")
    order = trip.orderBy("timestamp")
    events = here.unionByName(hits)
    gap = F.col("timestamp") - F.lag("timestamp").over(order)
    begins = F.when(gap <= settings.pass_gap_seconds * 1000, F.lit(0)).otherwise(F.lit(1))
    numbered = events.withColumn("begins", begins).withColumn("number", F.sum("begins").over(order))
    strongest = F.max(
        F.when(
            F.col("peak_mps2").isNotNull(),
            F.struct(steady(F.col("peak_mps2")).alias("peak"), *(F.col(c).alias(c) for c in _LOOK)),
        )
    )
    return (
        numbered.groupBy("place", "vehicle_id", "trip_id", "number")
        .agg(strongest.alias("look"))
        .withColumn("hit", F.when(F.col("look").isNotNull(), F.lit(1)).otherwise(F.lit(0)))
        .select("place", "vehicle_id", "trip_id", "hit", *(F.col(f"look.{c}").alias(c) for c in _LOOK))
    )


_EVENT = ("vehicle_id", "trip_id", "timestamp")
_LOOK = ("peak_mps2", "energy_mps2", "velocity", "single_pothole_probability", "single_bump_probability")


def _nearby(places: DataFrame, traversals: DataFrame) -> DataFrame:
    """Seconds of motion over a place, on its link where both have one."""
    wanted = places.select(
        "place",
        F.col("link_id").alias("place_link"),
        F.col("lon").alias("place_lon"),
        F.col("lat").alias("place_lat"),
        F.col("strongest.heading").alias("place_heading"),
    )
    seconds = traversals.select(*_EVENT, "lon", "lat", "heading", "distance_m", "link_id")
    same_link = F.coalesce(F.col("link_id") == F.col("place_link"), F.lit(True))
    return seconds_over(wanted, seconds).where(same_link)


def weigh(passed: DataFrame, settings: EvidenceSettings) -> DataFrame:
    """One row a place: ``hit_count, pass_count, vehicle_count, confidence`` and the strength at comparable speed."""
    hit = F.col("hit") == 1
    # Passes without an impact have no look: greatest and least would take the bound for it.
    pothole, bump = (
        F.when(hit, F.greatest(F.lit(0.02), F.least(F.lit(0.98), F.col(c))))
        for c in ("single_pothole_probability", "single_bump_probability")
    )
    rest = F.lit(1.0) - F.col("single_pothole_probability") - F.col("single_bump_probability")
    other = F.when(hit, F.greatest(F.lit(0.02), rest))
    comparable = F.col("energy_mps2") * F.pow(F.lit(40.0) / F.col("velocity"), F.lit(settings.speed_exponent))
    votes = passed.groupBy("place").agg(
        F.sum("hit").cast("bigint").alias("hit_count"),
        F.count(F.lit(1)).alias("pass_count"),
        F.count_distinct(F.when(hit, F.col("vehicle_id"))).alias("vehicle_count"),
        F.avg(F.log(pothole / F.lit(settings.pothole_share))).alias("look_pothole"),
        F.avg(F.log(bump / F.lit(settings.structure_share))).alias("look_structure"),
        F.avg(F.log(other / F.lit(settings.noise_share))).alias("look_noise"),
        F.percentile(comparable, F.lit(settings.severity_quantile)).alias("strength_mps2"),
    )
    looks = F.least(F.col("hit_count").cast("double"), F.lit(settings.independent_looks))
    misses = F.col("pass_count") - F.col("hit_count")
    independent = F.least(F.lit(1.0), F.lit(settings.independent_passes) / F.col("pass_count"))

    def log_weight(prior: float, rate: float, look: str) -> Column:
        passes_term = F.col("hit_count") * F.log(F.lit(rate)) + misses * F.log(F.lit(1.0 - rate))
        return F.log(F.lit(prior)) + independent * passes_term + looks * F.col(look)

    nothing = 1.0 - settings.pothole_prior - settings.structure_prior
    weights = votes.withColumns(
        {
            "w_pothole": log_weight(settings.pothole_prior, settings.pothole_hit_rate, "look_pothole"),
            "w_structure": log_weight(settings.structure_prior, settings.structure_hit_rate, "look_structure"),
            "w_noise": log_weight(nothing, settings.noise_hit_rate, "look_noise"),
        }
    )
    pot = F.col("w_pothole")
    against = F.exp(F.least(F.lit(50.0), F.col("w_structure") - pot)) + F.exp(
        F.least(F.lit(50.0), F.col("w_noise") - pot)
    )
    odds = F.lit(settings.lookalike_share) + F.pow(against, F.lit(settings.sharpness))
    return weights.withColumn("confidence", F.lit(1.0) / (F.lit(1.0) + odds))


def potholes(
    impacts: DataFrame,
    traversals: DataFrame,
    roads: DataFrame,
    cluster: ClusterSettings,
    settings: EvidenceSettings,
    keep: Keep,
) -> DataFrame:
    """Candidates of the day: ``tables.POTHOLES`` without the date, and ``first`` (the smallest impact's key).

    ``impacts`` know their ``place``, ``traversals`` their link; ``roads`` come from ``match.network``. A candidate
    needs ``min_passes`` passes with an impact.
    """
    placed = impacts.where(F.col("place").isNotNull())
    summary = keep(place_summary(placed).where(F.col("impact_count") >= cluster.min_passes))
    known = equi_join(placed, summary.select("place"), ["place"], "left_semi")
    weighed = weigh(passes(summary, known, traversals, cluster), settings)
    strong = weighed.where(F.col("hit_count") >= cluster.min_passes)
    severity = F.lit(100.0) * (F.lit(1.0) - F.exp(F.lit(0.0) - F.col("strength_mps2") / F.lit(settings.severity_mps2)))
    # The median of n readings with standard error s has 1.2533 s / sqrt(n); 2.146 of it holds 90 % in two dimensions.
    spread = F.lit(1.2533) * F.col("sigma_m") / F.sqrt(F.col("hit_count"))
    radius = F.lit(2.146) * F.sqrt(spread * spread + F.lit(settings.position_floor_m**2))
    held = equi_join(summary, segments_at(summary, roads), ["place"], "left")
    return equi_join(held, strong, ["place"]).withColumns(
        {
            "heading": F.col("strongest.heading"),
            "severity": F.greatest(F.lit(1.0), severity),
            "radius_m": radius,
        }
    )
