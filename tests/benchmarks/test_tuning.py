"""Scoring and tuning over several trips: each counts with its own marks."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
from benchmarks.tuning import Labelled


def test_every_trip_is_scored_with_its_own_marks_and_times() -> None:
    trips = [SimpleNamespace(vehicle_id="V", trip_id=name) for name in "ABC"]
    marks = {("V", "A"): np.array([5_000.0, 20_000.0]), ("V", "B"): np.array([7_000.0])}
    found = {("V", "A"): np.array([5_100.0]), ("V", "C"): np.array([1_000.0])}
    score = Labelled(trips, marks).score(found)  # type: ignore[arg-type]
    assert (score.right, score.false_alarms, score.missed) == (1, 1, 2)
