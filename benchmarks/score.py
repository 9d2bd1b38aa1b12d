"""``make score``: how right detection is, on simulated fleets and on real recordings.

The fleets' seeds are not those of ``make fit``. Pittsburgh: five passes over the same streets with potholes marked by
hand; what is
fitted to it (a threshold) is fitted on the other four trips.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
from rich.console import Console
from rich.table import Table

from benchmarks import pages
from pothole.evaluate import (
    ImpactScore,
    PotholeScore,
    Score,
    impact_score,
    pooled_potholes,
    pothole_events,
    read_truth,
    reported,
    score_impacts,
    score_potholes,
)  # fmt: skip
from pothole.lake import open_lake
from pothole.simulate.fleet import simulate
from pothole.simulate.settings import SETTINGS
from pothole.tables import IMPACTS, POTHOLES, RAW

SEEDS = (1, 2, 3, 4)
TRIPS = 300
SCORE = "score"
"""The table of the documentation that is written here."""
DAY = date(2026, 2, 12)
RECORDINGS = Path(os.environ.get("POTHOLE_RECORDINGS", Path(__file__).parents[2] / "shared" / "data"))
PITTSBURGH = RECORDINGS / "pittsburgh"
AS_SHIPPED = "real: Pittsburgh, five marked drives at 5 Hz, as shipped"
TOLERANCE_MS = 2000.0
ZONE = "America/New_York"

Group = tuple[int, int, int]
"""Right, false and missed ones of a trip."""


#: At 5 Hz a jolt is a sample or two: every local maximum is a candidate, also at a crawl, and the score decides.
PITTSBURGH_SETTINGS = {
    "POTHOLE__TIMEZONE": ZONE,
    "POTHOLE__STAGE1__QUALITY__MIN_VELOCITY_KMH": "0",
    "POTHOLE__STAGE1__DETECT__MIN_VELOCITY_KMH": "0",
    "POTHOLE__STAGE1__DETECT__START_SCALES": "0.01",
    "POTHOLE__STAGE1__DETECT__START_SURROUNDINGS": "0.01",
}


def run_day(lake: Path, day: str, **settings: str) -> None:
    """The real command, in a process of its own."""
    command = [sys.executable, "-m", "pothole", "run", day, "--lake", str(lake)]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | settings, check=False)
    if done.returncode != 0:
        sys.exit(done.stderr[-3000:])


@dataclass(frozen=True)
class Compared:
    """A simulated day as it was published, with its truth."""

    impacts: pa.Table
    places: pa.Table
    events: pa.Table
    """What lay under the wheels."""
    true: pa.Table
    """The potholes that are there."""

    @property
    def found(self) -> pa.Table:
        """Impacts that are reported as potholes."""
        return reported(self.impacts)

    @property
    def impact_score(self) -> ImpactScore:
        """Impact level."""
        return score_impacts(self.found, pothole_events(self.events))

    @property
    def pothole_score(self) -> PotholeScore:
        """Pothole level."""
        return score_potholes(self.places, self.true)


def compared(lake: Path, day: str) -> Compared:
    """What a day's run has published, and the truth beside the lake."""
    opened = open_lake(str(lake))
    impacts, places = (opened.read_table(table.name, day) for table in (IMPACTS, POTHOLES))
    events, true = read_truth(lake.with_name(f"{lake.name}.truth"), day)
    return Compared(impacts, places, events, true)


def zscore_impacts(lake: Path, day: str) -> pa.Table:
    """The formula 0.7 |z(accel_z)| + 0.3 |z(gyro_y)| > 3 over each trip, peaks of what lies within 0.7 s."""
    import duckdb

    return duckdb.connect().sql(f"""
        WITH s AS (
          SELECT vehicle_id, trip_id, timestamp,
            0.7 * abs(accel_z - avg(accel_z) OVER t) / nullif(stddev(accel_z) OVER t, 0)
            + 0.3 * coalesce(abs(gyro_y - avg(gyro_y) OVER t) / nullif(stddev(gyro_y) OVER t, 0), 0) AS score
          FROM read_parquet('{lake}/raw-sensor-data/dt={day}/*.parquet')
          WHERE abs(accel_x) < 100 AND abs(accel_y) < 100 AND accel_z IS NOT NULL AND velocity > 5
          WINDOW t AS (PARTITION BY vehicle_id, trip_id)),
        g AS (SELECT *, timestamp - lag(timestamp) OVER (PARTITION BY vehicle_id, trip_id ORDER BY timestamp) AS gap
              FROM s WHERE score > 3),
        n AS (SELECT *, sum(CASE WHEN gap <= 700 THEN 0 ELSE 1 END)
              OVER (PARTITION BY vehicle_id, trip_id ORDER BY timestamp) AS number FROM g)
        SELECT vehicle_id, trip_id, arg_max(timestamp, score) AS timestamp FROM n GROUP BY vehicle_id, trip_id, number
    """).to_arrow_table()  # fmt: skip


