"""``make figures``: what detection is asked for and what it reaches on simulated fleets, one row a figure.

Nothing here was fitted on these seeds: the classifier is fitted on 301 and on (``benchmarks.fit``), the evidence on 101
to 112 (``benchmarks.tune``).
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
from rich.console import Console
from rich.table import Table

from benchmarks import pages
from benchmarks.score import DAY, compared, run_day
from pothole.evaluate import (
    REACH_M,
    ImpactScore,
    PotholeScore,
    impact_score,
    nearest_first,
    place_distances_m,
    pooled_potholes,
    pothole_events,
    score_impacts,
)
from pothole.lake import open_lake
from pothole.simulate.fleet import simulate
from pothole.simulate.settings import HARD, STANDARD, Setting
from pothole.tables import CONDITION, CONFIRMED, TRAVERSALS

SEEDS = (1, 2, 3, 4)
TRIPS = 300
FIGURES = "detection"
"""The table of the documentation that is written here."""
SLOW_RATE_HZ = 15.0
GOOD_ROAD = dataclasses.replace(
    STANDARD, potholes_per_km=0.0, speed_bumps_per_km=0.0, manholes_per_km=0.0, joints_per_km=0.0,
    patches_per_km=0.0, crossings_per_km=0.0, road_class_shares=(0.5, 0.5, 0.0, 0.0),
)  # fmt: skip
"""ISO 8608 classes A and B, nothing on them."""
ALIKE = dataclasses.replace(STANDARD, random_mounting=False, gain=(1.0, 1.0), rates_hz=(100.0,))
"""Devices of one kind, and one thing at a time that differs."""
ONE_THING = {
    "random mounting": dataclasses.replace(ALIKE, random_mounting=True),
    "gain 0.5 to 2": dataclasses.replace(ALIKE, gain=(0.5, 2.0)),
    "25 Hz for 100 Hz": dataclasses.replace(ALIKE, rates_hz=(25.0,)),
    "10 Hz for 100 Hz": dataclasses.replace(ALIKE, rates_hz=(10.0,)),
}


@dataclass
class Seen:
    """What came out on fleets of one setting, with what was true."""

    kilometres: float = 0.0
    reported: int = 0
    groups: list[tuple[int, int, int]] = field(default_factory=list)
    fast: list[tuple[int, int, int]] = field(default_factory=list)
    """Of devices over ``SLOW_RATE_HZ``."""
    holes: list[PotholeScore] = field(default_factory=list)
    confidence: list[float] = field(default_factory=list)
    true: list[bool] = field(default_factory=list)
    """Whether each candidate is one, like ``confidence``."""
    severity: list[tuple[float, float]] = field(default_factory=list)
    """With the true depth (m)."""
    iri: list[tuple[float, float, float, float]] = field(default_factory=list)
    """Estimate, its interval and the truth, m/km."""
    wheel_overs: list[tuple[float, bool, bool]] = field(default_factory=list)
    """Of potholes: depth (m), whether the device is over ``SLOW_RATE_HZ``, whether it was found."""
    bumps: dict[bool, list[int]] = field(default_factory=lambda: {True: [0, 0], False: [0, 0]})
    """Wheel-overs of speed bumps, and how many were reported as potholes, by whether the layer has them."""

    @property
    def impacts(self) -> ImpactScore:
        """Impact level, pooled."""
        return impact_score(self.groups)


def see(setting: Setting, seeds: Sequence[int], trips: int) -> Seen:
    """Simulate, run and compare fleets."""
    seen = Seen()
    for seed in seeds:
        with tempfile.TemporaryDirectory(prefix="pothole-figures-") as folder:
            lake = Path(folder) / "lake"
            seen.kilometres += simulate(lake, trips=trips, seed=seed, start_date=DAY, setting=setting).kilometres
            run_day(lake, DAY.isoformat())
            _compare(seen, lake)
    return seen


def _compare(seen: Seen, lake: Path) -> None:
    day, truth, opened = DAY.isoformat(), lake.with_name("lake.truth"), open_lake(str(lake))
    done = compared(lake, day)
    found, events, true = done.found, done.events, done.true
    seen.reported += found.num_rows
    seen.groups += done.impact_score.groups
    fast = fast_vehicles(opened.read_table(TRAVERSALS.name, day))
    seen.fast += score_impacts(_of(found, fast), _of(pothole_events(events), fast)).groups
    _wheel_overs(seen, found, pothole_events(events), true, fast)
    _bumps(seen, truth, events, found)
    seen.holes.append(done.pothole_score)
    _places(seen, done.places, true)
    _roughness(seen, truth, opened.read_table(CONDITION.name, day))


def fast_vehicles(traversals: pa.Table) -> set[str]:
    """Vehicles whose device gives more than ``SLOW_RATE_HZ`` samples a second."""
    rates = traversals.group_by("vehicle_id").aggregate([("sample_count", "mean")])
    fast = rates.filter(pc.greater(rates["sample_count_mean"], SLOW_RATE_HZ))
    return set(fast["vehicle_id"].to_pylist())


def _of(table: pa.Table, vehicles: set[str]) -> pa.Table:
    return table.filter(pc.is_in(table["vehicle_id"], pa.array(sorted(vehicles), pa.string())))


def _wheel_overs(seen: Seen, found: pa.Table, events: pa.Table, true: pa.Table, fast: set[str]) -> None:
    depths = dict(zip(true["pothole_id"].to_pylist(), true["depth_m"].to_pylist(), strict=True))
    by_trip: dict[tuple[str, str], list[int]] = {}
    for row in found.select(["vehicle_id", "trip_id", "timestamp"]).to_pylist():
        by_trip.setdefault((row["vehicle_id"], row["trip_id"]), []).append(row["timestamp"])
    for event in events.to_pylist():
        times = by_trip.get((event["vehicle_id"], event["trip_id"]), [])
        near = any(abs(event["timestamp"] - t) <= 1000 for t in times)
        seen.wheel_overs.append((depths[event["pothole_id"]], event["vehicle_id"] in fast, near))


def recall_by_depth(seen: Seen) -> Table:
    """Share of the wheel-overs that were found, by depth of the pothole and rate of the device."""
    table = Table("depth of the pothole", f"over {SLOW_RATE_HZ:g} Hz", "10 Hz")
    for low, high in ((0, 3), (3, 4), (4, 5), (5, 7), (7, 99)):
        cells = []
        for fast in (True, False):
            hits = [hit for depth, quick, hit in seen.wheel_overs if quick == fast and low <= 100 * depth < high]
            cells.append(f"{np.mean(hits):.0%} of {len(hits)}" if hits else "-")
        table.add_row(f"{low} to {high} cm" if high < 99 else f"over {low} cm", *cells)
    return table


def _bumps(seen: Seen, truth: Path, events: pa.Table, found: pa.Table) -> None:
    structures = pacsv.read_csv(truth / "bumps.csv").to_pylist()
    known = {str(s["structure_id"]): bool(s["known"]) for s in structures if s["kind"] == "speed_bump"}
    names = [str(name) for name in events["feature_id"].to_pylist()]
    for mapped, counts in seen.bumps.items():
        over = events.filter(pa.array([known.get(name) == mapped for name in names], pa.bool_()))
        counts[0] += over.num_rows
        counts[1] += score_impacts(found, over).right


def _places(seen: Seen, places: pa.Table, true: pa.Table) -> None:
    pairs = dict(nearest_first(place_distances_m(places, true), REACH_M))
    depths = true["depth_m"].to_numpy()
    for i, row in enumerate(places.to_pylist()):
        seen.confidence.append(row["confidence"])
        seen.true.append(i in pairs)
        if i in pairs:
            seen.severity.append((row["severity"], float(depths[pairs[i]])))


def _roughness(seen: Seen, truth: Path, condition: pa.Table) -> None:
    table = pacsv.read_csv(truth / "segments.csv")
    true = dict(zip(table["s_id"].to_pylist(), table["iri_m_per_km"].to_pylist(), strict=True))
    for row in condition.to_pylist():
        if row["s_id"] in true and row["iri_m_per_km"] is not None and row["pass_count"] >= 3:
            seen.iri.append((row["iri_m_per_km"], row["iri_low"], row["iri_high"], true[row["s_id"]]))


def calibration(confidence: np.ndarray, true: np.ndarray, bins: int = 10) -> list[tuple[float, float, int]]:
    """Mean confidence, share of true ones and count in bins of equal width; empty bins are left out."""
    which = np.minimum((confidence * bins).astype(int), bins - 1)
    return [
        (float(confidence[which == b].mean()), float(true[which == b].mean()), int((which == b).sum()))
        for b in range(bins)
        if (which == b).any()
    ]


def calibration_error(rows: Sequence[tuple[float, float, int]]) -> float:
    """Expected calibration error: the mean gap between confidence and truth, weighted by the counts."""
    return sum(n * abs(c - t) for c, t, n in rows) / max(1, sum(n for _, _, n in rows))


def rank_correlation(pairs: Sequence[tuple[float, float]]) -> float:
    """Spearman's, ties by their mean rank."""

    def ranks(values: np.ndarray) -> np.ndarray:
        _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
        return (np.cumsum(counts) - (counts - 1) / 2)[inverse]

    a, b = np.array(pairs).T
    return float(np.corrcoef(ranks(a), ranks(b))[0, 1])


