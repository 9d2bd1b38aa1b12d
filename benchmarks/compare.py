"""``make compare``: our detector and the published ones on the same data, in one table.

Every rival's threshold (and setting, where its paper leaves one open) is tuned on the training part: simulated fleets
of other seeds, or the other recordings (leave one out). Real data is scored where it is there.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
from rich.console import Console
from rich.table import Table

from benchmarks.detectors.published import DETECTORS, Detector, peaks
from benchmarks.detectors.trip import Array, Trip, series, trips
from benchmarks.score import DAY, PITTSBURGH, ingest, pittsburgh, run_day
from pothole.evaluate import ImpactScore, impact_score, nearest_first, pothole_events, read_truth, reported
from pothole.lake import open_lake
from pothole.simulate.fleet import simulate
from pothole.simulate.settings import SETTINGS
from pothole.tables import IMPACTS, RAW

TRAINING_SEEDS = (101, 102)
SEEDS = (1, 2)
THRESHOLDS = 40
REAL = PITTSBURGH.parent
Key = tuple[str, str]


@dataclass
class Labelled:
    """Trips and the times (ms) of their potholes; ``ours`` are the times that our detector reported."""

    trips: list[Trip] = field(default_factory=list)
    marks: dict[Key, Array] = field(default_factory=dict)
    ours: dict[Key, Array] = field(default_factory=dict)
    tolerance_ms: float = 1000.0

    def __add__(self, other: Labelled) -> Labelled:
        return Labelled(
            self.trips + other.trips, self.marks | other.marks, self.ours | other.ours, self.tolerance_ms
        )  # fmt: skip

    def only(self, wanted: Callable[[Trip], bool]) -> Labelled:
        """The same with some of the trips."""
        return Labelled([t for t in self.trips if wanted(t)], self.marks, self.ours, self.tolerance_ms)

    def score(self, found: dict[Key, Array]) -> ImpactScore:
        """Each mark matched once, nearest first."""
        groups = []
        for trip in self.trips:
            at, marks = (d.get(key(trip), np.array([])) for d in (found, self.marks))
            right = len(nearest_first(np.abs(at[:, None] - marks[None, :]), self.tolerance_ms))
            groups.append((right, len(at) - right, len(marks) - right))
        return impact_score(groups)


def key(trip: Trip) -> Key:
    """What a trip is known by."""
    return (trip.vehicle_id, trip.trip_id)


@dataclass(frozen=True)
class Tuned:
    """A detector with its setting and threshold."""

    detector: Detector
    setting: dict[str, Any]
    threshold: float

    def find(self, over: Sequence[Trip]) -> dict[Key, Array]:
        """Times (ms) of what it reports, by trip."""
        return {key(t): peaks(t, self.detector.score(t, **self.setting), self.threshold)[0] for t in over}


def tune(detector: Detector, on: Labelled) -> Tuned:
    """The setting and threshold of the best F1."""
    best, chosen = -1.0, Tuned(detector, dict(detector.grid[0]), detector.threshold)
    for setting in detector.grid:
        found = {}
        for trip in on.trips:
            score = detector.score(trip, **setting)
            found[key(trip)] = peaks(trip, score, float(np.quantile(score, 0.5)))
        heights = np.concatenate([height for _, height in found.values()])
        for threshold in np.unique(np.quantile(heights, np.linspace(0.2, 0.998, THRESHOLDS))):
            f1 = on.score({k: at[height >= threshold] for k, (at, height) in found.items()}).f1
            if f1 > best:
                best, chosen = f1, Tuned(detector, dict(setting), float(threshold))
    return chosen


def leave_one_out(detector: Detector, data: Labelled) -> ImpactScore:
    """Each trip scored with what is best on the others."""
    groups: list[tuple[int, int, int]] = []
    for out in data.trips:
        tuned = tune(detector, data.only(lambda t, out=out: t is not out))  # type: ignore[misc]
        one = data.only(lambda t, out=out: t is out)  # type: ignore[misc]
        groups += one.score(tuned.find(one.trips)).groups
    return impact_score(groups)


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


def pittsburgh_trips() -> Labelled:
    """The five passes with the marks pressed by hand, 2 s."""
    names = [f"trip{i}" for i in range(1, 6)]
    with tempfile.TemporaryDirectory(prefix="pothole-compare-") as folder:
        lake = Path(folder) / "lake"
        ingest(lake, [PITTSBURGH / f"{n}_sensors.csv" for n in names])
        parts = [_raw(lake, day) for day in open_lake(str(lake)).dates(RAW.name)]
    found = trips(pa.concat_tables(parts))
    marks = {n: pacsv.read_csv(PITTSBURGH / f"{n}_potholes.csv")["timestamp"].to_numpy() * 1000.0 for n in names}
    return Labelled(found, {key(t): marks[t.trip_id] for t in found}, tolerance_ms=2000.0)


def pothole_lab() -> Labelled:
    """Pothole Lab's roads: potholes are marks, both kinds of bumps are not."""
    labels = pq.read_table(REAL / "potholelab" / "labels.parquet")
    found = trips(pq.read_table(REAL / "potholelab" / "samples.parquet"))
    holes = labels.filter(pc.equal(labels["class"], "pothole"))
    at, of = holes["timestamp_ms"].to_numpy().astype(float), np.array(holes["trip_id"].to_pylist())
    return Labelled(found, {key(t): at[of == t.trip_id] for t in found})


