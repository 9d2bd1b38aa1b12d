"""``make compare``: our detector and the published ones on the same data, in one table.

Every rival's threshold (and setting, where its paper leaves one open) is tuned on the training part: simulated fleets
of other seeds, or the other recordings (leave one out). Real data is scored where it is there.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from rich.console import Console
from rich.table import Table

from benchmarks import recordings
from benchmarks.detectors.published import DETECTORS
from benchmarks.detectors.trip import Array, trips
from benchmarks.score import DAY, PITTSBURGH, run_day
from benchmarks.tuning import Key, Labelled, Tuned, tune
from pothole.evaluate import ImpactScore, pothole_events, read_truth, reported
from pothole.lake import open_lake
from pothole.simulate.fleet import simulate
from pothole.simulate.settings import SETTINGS
from pothole.tables import IMPACTS, RAW

TRAINING_SEEDS = (101, 102)
SEEDS = (1, 2)
REAL = PITTSBURGH.parent


def simulated(setting: str, seeds: Sequence[int], count: int, *, ours: bool) -> Labelled:
    """Simulated fleets of some seeds, one after another."""
    data = Labelled()
    for seed in seeds:
        with tempfile.TemporaryDirectory(prefix="pothole-compare-") as folder:
            lake = Path(folder) / "lake"
            simulate(lake, trips=count, seed=seed, start_date=DAY, setting=SETTINGS[setting])
            events, _ = read_truth(lake.with_name("lake.truth"), DAY.isoformat())
            opened, found = open_lake(str(lake)), None
            if ours:
                run_day(lake, DAY.isoformat())
                found = reported(opened.read_table(IMPACTS.name, DAY.isoformat()))
            data += labelled(_raw(lake, DAY.isoformat()), pothole_events(events), found, f"{seed} ")
    return data


def _raw(lake: Path, day: str) -> pa.Table:
    return pq.read_table(lake / RAW.name / f"dt={day}", partitioning=None)


def labelled(samples: pa.Table, events: pa.Table, found: pa.Table | None, prefix: str = "") -> Labelled:
    """Samples with their events; the vehicles' names get a prefix, so that fleets can be joined."""
    named = samples.set_column(
        samples.column_names.index("vehicle_id"),
        "vehicle_id",
        pa.array([f"{prefix}{v}" for v in samples["vehicle_id"].to_pylist()]),
    )
    return Labelled(trips(named), times(events, prefix), {} if found is None else times(found, prefix))


def times(table: pa.Table, prefix: str = "") -> dict[Key, Array]:
    """Times (ms) of a table's rows by vehicle and trip."""
    by: dict[Key, list[float]] = {}
    for vehicle, trip, at in zip(*(table[c].to_pylist() for c in ("vehicle_id", "trip_id", "timestamp")), strict=True):
        by.setdefault((f"{prefix}{vehicle}", str(trip)), []).append(float(at))
    return {name: np.sort(np.array(at)) for name, at in by.items()}


def main() -> None:
    """Print the tables."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--trips", type=int, default=100, help="trips of each simulated fleet")
    arguments.add_argument("--only", choices=("simulated", "real"), help="score only these")
    given = arguments.parse_args()
    console, table = Console(width=130), Table()
    for column in ("data", "detector", "precision", "recall", "F1", "95 %"):
        table.add_column(column, justify="left" if column in ("data", "detector") else "right")
    standard = [] if given.only == "real" else fleets(table, given.trips)
    real = given.only != "simulated" and REAL.is_dir()
    if real:
        for data, detector, score in recordings.impacts(REAL):
            _row(table, data, detector, score)
    console.print(table)
    if real:
        console.print(recordings.foretold(REAL))
        console.print(recordings.roads(REAL, standard))
        console.print(recordings.classes(REAL))
    elif given.only != "simulated":
        print("the recordings are not here: only simulated fleets were scored", file=sys.stderr)


def fleets(table: Table, count: int) -> list[Tuned]:
    """Add the simulated fleets' rows; the rivals as tuned on the standard ones."""
    standard: list[Tuned] = []
    for setting in ("easy", "standard", "hard"):
        training = simulated(setting, TRAINING_SEEDS, count, ours=False)
        data = simulated(setting, SEEDS, count, ours=True)
        tuned = [tune(d, training) for d in DETECTORS]
        standard = tuned if setting == "standard" else standard
        name = f"simulated, {setting}"
        _row(table, name, "ours", data.score(data.ours))
        for rival in tuned:
            _row(table, name, rival.detector.name, data.score(rival.find(data.trips)))
    return standard


def _row(table: Table, data: str, detector: str, s: ImpactScore) -> None:
    table.add_row(
        data,
        detector,
        f"{s.precision:.2f}",
        f"{s.recall:.2f}",
        f"{s.f1:.3f}",
        f"{s.interval[0]:.2f}..{s.interval[1]:.2f}",
    )


if __name__ == "__main__":
    main()