def fleets(setting: str, trips: int) -> tuple[ImpactScore, PotholeScore, ImpactScore, dict[str, int]]:
    """Simulated fleets of all seeds pooled: ours at both levels, the z-score formula, and shares of structures
    reported."""
    groups: list[Group] = []
    rival: list[Group] = []
    holes = []
    structures = {"hit": 0, "reported": 0}
    for seed in SEEDS:
        with tempfile.TemporaryDirectory(prefix="pothole-score-") as folder:
            lake = Path(folder) / "lake"
            simulate(lake, trips=trips, seed=seed, start_date=DAY, setting=SETTINGS[setting])
            run_day(lake, DAY.isoformat())
            day = compared(lake, DAY.isoformat())
            groups += day.impact_score.groups
            rival += score_impacts(zscore_impacts(lake, DAY.isoformat()), pothole_events(day.events)).groups
            holes.append(day.pothole_score)
            bumps = day.events.filter(pa.compute.equal(day.events["kind"], "bump"))
            structures["hit"] += bumps.num_rows
            structures["reported"] += score_impacts(day.found, bumps).right
    return impact_score(groups), pooled_potholes(holes), impact_score(rival), structures


def pittsburgh() -> dict[str, ImpactScore]:
    """The five trips: each trip scored with the threshold that is best on the other four."""
    table, marks = _driven(PITTSBURGH_SETTINGS)
    scores = {
        "energy": table["energy_mps2"].to_numpy(),
        "peak": table["peak_mps2"].to_numpy(),
        "the classifier": table["pothole_probability"].to_numpy(),
    }
    return {name: left_out(table, value, marks) for name, value in scores.items()}


def pittsburgh_as_shipped() -> ImpactScore:
    """The five trips with all settings but the zone as they are: what is called a pothole against the marks."""
    table, marks = _driven({"POTHOLE__TIMEZONE": ZONE})
    called = table.filter(pc.equal(table["is_pothole"], 1))
    found = _events(called["trip_id"].to_pylist(), called["timestamp"].to_numpy().astype(float))
    return score_impacts(found, _marked(list(marks), marks), TOLERANCE_MS)


def _driven(settings: dict[str, str]) -> tuple[pa.Table, dict[str, np.ndarray]]:
    """Impacts of the five trips, and the times of each trip's marks, milliseconds."""
    trips = [f"trip{i}" for i in range(1, 6)]
    with tempfile.TemporaryDirectory(prefix="pothole-score-") as folder:
        lake = Path(folder) / "lake"
        ingest(lake, [PITTSBURGH / f"{t}_sensors.csv" for t in trips])
        opened = open_lake(str(lake))
        parts = []
        for day in opened.dates(RAW.name):
            run_day(lake, day, **settings)
            parts.append(opened.read_table(IMPACTS.name, day))
    marks = {t: pacsv.read_csv(PITTSBURGH / f"{t}_potholes.csv")["timestamp"].to_numpy() * 1000.0 for t in trips}
    return pa.concat_tables(parts), marks


def ingest(lake: Path, files: list[Path]) -> None:
    """Bring the recordings into a lake by the worked example's mapping."""
    mapping = Path(__file__).parents[1] / "examples" / "pittsburgh.yaml"
    command = [sys.executable, "-m", "pothole", "ingest", *map(str, files), "--mapping", str(mapping),
               "--lake", str(lake),
               "--timezone", ZONE]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True)