def good_road() -> tuple[list[Trip], float]:
    """Győr's good road, and its length in km."""
    samples = pq.read_table(REAL / "gyor" / "samples.parquet")
    found = trips(samples.filter(pc.match_substring(samples["trip_id"], "q1")))
    hours = [np.diff(t.time_ms, append=t.time_ms[-1:]) / 3.6e6 for t in found]
    return found, float(sum((t.speed_kmh * np.clip(h, 0, 2 / 3600)).sum() for t, h in zip(found, hours, strict=True)))


def gonzalez() -> dict[str, list[Trip]]:
    """González' series by class."""
    folders = sorted(p for p in (REAL / "gonzalez-2017").iterdir() if p.is_dir())
    return {
        folder.name: [series(pacsv.read_csv(f)["acc_z"].to_numpy().astype(float)) for f in sorted(folder.glob("*.csv"))]
        for folder in folders
    }


def auc(positive: Sequence[float], negative: Sequence[float]) -> float:
    """Area under the ROC curve: how often a positive one scores above a negative one (ties count half)."""
    p, n = np.array(positive)[:, None], np.array(negative)[None, :]
    return float((p > n).mean() + (p == n).mean() / 2)


def classes(tuned: Tuned, data: dict[str, list[Trip]]) -> tuple[float, float]:
    """AUC of the series' largest score: potholes against regular road, and against both kinds of bumps."""
    largest = {n: [float(tuned.detector.score(t, **tuned.setting).max()) for t in of] for n, of in data.items()}
    bumps = largest["asphalt_bumps"] + largest["metal_bumps"]
    return auc(largest["potholes"], largest["regular_road"]), auc(largest["potholes"], bumps)


def main() -> None:
    """Print the table."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--trips", type=int, default=100, help="trips of each simulated fleet")
    given = arguments.parse_args()
    table = Table()
    for column in ("data", "detector", "precision", "recall", "F1", "95 %"):
        table.add_column(column, justify="left" if column in ("data", "detector") else "right")
    standard: list[Tuned] = []
    for setting in ("easy", "standard", "hard"):
        training = simulated(setting, TRAINING_SEEDS, given.trips, ours=False)
        data = simulated(setting, SEEDS, given.trips, ours=True)
        tuned = [tune(d, training) for d in DETECTORS]
        standard = tuned if setting == "standard" else standard
        name = f"simulated, {setting}"
        _row(table, name, "ours", data.score(data.ours))
        for rival in tuned:
            _row(table, name, rival.detector.name, data.score(rival.find(data.trips)))
    if REAL.is_dir():
        _row(table, "Pittsburgh, 2 s", "ours", pittsburgh()["energy"])
        for name, recordings in (("Pittsburgh, 2 s", pittsburgh_trips()), ("Pothole Lab", pothole_lab())):
            for detector in DETECTORS:
                _row(table, name, detector.name, leave_one_out(detector, recordings))
    Console(width=120).print(table)
    if REAL.is_dir():
        Console(width=120).print(_real(standard))
    else:
        print("the recordings are not here: only simulated fleets were scored", file=sys.stderr)


def _row(table: Table, data: str, detector: str, s: ImpactScore) -> None:
    table.add_row(
        data,
        detector,
        f"{s.precision:.2f}",
        f"{s.recall:.2f}",
        f"{s.f1:.3f}",
        f"{s.interval[0]:.2f}..{s.interval[1]:.2f}",
    )


def _real(tuned: Sequence[Tuned]) -> Table:
    table = Table(
        "detector", "setting", "threshold", "false alarms/km, Győr good", "AUC pothole/regular", "AUC pothole/bumps"
    )
    road, km = good_road()
    data = gonzalez()
    for rival in tuned:
        alarms = sum(len(at) for at in rival.find(road).values()) / km
        regular, bumps = classes(rival, data)
        setting = ", ".join(f"{k} {v:g}" for k, v in rival.setting.items())
        threshold = f"{rival.threshold:.2f} {rival.detector.unit}"
        table.add_row(rival.detector.name, setting, threshold, f"{alarms:.2f}", f"{regular:.2f}", f"{bumps:.2f}")
    return table


if __name__ == "__main__":
    main()
