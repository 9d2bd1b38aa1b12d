"""Choose how passes become a confidence, on fleets that neither the classifier was fitted on nor any figure is of.

For every fleet the passes over every place are taken once; then the evidence settings are varied and the potholes
scored.
"""

from __future__ import annotations

import argparse
import dataclasses
import itertools
import tempfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pacsv

from benchmarks import embedded
from benchmarks.candidates import DAY, Wanted
from benchmarks.score import run_day
from pothole import engines
from pothole.evaluate import pooled_potholes, pothole_events, read_truth, score_impacts, score_potholes
from pothole.lake import open_lake
from pothole.stages.settings import EvidenceSettings, LocateSettings, Stage2Settings
from pothole.tables import IMPACTS, SEGMENTS, TRAVERSALS

FLEETS = (
    *(Wanted("standard", seed) for seed in (101, 102, 103)),
    Wanted("standard", 104, streets=True),
    *(Wanted("hard", seed) for seed in (111, 112)),
)
GRID: dict[str, tuple[float, ...]] = {
    "pothole_prior": (0.05, 0.1, 0.2, 0.3),
    "pothole_hit_rate": (0.5, 0.6, 0.7, 0.8),
    "noise_hit_rate": (0.03, 0.05, 0.08),
    "independent_looks": (4.0, 6.0),
}


def prepare(engine: engines.Engine, wanted: Wanted, trips: int) -> dict[str, Any]:
    """A fleet's passes, places, truth and impacts, and for its roads matched seconds and impacts and the true IRI."""
    from pothole.stages import evidence
    from pothole.stages.cluster import places
    from pothole.stages.locate import position_sigma_m
    from pothole.stages.match import match, network

    with tempfile.TemporaryDirectory() as folder:
        lake_folder = Path(folder) / "lake"
        wanted.drive(lake_folder, trips)
        day = DAY.isoformat()
        run_day(lake_folder, day)
        lake, settings = open_lake(str(lake_folder)), Stage2Settings()
        events, true = read_truth(Path(f"{lake_folder}.truth"), day)
        impacts = engine.from_arrow(lake.read_table(IMPACTS.name, day), "impacts")
        driven = lake.read_table(TRAVERSALS.name, day)
        sigma = position_sigma_m(LocateSettings())
        traversals = engine.from_arrow(driven, "traversals").withColumn("position_sigma_m", sigma)
        roads = engine.keep(network(engine.from_arrow(lake.layer(SEGMENTS).select(SEGMENTS.names), "segments")))
        key = ("vehicle_id", "trip_id", "timestamp")
        hit = engine.keep(places(match(impacts, roads, key, settings.match), settings.cluster))
        on_road = engine.keep(match(traversals, roads, key, settings.match))
        placed = hit.where("place is not null")
        summary = engine.keep(evidence.place_summary(placed).where("impact_count >= 2"))
        passed = engine.to_arrow(evidence.passes(summary, placed, on_road, settings.cluster))
        table = engine.to_arrow(summary).select(["place", "link_id", "lon", "lat"])
        found = lake.read_table(IMPACTS.name, day)
        road = {"driven": engine.to_arrow(on_road), "hits": engine.to_arrow(hit), "roads": engine.to_arrow(roads)}
        iri = pacsv.read_csv(Path(f"{lake_folder}.truth") / "segments.csv")
        engine.forget()
    holes = {"passes": passed, "places": table, "true": true, "events": pothole_events(events), "impacts": found}
    return holes | road | {"iri": iri}


def score(engine: engines.Engine, fleet: dict[str, Any], settings: EvidenceSettings) -> Any:
    """The fleet's potholes under these settings."""
    from pothole.stages import evidence

    weighed = engine.to_arrow(evidence.weigh(fleet["frame"], settings))
    joined = fleet["places"].join(weighed.select(["place", "confidence", "hit_count"]), "place")
    enough = joined.filter(pa.compute.greater_equal(joined["hit_count"], 2))
    return score_potholes(enough, fleet["true"])


def main() -> None:
    """Vary, score, print the best."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--trips", type=int, default=150)
    given = arguments.parse_args()
    engine = embedded.start()
    fleets = [prepare(engine, wanted, given.trips) for wanted in FLEETS]
    for threshold in (0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55):
        scores = [
            score_impacts(
                f["impacts"].filter(pa.compute.greater_equal(f["impacts"]["pothole_probability"], threshold)),
                f["events"],
            )
            for f in fleets
        ]
        right, false, missed = (sum(getattr(s, n) for s in scores) for n in ("right", "false_alarms", "missed"))
        print(f"impacts at probability {threshold}: F1 {2 * right / (2 * right + false + missed):.3f}")
    for fleet in fleets:
        fleet["frame"] = engine.from_arrow(fleet["passes"], "passes")
    tried = []
    for values in itertools.product(*GRID.values()):
        settings = dataclasses.replace(EvidenceSettings(), **dict(zip(GRID, values, strict=True)))
        pooled = pooled_potholes([score(engine, f, settings) for f in fleets])
        tried.append((pooled.f1, pooled.precision, pooled.recall, dict(zip(GRID, values, strict=True))))
    for f1, precision, recall, chosen in sorted(tried, key=lambda t: -t[0])[:15]:
        print(f"F1 {f1:.3f} (P {precision:.2f}, R {recall:.2f})  {chosen}")


if __name__ == "__main__":
    main()
