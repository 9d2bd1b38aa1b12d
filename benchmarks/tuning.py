"""Marked trips, and a published detector's setting and threshold learnt from some of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from benchmarks.detectors.published import Detector, peaks
from benchmarks.detectors.trip import Array, Indices, Trip
from pothole.evaluate import ImpactScore, impact_score, nearest_first

THRESHOLDS = 40
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
        none = np.array([])
        names = [key(trip) for trip in self.trips]
        return impact_score([counts(found.get(n, none), self.marks.get(n, none), self.tolerance_ms) for n in names])


def matched(at_ms: Array, marks_ms: Array, tolerance_ms: float) -> Array:
    """1 for each time that is some mark's, 0 for the others; each mark has one, nearest first."""
    found = np.zeros(len(at_ms))
    found[[i for i, _ in nearest_first(np.abs(at_ms[:, None] - marks_ms[None, :]), tolerance_ms)]] = 1.0
    return found


def counts(at_ms: Array, marks_ms: Array, tolerance_ms: float) -> tuple[int, int, int]:
    """Right, false and missed ones."""
    right = int(matched(at_ms, marks_ms, tolerance_ms).sum())
    return right, len(at_ms) - right, len(marks_ms) - right


def f1_by_rank(score: Array, positive: Array) -> tuple[Indices, Array]:
    """The order from the highest score, and the F1 of reporting each row with all before it."""
    order = np.argsort(-score, kind="stable")
    return order, 2 * np.cumsum(positive[order]) / (np.arange(1, len(score) + 1) + positive.sum())


def key(trip: Trip) -> Key:
    """What a trip is known by."""
    return (trip.vehicle_id, trip.trip_id)


@dataclass(frozen=True)
class Tuned:
    """A detector with its setting and threshold."""

    detector: Detector
    setting: dict[str, Any]
    threshold: float

    def told(self) -> str:
        """Setting and threshold in words."""
        return ", ".join(
            [f"{k} {v:g}" for k, v in self.setting.items()] + [f"> {self.threshold:.2f} {self.detector.unit}"]
        )

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