def left_out(table: pa.Table, value: np.ndarray, marks: dict[str, np.ndarray]) -> ImpactScore:
    """Leave-one-trip-out: the threshold of ``value`` comes from the other trips."""
    strongest = strongest_within(table, value, TOLERANCE_MS)
    table, value = table.take(strongest), value[strongest]
    trip = np.array(table["trip_id"].to_pylist())
    at = table["timestamp"].to_numpy().astype(float)
    candidates = np.unique(np.quantile(value, np.linspace(0.3, 0.98, 80)))

    def score(trips: list[str], threshold: float) -> ImpactScore:
        chosen = (value >= threshold) & np.isin(trip, trips)
        found = _events(list(trip[chosen]), at[chosen])
        return score_impacts(found, _marked(trips, marks), TOLERANCE_MS)

    groups: list[Group] = []
    for trip_out in marks:
        others = [t for t in marks if t != trip_out]
        best = max(candidates, key=lambda c: score(others, c).f1)
        groups += score([trip_out], best).groups
    return impact_score(groups)


def strongest_within(table: pa.Table, value: np.ndarray, window_ms: float) -> np.ndarray:
    """Rows that are the strongest within a window of their trip: a hand presses once for what shakes twice."""
    trip = np.array(table["trip_id"].to_pylist())
    at = table["timestamp"].to_numpy().astype(float)
    taken: list[int] = []
    for i in np.lexsort((at, -value)):
        if all(trip[i] != trip[j] or abs(at[i] - at[j]) > window_ms for j in taken):
            taken.append(int(i))
    return np.array(sorted(taken))


def _marked(trips: list[str], marks: dict[str, np.ndarray]) -> pa.Table:
    return _events([t for t in trips for _ in marks[t]], np.concatenate([marks[t] for t in trips]))


def _events(trips: list[str], at: np.ndarray) -> pa.Table:
    return pa.table(
        {"vehicle_id": pa.array(["car"] * len(trips)), "trip_id": pa.array(trips, pa.string()), "timestamp": at}
    )


def main() -> None:
    """Print the table; ``--json`` prints JSON."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--trips", type=int, default=TRIPS, help="trips of each fleet")
    arguments.add_argument("--setting", default="standard", choices=sorted(SETTINGS))
    arguments.add_argument("--json", action="store_true")
    given = arguments.parse_args()
    impacts, holes, rival, structures = fleets(given.setting, given.trips)
    name = f"simulated ({given.setting}), {len(SEEDS)} fleets of {given.trips} trips"
    rows: list[tuple[str, str, Score]] = [
        (name, "impacts", impacts),
        (name, "impacts by 0.7 |z| + 0.3 |z gyro| > 3", rival),
        (name, "potholes", holes),
    ]
    if PITTSBURGH.is_dir():
        rows.append((AS_SHIPPED, "impacts, within 2 s", pittsburgh_as_shipped()))
    if given.trips == TRIPS and given.setting == "standard":
        pages.write(SCORE, pages.table(_HEAD, map(_cells, rows), numbers=_HEAD[2:]))
    if PITTSBURGH.is_dir():
        rows += [("Pittsburgh, leave one trip out, 2 s", f"impacts by {n}", s) for n, s in pittsburgh().items()]
    else:
        print("Pittsburgh: the recordings are not here, not scored", file=sys.stderr)
    show(rows, holes, structures, as_json=given.json)


_HEAD = ("data", "what", "precision", "recall", "F1", "95 %")


def _cells(row: tuple[str, str, Score]) -> tuple[str, ...]:
    data, what, s = row
    low, high = s.interval
    return data, what, f"{s.precision:.2f}", f"{s.recall:.2f}", f"{s.f1:.3f}", f"{low:.2f}..{high:.2f}"


def show(rows: list[tuple[str, str, Score]], holes: PotholeScore, structures: dict[str, int], *, as_json: bool) -> None:
    """All scores, and what is only of one of them."""
    share = structures["reported"] / max(1, structures["hit"])
    if as_json:
        figures = [
            {"data": d, "level": w, "precision": s.precision, "recall": s.recall, "f1": s.f1} for d, w, s in rows
        ]
        print(json.dumps({"scores": figures, "median_m": holes.median_m, "p90_m": holes.p90_m, "structures": share}))
        return
    table = Table()
    for column in _HEAD:
        table.add_column(column, justify="left" if column in ("data", "what") else "right")
    for row in rows:
        table.add_row(*_cells(row))
    Console(width=130).print(table)
    print(f"position of the right potholes: median {holes.median_m:.1f} m, 90 % within {holes.p90_m:.1f} m; "
          f"{share:.1%} of {structures['hit']:,} wheel-overs of bumps, manholes "
          "and joints reported as potholes")  # fmt: skip


if __name__ == "__main__":
    main()