def standard_figures(seen: Seen) -> list[tuple[str, str, str]]:
    """Figure, asked, reached: what is asked of a fleet of mixed devices."""
    holes, pairs = pooled_potholes(seen.holes), np.array(seen.iri)
    rows = calibration(np.array(seen.confidence), np.array(seen.true))
    sure = np.array(seen.true)[np.array(seen.confidence) >= CONFIRMED]
    error = pairs[:, 0] - pairs[:, 3]
    spread = ((pairs[:, 3] - pairs[:, 3].mean()) ** 2).sum()
    inside = np.mean((pairs[:, 1] <= pairs[:, 3]) & (pairs[:, 3] <= pairs[:, 2]))
    return [
        ("impacts, all devices", "F1 .90", _f1(seen.impacts)),
        (f"impacts, devices over {SLOW_RATE_HZ:g} Hz", "", _f1(impact_score(seen.fast))),
        ("potholes with three or more wheel-overs", "F1 .93", _f1(holes)),
        ("their position, median and 90 %", "3.0 m, 7 m", f"{holes.median_m:.1f} m, {holes.p90_m:.1f} m"),
        ("expected calibration error", "at most .05", f"{calibration_error(rows):.3f} ({len(seen.true)} candidates)"),
        ("true of those at confidence >= .95", "93 %", f"{sure.mean():.1%} of {len(sure)}"),
        ("severity against depth, Spearman", ".7", f"{rank_correlation(seen.severity):.2f}"),
        *(
            (f"{name} speed bumps reported", asked, f"{hit / max(1, n):.1%} of {n} wheel-overs")
            for name, asked, (n, hit) in (
                ("mapped", "at most 5 %", seen.bumps[True]), ("unmapped", "at most 20 %", seen.bumps[False])
            )
        ),
        ("IRI of segments, RMSE", ".6 m/km", f"{np.sqrt((error**2).mean()):.2f} m/km"),
        ("IRI of segments, R²", ".8", f"{1 - (error**2).sum() / spread:.2f}; {inside:.0%} inside their 95 % interval"),
    ]  # fmt: skip


