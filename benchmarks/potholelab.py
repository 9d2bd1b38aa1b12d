"""Pothole Lab's road; one recording is left out at a time.

Scored twice: potholes are marks and both kinds of bumps false alarms; and all three are marks, which is what the
published F1 of .68 (a trip's z-score over 5) counts: over potholes alone the same rule has about .34.

The road is stitched from 663 snippets of 155 recordings (50 potholes of 28): what is a copy of what is scored must not
be learnt from, so a recording is left out with all its copies. The joins are no jolts: a snippet begins ten seconds
after the last one ended. A trip is all of one car and place of the telephone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from benchmarks import logistic
from benchmarks.detectors.published import Detector, peaks
from benchmarks.detectors.trip import Array, trips
from benchmarks.staged import ALL_PEAKS, AS_SHIPPED, SHAPE, START_MS, columns, filled, judged
from pothole.evaluate import ImpactScore, impact_score, nearest_first

QUIET_MS = 10_000
TOLERANCE_MS = 1000.0
THRESHOLDS = 80
ALL_KINDS = ("pothole", "metal_bump", "speed_bump")
FEW = ("f_peak", "f_ratio", "f_down_share")


@dataclass(frozen=True)
class Road:
    """Raw rows, when (ms) the snippets begin, the recording of each, and when the potholes are."""

    raw: pa.Table
    starts_ms: Array
    recordings: Array
    marks_ms: Array

    def recording(self, at_ms: Array) -> Array:
        """Which recording a time lies in."""
        return np.asarray(self.recordings[np.searchsorted(self.starts_ms, at_ms, side="right") - 1])

    def groups(self, at_ms: Array) -> Array:
        """Right, false and missed ones of each recording; each mark is matched once, nearest first."""
        pairs = nearest_first(np.abs(at_ms[:, None] - self.marks_ms[None, :]), TOLERANCE_MS)
        size = int(self.recordings.max()) + 1
        found, marks = (np.bincount(self.recording(t), minlength=size) for t in (at_ms, self.marks_ms))
        right = np.bincount(self.recording(self.marks_ms[[j for _, j in pairs]]), minlength=size)
        return np.stack([right, found - right, marks - right], axis=1)


def read(folder: Path, kinds: Sequence[str] = ("pothole",)) -> Road:
    """The road as it is stored, with marks of some kinds."""
    return apart(*(pq.read_table(folder / f"{name}.parquet") for name in ("samples", "labels", "snippets")), kinds)


def apart(samples: pa.Table, labels: pa.Table, snippets: pa.Table, kinds: Sequence[str] = ("pothole",)) -> Road:
    """The road with quiet between its snippets; marks are labels of ``kinds``."""
    starts = snippets["start_ms"].to_numpy()
    names = [f"{v}, {p}" for v, p in zip(*(snippets[c].to_pylist() for c in ("vehicle", "placement")), strict=True)]
    recordings = np.unique(np.array(snippets["sample_uuid"].to_pylist()), return_inverse=True)[1]

    def moved(time_ms: Array) -> tuple[Array, Array]:
        snippet = np.searchsorted(starts, time_ms, side="right") - 1
        return snippet, time_ms + snippet * QUIET_MS

    snippet, time_ms = moved(samples["timestamp"].to_numpy())
    trip = [names[i] for i in snippet]
    accel = np.stack([samples[f"accel_{x}"].to_numpy() for x in "xyz"], axis=1)
    holes = labels.filter(pc.is_in(labels["class"], pa.array(kinds)))["timestamp_ms"].to_numpy()
    raw = filled(trip, trip, time_ms, accel, samples["velocity"].to_numpy())
    begins = starts + np.arange(len(starts)) * QUIET_MS
    return Road(raw, begins + float(START_MS), recordings, moved(holes)[1] + float(START_MS))


def left_out(road: Road, choices: Iterable[tuple[Array, Array]]) -> ImpactScore:
    """Each recording scored with the choice (times and heights) and threshold of the best F1 on all others."""
    groups = []
    for at, height in choices:
        for threshold in np.unique(np.quantile(height, np.linspace(0.5, 0.998, THRESHOLDS))):
            groups.append(road.groups(at[height >= threshold]))
    each = np.array(groups)
    others = each.sum(axis=1, keepdims=True) - each
    f1 = 2 * others[..., 0] / np.maximum(1, 2 * others[..., 0] + others[..., 1] + others[..., 2])
    chosen = each[f1.argmax(axis=0), np.arange(each.shape[1])]
    return impact_score([(int(a), int(b), int(c)) for a, b, c in chosen])


def rival(detector: Detector, road: Road) -> ImpactScore:
    """A published detector; its setting, too, comes from the other recordings."""
    over, choices = trips(road.raw), []
    for setting in detector.grid:
        scores = [(t, detector.score(t, **setting)) for t in over]
        found = [peaks(t, s, float(np.quantile(s, 0.5))) for t, s in scores]
        choices.append((np.concatenate([at for at, _ in found]), np.concatenate([height for _, height in found])))
    return left_out(road, choices)


def judge(road: Road) -> tuple[pa.Table, pa.Table]:
    """Stage 1 as shipped, and with every local maximum."""
    every = replace(ALL_PEAKS, detect=replace(ALL_PEAKS.detect, apart_ms=int(TOLERANCE_MS)))
    return judged(road.raw, AS_SHIPPED), judged(road.raw, every)


def ours(road: Road, shipped: pa.Table, every: pa.Table) -> dict[str, ImpactScore]:
    """Potholes as shipped; the peak with the others' threshold; and our features weighed as the others teach."""
    reported = shipped.filter(pc.equal(shipped["is_pothole"], 1))["timestamp"].to_numpy().astype(float)
    at = every["timestamp"].to_numpy().astype(float)
    scores = {
        "peak": columns(every, ("peak",))[:, 0],
        "peak, ratio and direction": _learnt(road, at, columns(every, FEW)),
        f"{len(SHAPE)} features": _learnt(road, at, columns(every, SHAPE)),
    }
    whole = impact_score([(int(a), int(b), int(c)) for a, b, c in road.groups(reported)])
    return {"as shipped": whole} | {name: left_out(road, [(at, score)]) for name, score in scores.items()}


def _learnt(road: Road, at: Array, features: Array) -> Array:
    apart_ms = np.abs(at[:, None] - road.marks_ms[None, :])
    positive = np.zeros(len(at))
    positive[[i for i, _ in nearest_first(apart_ms, TOLERANCE_MS)]] = 1.0
    return logistic.left_out(features, positive, road.recording(at), ridge=30.0)
