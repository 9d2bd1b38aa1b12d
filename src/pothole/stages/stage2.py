"""Stage 2: from the day's impacts and traversals to potholes and segment conditions."""

from __future__ import annotations

from dataclasses import dataclass

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pothole.stages import evidence
from pothole.stages.cluster import places
from pothole.stages.condition import condition
from pothole.stages.frames import Keep, hashed
from pothole.stages.locate import position_sigma_m
from pothole.stages.match import match, network, unmatched
from pothole.stages.settings import LocateSettings, Stage2Settings
from pothole.tables import POTHOLES

_KEY = ("vehicle_id", "trip_id", "timestamp")


@dataclass(frozen=True)
class Stage2:
    """What Stage 2 gives: frames with the columns of the tables of these names."""

    potholes: DataFrame
    condition: DataFrame
    impacts: DataFrame
    """The impacts with their match, for counting the unmatched."""


def run(
    impacts: DataFrame,
    traversals: DataFrame,
    segments: DataFrame,
    date: str,
    settings: Stage2Settings,
    located: LocateSettings,
    *,
    keep: Keep,
) -> Stage2:
    """Cluster a day's impacts, ``located`` by these settings.

    ``segments`` has the columns of ``tables.SEGMENTS`` and may be empty.
    """
    roads = keep(network(segments))
    seconds = traversals.withColumn("position_sigma_m", position_sigma_m(located))
    on_road = keep(match(seconds, roads, _KEY, settings.match))
    hit = keep(places(keep(match(impacts, roads, _KEY, settings.match)), settings.cluster))
    found = evidence.potholes(hit, on_road, roads, settings.cluster, settings.evidence, keep)
    smallest = (F.col("first.timestamp").cast("string"), F.col("first.vehicle_id"), F.col("first.trip_id"))
    named = found.withColumns({"pothole_id": hashed(F.lit(date), *smallest), "date": F.lit(date)})
    return Stage2(
        potholes=named.select(*POTHOLES.names),
        condition=condition(on_road, hit, roads, date, settings.cluster.pass_gap_seconds, settings.condition, keep),
        impacts=hit,
    )


__all__ = ["Stage2", "run", "unmatched"]
