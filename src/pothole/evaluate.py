"""How right the results are: impacts and potholes against a truth or against labels.

The rules are those of ``docs/contract.md``: at impact level a detection is right within a tolerance in time of a
labelled pothole of its trip, at pothole level a confirmed pothole within 10 m of a true one on its link; each true one
is matched once, nearest first. Confirmed here means a confidence of 0.95 and more, whatever the setting says: scores
are there to be compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
from numpy.typing import NDArray

from pothole.arrow import legible
from pothole.errors import BadInputError
from pothole.tables import is_confirmed

Array = NDArray[np.float64]
REACH_M = 10.0
MIN_HITS = 3
_RESAMPLES = 1000


@dataclass(frozen=True)
class Score:
    """Counts and what follows from them. ``interval`` is the 95 % interval of F1 (bootstrap over trips or places)."""

    right: int
    false_alarms: int
    missed: int
    interval: tuple[float, float] = (float("nan"), float("nan"))

    @property
    def precision(self) -> float:
        """Share of the detections that are right."""
        return self.right / max(1, self.right + self.false_alarms)

    @property
    def recall(self) -> float:
        """Share of the true ones that were found."""
        return self.right / max(1, self.right + self.missed)

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        return 2 * self.right / max(1, 2 * self.right + self.false_alarms + self.missed)


@dataclass(frozen=True)
class ImpactScore(Score):
    """Impact level; ``groups`` holds (right, false alarms, missed) of every trip."""

    groups: tuple[tuple[int, int, int], ...] = ()


@dataclass(frozen=True)
class PotholeScore(Score):
    """Pothole level; ``distances_m`` of the right ones.

    ``rarely_hit`` lie at true ones hit fewer than three times; ``without_link`` were judged by distance alone.
    """

    distances_m: tuple[float, ...] = ()
    rarely_hit: int = 0
    without_link: int = 0

    @property
    def median_m(self) -> float:
        """Median distance, metres; NaN without a right one."""
        return float(np.median(self.distances_m)) if self.distances_m else float("nan")

    @property
    def p90_m(self) -> float:
        """90th percentile of the distance, metres; NaN without a right one."""
        return float(np.percentile(self.distances_m, 90)) if self.distances_m else float("nan")


def nearest_first(distances: Array, limit: float) -> list[tuple[int, int]]:
    """Pairs (row, column) of a distance matrix, each row and column once, smallest distance first, up to a limit."""
    pairs: list[tuple[int, int]] = []
    rows, columns = np.nonzero(distances <= limit)
    order = np.lexsort((columns, rows, distances[rows, columns]))
    used_rows: set[int] = set()
    used_columns: set[int] = set()
    for k in order:
        i, j = int(rows[k]), int(columns[k])
        if i not in used_rows and j not in used_columns:
            pairs.append((i, j))
            used_rows.add(i)
            used_columns.add(j)
    return pairs


def score_impacts(detections: pa.Table, labels: pa.Table, tolerance_ms: float = 1000.0) -> ImpactScore:
    """Impact level. Tables of vehicle_id, trip_id, timestamp (ms); every row of ``labels`` is a pothole event."""
    found, true = _by_trip(detections), _by_trip(labels)
    groups = []
    for trip in sorted(found.keys() | true.keys()):
        at, marks = found.get(trip, np.array([])), true.get(trip, np.array([]))
        right = len(_in_time(at, marks, tolerance_ms))
        groups.append((right, len(at) - right, len(marks) - right))
    return impact_score(groups)


def false_alarms_at(structures: pa.Table, detections: pa.Table, labels: pa.Table, tolerance_ms: float = 1000.0) -> int:
    """How many false alarms (see ``score_impacts``) lie within the tolerance of an event of ``structures``."""
    found, true, others = _by_trip(detections), _by_trip(labels), _by_trip(structures)
    count = 0
    for trip, at in found.items():
        right = [i for i, _ in _in_time(at, true.get(trip, np.array([])), tolerance_ms)]
        wrong, events = np.delete(at, right), others.get(trip, np.array([]))
        count += int((np.abs(wrong[:, None] - events[None, :]) <= tolerance_ms).any(axis=1).sum())
    return count


def _in_time(at: Array, marks: Array, tolerance_ms: float) -> list[tuple[int, int]]:
    return nearest_first(np.abs(at[:, None] - marks[None, :]), tolerance_ms)


def impact_score(groups: Sequence[tuple[int, int, int]]) -> ImpactScore:
    """The score of trips by their counts; scores are pooled by joining their groups."""
    counts = np.array(groups, dtype=int).reshape(-1, 3)
    right, false, missed = (int(n) for n in counts.sum(0))
    return ImpactScore(right, false, missed, _interval(counts), tuple(groups))


def _by_trip(table: pa.Table) -> dict[tuple[str, str], Array]:
    trips: dict[tuple[str, str], list[float]] = {}
    columns = (table[c].to_pylist() for c in ("vehicle_id", "trip_id", "timestamp"))
    for vehicle, trip, timestamp in zip(*columns, strict=True):
        trips.setdefault((str(vehicle), str(trip)), []).append(float(timestamp))
    return {trip: np.sort(np.array(stamps)) for trip, stamps in trips.items()}


def _interval(counts: NDArray[np.int_]) -> tuple[float, float]:
    """95 % interval of F1 by resampling the groups (seeded)."""
    if len(counts) < 2:
        return (float("nan"), float("nan"))
    rng = np.random.default_rng(0)
    sums = counts[rng.integers(0, len(counts), (_RESAMPLES, len(counts)))].sum(1)
    f1 = 2 * sums[:, 0] / np.maximum(1, 2 * sums[:, 0] + sums[:, 1] + sums[:, 2])
    low, high = np.percentile(f1, [2.5, 97.5])
    return (float(low), float(high))


def score_potholes(found: pa.Table, true: pa.Table) -> PotholeScore:
    """Pothole level. ``found``: link_id, lon, lat, confidence; ``true``: link_id, lon, lat, hits.

    A confirmed one near a true one with fewer than three wheel-overs is neither right nor a false alarm. For one
    without a link the distance alone decides.
    """
    confirmed = found.filter(pa.array([is_confirmed(c) for c in found["confidence"].to_pylist()], pa.bool_()))
    no_link = confirmed["link_id"].null_count
    distances = place_distances_m(confirmed, true)
    hits = true["hits"].to_numpy()
    pairs = nearest_first(distances, REACH_M)
    right = [(i, j) for i, j in pairs if hits[j] >= MIN_HITS]
    rare = len(pairs) - len(right)
    false = confirmed.num_rows - len(pairs)
    missed = int((hits >= MIN_HITS).sum()) - len(right)
    counts = np.array([(1, 0, 0)] * len(right) + [(0, 1, 0)] * false + [(0, 0, 1)] * missed, dtype=int).reshape(-1, 3)
    return PotholeScore(
        len(right), false, missed, _interval(counts), tuple(float(distances[i, j]) for i, j in right), rare,
        no_link,
    )  # fmt: skip


def place_distances_m(found: pa.Table, true: pa.Table) -> Array:
    """Distances of places (rows) from true ones (columns), metres; infinite on another link. Without one: any link."""
    links, true_links = (np.array(t["link_id"].to_pylist(), dtype=object) for t in (found, true))
    no_link = np.array([link is None for link in links], dtype=bool)
    same_link = (links[:, None] == true_links[None, :]) | no_link[:, None]
    return np.where(same_link, _distances_m(found, true), np.inf)


def pooled_potholes(scores: Sequence[PotholeScore]) -> PotholeScore:
    """Several days or fleets as one score."""
    right, false, missed = (sum(getattr(s, n) for s in scores) for n in ("right", "false_alarms", "missed"))
    counts = np.array([(1, 0, 0)] * right + [(0, 1, 0)] * false + [(0, 0, 1)] * missed, dtype=int).reshape(-1, 3)
    distances = tuple(d for s in scores for d in s.distances_m)
    rare, no_link = sum(s.rarely_hit for s in scores), sum(s.without_link for s in scores)
    return PotholeScore(right, false, missed, _interval(counts), distances, rare, no_link)


def _distances_m(a: pa.Table, b: pa.Table) -> Array:
    lon_a, lat_a, lon_b, lat_b = (t[c].to_numpy() for t in (a, b) for c in ("lon", "lat"))
    phi = np.radians(lat_b.mean() if len(lat_b) else 0.0)
    my = 111132.954 - 559.822 * np.cos(2 * phi)
    mx = 111412.84 * np.cos(phi) - 93.5 * np.cos(3 * phi)
    return np.asarray(np.hypot((lon_a[:, None] - lon_b[None, :]) * mx, (lat_a[:, None] - lat_b[None, :]) * my))


def read_truth(folder: Path, date: str) -> tuple[pa.Table, pa.Table]:
    """The truth of a date: all wheel-overs (``impacts.csv``) and the holes (``potholes.csv``)."""
    events, holes = read_events(folder, date), read_holes(folder, date)
    if holes is None:
        raise _no_truth(folder, date, "potholes.csv")
    return events, holes


def read_events(folder: Path, date: str) -> pa.Table:
    """All wheel-overs of a date (``impacts.csv``)."""
    events = _labels(folder, date, "impacts.csv", ("vehicle_id", "trip_id", "timestamp", "kind"))
    if events is None:
        raise _no_truth(folder, date, "impacts.csv")
    return events


def read_holes(folder: Path, date: str) -> pa.Table | None:
    """The holes of a date (``potholes.csv``); None where only impacts were labelled."""
    return _labels(folder, date, "potholes.csv", ("pothole_id", "link_id", "lon", "lat", "hits"))


def _no_truth(folder: Path, date: str, name: str) -> BadInputError:
    return BadInputError(f"there is no truth for {date} in {folder}: {name} is missing", hint="check --truth")


def _labels(folder: Path, date: str, name: str, columns: tuple[str, ...]) -> pa.Table | None:
    place = (folder / f"dt={date}" if (folder / f"dt={date}").is_dir() else folder) / name
    if not place.is_file():
        return None
    types = {c: pa.string() for c in ("vehicle_id", "trip_id", "pothole_id", "link_id", "kind", "feature_kind")}
    types |= dict.fromkeys(_NUMBERS, pa.float64())
    with legible(str(place), columns):
        table = pacsv.read_csv(place, convert_options=pacsv.ConvertOptions(column_types=types))
    missing = [c for c in columns if c not in table.column_names]
    if missing:
        raise BadInputError(f"{place}: column {missing[0]} is missing; found {', '.join(table.column_names)}")
    for column in columns:
        wrong = _wrong(column, table[column])
        if (line := pc.index(wrong, value=True).as_py()) >= 0:
            value = table[column][line].as_py()
            raise BadInputError(
                f"{place}, line {line + 2}: {column} " + ("has no value" if value is None else f"is {value!r}"),
                hint=f"expected {_EXPECTED[column]}",
            )
    return table


_NUMBERS = ("timestamp", "lon", "lat", "hits")
_EXPECTED = {
    "vehicle_id": "a vehicle's id",
    "trip_id": "a trip's id",
    "timestamp": "UTC epoch milliseconds",
    "kind": "pothole, or another word for what is none",
    "pothole_id": "an id",
    "link_id": "a link's id, or nothing",
    "lon": "degrees, WGS84",
    "lat": "degrees, WGS84",
    "hits": "how many wheels went over it",
}


def _wrong(column: str, values: pa.ChunkedArray) -> Any:
    """Which values cannot be: missing ones, and those that are easily mistaken for others."""
    if column in _NUMBERS:
        number = pc.fill_null(values, float("nan"))
        wrong = pc.invert(pc.is_finite(number))
        if column == "timestamp":  # seconds, of 2001 to 2100
            wrong = pc.or_(wrong, pc.and_(pc.greater_equal(number, 1e9), pc.less(number, 4.2e9)))
        return wrong
    if column == "kind":
        alike = pc.equal(pc.utf8_lower(pc.utf8_trim_whitespace(values)), "pothole")
        return pc.or_(pc.equal(values, ""), pc.and_(alike, pc.not_equal(values, "pothole")))
    return pc.and_(pc.equal(values, ""), column != "link_id")


def pothole_events(impacts: pa.Table) -> pa.Table:
    """Of all wheel-overs those of potholes."""
    return impacts.filter(pc.equal(impacts["kind"], "pothole"))


def structure_events(impacts: pa.Table) -> pa.Table:
    """Of all wheel-overs those of bumps and other structures that are no potholes."""
    return impacts.filter(pc.not_equal(impacts["kind"], "pothole"))


def reported(impacts: pa.Table) -> pa.Table:
    """Of all impacts those that are reported as potholes."""
    return impacts.filter(pc.equal(impacts["is_pothole"], 1))