def _f1(score: Any) -> str:
    low, high = score.interval
    return f"{score.f1:.3f} ({low:.2f}..{high:.2f}; P {score.precision:.2f}, R {score.recall:.2f})"


def reliability(seen: Seen, path: Path) -> None:
    """A picture: confidence against how many are true."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    rows = calibration(np.array(seen.confidence), np.array(seen.true))
    c, t, n = np.array(rows).T
    error = np.sqrt(np.maximum(t * (1 - t), 0.25 / n) / n)
    figure, axes = plt.subplots(figsize=(4.6, 4.2), layout="constrained")
    axes.plot([0, 1], [0, 1], color="0.7", linewidth=1)
    axes.errorbar(c, t, 1.96 * error, fmt="o", color="tab:blue", capsize=2)
    for x, y, count in rows:
        axes.annotate(f"{count}", (x, y), xytext=(5, -10), textcoords="offset points", fontsize=8, color="0.3")
    axes.set(xlabel="confidence", ylabel="share of true potholes", xlim=(0, 1), ylim=(0, 1.02))
    axes.set_title("Candidates of simulated fleets, with 95 % intervals", fontsize=10)
    figure.savefig(path, dpi=110)


def main() -> None:
    """Print the table; with the usual number of trips the README is given it, too."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--trips", type=int, default=TRIPS, help="trips of each fleet")
    arguments.add_argument("--picture", type=Path, help="write the reliability diagram here (needs matplotlib)")
    given = arguments.parse_args()
    rows: list[tuple[str, str, str]] = []

    def add(*row: str) -> None:
        rows.append((row[0], row[1], row[2]))
        print(*row, sep=" | ", file=sys.stderr, flush=True)

    seen = see(STANDARD, SEEDS, given.trips)
    for row in standard_figures(seen):
        add(*row)
    if given.picture:
        reliability(seen, given.picture)
    hard = see(HARD, SEEDS, given.trips)
    add("impacts, hard setting", "F1 .85", _f1(hard.impacts))
    add("potholes, hard setting", "", _f1(pooled_potholes(hard.holes)))
    good = see(GOOD_ROAD, SEEDS[:2], given.trips)
    alarms = 100 * good.reported / good.kilometres
    add("false alarms on good road", "at most 1 per 100 km", f"{alarms:.2f} ({good.kilometres:,.0f} km)")
    figures = list(rows)
    alike = see(ALIKE, SEEDS[:2], given.trips).impacts
    add("impacts, devices alike, 100 Hz", "", _f1(alike))
    for name, setting in ONE_THING.items():
        other = see(setting, SEEDS[:2], given.trips).impacts
        asked = "apart" if name.startswith("10 Hz") else "at most .03"
        add(f"loss from {name}", asked, f"{alike.f1 - other.f1:.3f} ({_f1(other)})")
    table = Table("what", "asked", "reached")
    for row in rows:
        table.add_row(*row)
    Console(width=130).print(table)
    if given.trips == TRIPS:
        pages.write(FIGURES, pages.table(("what", "asked", "reached"), figures))
    Console(width=130).print(recall_by_depth(seen))


if __name__ == "__main__":
    main()
