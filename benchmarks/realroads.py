"""Impacts of real good roads, on which nobody marked a pothole: what a fit can be shown as "other".

Only the half of each recording that is never scored: Győr's first half, and every other drive of Pittsburgh's.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa

from benchmarks import goodroad
from benchmarks.detectors.trip import Array
from benchmarks.staged import columns, judged


def gyor_teaches(raw: pa.Table) -> Array:
    """Which rows of Győr's good road a fit may see: the first half of its time."""
    good = _named(raw, "q1")
    time = raw["timestamp"].to_numpy()
    middle = (time[good].min() + time[good].max()) / 2
    return np.asarray(good & (time < middle))


def pittsburgh_teaches(raw: pa.Table) -> Array:
    """Which rows of Pittsburgh's good drives a fit may see: those of the drives with odd numbers."""
    number = {trip: int("".join(filter(str.isdigit, trip)) or 0) for trip in raw["trip_id"].unique().to_pylist()}
    odd = np.array([number[trip] % 2 == 1 for trip in raw["trip_id"].to_pylist()])
    return np.asarray(_named(raw, "good") & odd)


def _named(raw: pa.Table, name: str) -> Array:
    return np.asarray(np.char.find(np.array(raw["trip_id"].to_pylist(), str), name) >= 0)


def others(folder: Path) -> Array:
    """Features (columns ``stages.features.FEATURES``) of Stage 1's impacts on the teaching halves of good roads."""
    from benchmarks.recordings import pittsburgh_roads

    gyor, drives = goodroad.gyor(folder / "gyor"), pittsburgh_roads(folder / "pittsburgh")
    found = [judged(gyor.filter(gyor_teaches(gyor))), judged(drives.filter(pittsburgh_teaches(drives)))]
    from pothole.stages.features import FEATURES  # after an engine has lent the stages its PySpark API

    return np.concatenate([columns(table, FEATURES) for table in found])
