"""The real recordings of ``make compare``: ours and the published detectors, one table of potholes, one of roads."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
from rich.table import Table

from benchmarks import gonzalez, goodroad, passes, potholelab
from benchmarks.detectors.published import DETECTORS
from benchmarks.detectors.trip import series, trips
from benchmarks.score import ingest, pittsburgh
from benchmarks.tuning import Labelled, Tuned, key, leave_one_out
from pothole.evaluate import ImpactScore
from pothole.lake import open_lake
from pothole.tables import RAW

Row = tuple[str, str, ImpactScore]
PITTSBURGH_TRIPS = tuple(f"trip{i}" for i in range(1, 6))


def impacts(folder: Path) -> Iterator[Row]:
    """Data, detector and score where there are marks."""
    for name, score in pittsburgh().items():
        yield "Pittsburgh, 2 s", f"ours, {name}", score
    raw = pittsburgh_raw(folder / "pittsburgh")
    marked = pittsburgh_trips(raw, folder / "pittsburgh")
    driven = passes.read(raw)
    marks = [marked.marks[key(one.trip)] for one in driven]
    for name, others in (("learnt from the other trips", False), ("the same with what the other passes felt", True)):
        yield "Pittsburgh, 2 s", f"ours, {name}", passes.left_out(driven, marks, corroborated=others)
    for detector in DETECTORS:
        yield "Pittsburgh, 2 s", detector.name, leave_one_out(detector, marked)
    tables = None
    for name, kinds in (("Pothole Lab, potholes", ("pothole",)), ("Pothole Lab, all events", potholelab.ALL_KINDS)):
        road = potholelab.read(folder / "potholelab", kinds)
        tables = tables or potholelab.judge(road)
        for way, score in potholelab.ours(road, *tables).items():
            yield name, f"ours, {way}", score
        for detector in DETECTORS:
            yield name, detector.name, potholelab.rival(detector, road)


def pittsburgh_raw(folder: Path) -> pa.Table:
    """The five passes' rows that have a place and a speed."""
    return _ingested(folder.glob("trip*_sensors.csv"))


def pittsburgh_trips(raw: pa.Table, folder: Path) -> Labelled:
    """The five passes with the marks pressed by hand, 2 s."""
    found = trips(raw)
    marks = {n: pacsv.read_csv(folder / f"{n}_potholes.csv")["timestamp"].to_numpy() * 1000.0 for n in PITTSBURGH_TRIPS}
    return Labelled(found, {key(t): marks[t.trip_id] for t in found}, tolerance_ms=2000.0)


def foretold(folder: Path) -> Table:
    """Pittsburgh's places: what four passes felt against what was marked on the fifth."""
    raw = pittsburgh_raw(folder / "pittsburgh")
    marked, driven = pittsburgh_trips(raw, folder / "pittsburgh"), passes.read(raw)
    table = Table(
        "Pittsburgh, places every 15 m", "foretold by the other four", "marked within 15 m on the fifth", "places"
    )
    rows = passes.reliability(driven, [marked.marks[key(one.trip)] for one in driven])
    for edge, row in zip(("least likely", *[""] * (len(rows) - 2), "most likely"), rows, strict=True):
        table.add_row(edge, f"{row.foretold:.2f}", f"{row.marked:.2f}", f"{row.places}")
    total = sum(row.places for row in rows)
    table.add_row("any place (chance)", "", f"{sum(row.marked * row.places for row in rows) / total:.2f}", f"{total}")
    return table


def pittsburgh_roads(folder: Path) -> pa.Table:
    """The whole drives over roads called good and bad."""
    kinds = (p for kind in ("good", "bad") for p in (folder / "road-condition").glob(f"{kind}*.csv"))
    return _ingested(kinds)


def _ingested(files: Iterator[Path]) -> pa.Table:
    with tempfile.TemporaryDirectory(prefix="pothole-compare-") as folder:
        lake = Path(folder) / "lake"
        ingest(lake, sorted(files))
        days = open_lake(str(lake)).dates(RAW.name)
        rows = pa.concat_tables(pq.read_table(lake / RAW.name / f"dt={d}", partitioning=None) for d in days)
    return rows.filter(pc.and_(pc.is_valid(rows["velocity"]), pc.is_valid(rows["lon"])))


def good_and_bad(folder: Path) -> Iterator[tuple[str, pa.Table, str, str]]:
    """Roads called good and bad: name, raw rows, and what the trips' names hold on the good and on the bad one."""
    yield "Győr", goodroad.gyor(folder / "gyor"), "q1", "q3"
    yield "Pittsburgh's drives", pittsburgh_roads(folder / "pittsburgh"), "good", "bad"


def roads(folder: Path, tuned: Sequence[Tuned]) -> Table:
    """False alarms on good roads; the rivals (``tuned`` on simulated fleets) only where they were tuned."""
    table = Table("data", "detector", "setting", "impacts/km, good", "km", "driven again", "potholes/km, good",
                  "impacts/km, bad", "roughness bad/good")  # fmt: skip
    for name, raw, good, bad in good_and_bad(folder):
        kinds, confidence = goodroad.alarms(raw, (good, bad)), goodroad.places(raw, good)
        ratio = goodroad.roughness(raw, bad) / goodroad.roughness(raw, good)
        told = ", ".join(f"{(confidence >= c).sum() / kinds[0].km:.2f} (≥ {c})" for c in (0.95, 0.8))
        again = f"{goodroad.passed_again(raw, good):.0%}"
        table.add_row(name, "ours", "as shipped", f"{kinds[0].per_km:.2f}", f"{kinds[0].km:.1f}", again, told,
                      f"{kinds[1].per_km:.2f}", f"{ratio:.2f}")  # fmt: skip
        for rival in tuned:
            found = rival.find(trips(raw))
            each = [sum(len(at) for (_, trip), at in found.items() if of in trip) for of in (good, bad)]
            shares = [f"{n / k.km:.2f}" for n, k in zip(each, kinds, strict=True)]
            table.add_row(name, rival.detector.name, rival.told(), shares[0], "", "", "", shares[1], "")
    return table


def classes(folder: Path) -> Table:
    """AUC of González' series: ours, and the rivals' largest score (their published setting)."""
    data = gonzalez.read(folder / "gonzalez-2017")
    table = Table("detector, González' series", "AUC pothole/regular", "AUC pothole/bumps")
    for name, (regular, bumps) in gonzalez.ours(data).items():
        table.add_row(f"ours, {name}", f"{regular:.2f}", f"{bumps:.2f}")
    kind = np.array([name for name, of in data.items() for _ in of])
    for detector in DETECTORS:
        largest = np.array([detector.score(series(values)).max() for of in data.values() for values in of])
        regular, bumps = gonzalez.aucs(kind, largest, largest)
        table.add_row(detector.name, f"{regular:.2f}", f"{bumps:.2f}")
    return table
