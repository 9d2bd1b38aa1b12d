"""Pothole Lab's road; one recording is left out at a time.

Scored twice: potholes are marks and both kinds of bumps false alarms; and all three are marks, which is what the
published F1 of .68 (a trip's z-score over 5) counts: over potholes alone the same rule has about .34.

The road is stitched from 663 snippets of 155 recordings (50 potholes of 28): what is a copy of what is scored must not
be learnt from, so a recording is left out with all its copies. The joins are no jolts: a snippet begins ten seconds
after the last one ended. A trip is all of one car and place of the telephone.

``python -m benchmarks.potholelab`` prints what bounds the score of potholes alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from rich.console import Console
from rich.table import Table

from benchmarks import logistic, twosteps
from benchmarks.convolutions import STEP_S
from benchmarks.detectors.published import Detector, peaks
from benchmarks.detectors.trip import Array, Indices, trips
from benchmarks.gonzalez import auc
from benchmarks.score import PITTSBURGH
from benchmarks.staged import ALL_PEAKS, AS_SHIPPED, SHAPE, START_MS, columns, filled, judged
from benchmarks.tuning import matched
from pothole.evaluate import ImpactScore, impact_score, nearest_first

QUIET_MS = 10_000
TOLERANCE_MS = 1000.0
THRESHOLDS = 80
ALL_KINDS = ("pothole", "metal_bump", "speed_bump")
FEW = ("f_peak", "f_ratio", "f_down_share")


@dataclass(frozen=True)
class Road:
    """Raw rows, when (ms) the snippets begin and end, the recording of each, and when the marks and all events are."""

    raw: pa.Table
    starts_ms: Array
    ends_ms: Array
    recordings: Indices
    marks_ms: Array
    events_ms: Array

    def recording(self, at_ms: Array) -> Indices:
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
    samples, labels, snippets = (
        pq.read_table(folder / f"{name}.parquet") for name in ("samples", "labels", "snippets")
    )
    return apart(samples, labels, snippets, kinds)


def apart(samples: pa.Table, labels: pa.Table, snippets: pa.Table, kinds: Sequence[str] = ("pothole",)) -> Road:
    """The road with quiet between its snippets; marks are labels of ``kinds``."""
    starts = snippets["start_ms"].to_numpy()
    names = [f"{v}, {p}" for v, p in zip(*(snippets[c].to_pylist() for c in ("vehicle", "placement")), strict=True)]
    recordings = np.unique(np.array(snippets["sample_uuid"].to_pylist()), return_inverse=True)[1]

    def moved(time_ms: Array) -> tuple[Indices, Array]:
        snippet = np.searchsorted(starts, time_ms, side="right") - 1
        return snippet, time_ms + snippet * QUIET_MS

    snippet, time_ms = moved(samples["timestamp"].to_numpy())
    trip = [names[i] for i in snippet]
    accel = np.stack([samples[f"accel_{x}"].to_numpy() for x in "xyz"], axis=1)
    raw = filled(trip, trip, time_ms, accel, samples["velocity"].to_numpy())
    edges = moved(starts)[1], moved(snippets["end_ms"].to_numpy())[1]
    holes = labels.filter(pc.is_in(labels["class"], pa.array(kinds)))
    marks = (moved(of["timestamp_ms"].to_numpy())[1] for of in (holes, labels))
    begin, end, hole, event = (of + float(START_MS) for of in (*edges, *marks))
    return Road(raw, begin, end, recordings, hole, event)


def left_out(road: Road, choices: Iterable[tuple[Array, Array]]) -> ImpactScore:
    """Each recording scored with the choice (times and heights) and threshold of the best F1 on all others."""
    groups = []
    for at, height in choices:
        thresholds = np.unique(np.quantile(height, np.linspace(0.5, 0.998, THRESHOLDS)))
        groups += [road.groups(at[height >= threshold]) for threshold in thresholds]
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


def ours(road: Road, shipped: pa.Table, every: pa.Table, kernels: int = twosteps.KERNELS) -> dict[str, ImpactScore]:
    """Potholes as shipped; the peak with the others' threshold; our features weighed as the others teach; two steps.

    The two steps are left out where bumps are marks too: there is nothing to tell apart.
    """
    reported = shipped.filter(pc.equal(shipped["is_pothole"], 1))["timestamp"].to_numpy().astype(float)
    at = every["timestamp"].to_numpy().astype(float)
    scores = {
        "peak": columns(every, ("peak",))[:, 0],
        "peak, ratio and direction": _learnt(road, at, columns(every, FEW)),
        f"{len(SHAPE)} features": _learnt(road, at, columns(every, SHAPE)),
    }
    found = {"as shipped": _scored(road, reported)}
    found |= {name: left_out(road, [(at, score)]) for name, score in scores.items()}
    if len(road.marks_ms) < len(road.events_ms):
        chosen = twosteps.left_out(peaks_of(road, every, kernels))[1]
        found["two steps, random convolutions of all axes"] = _scored(road, at[chosen])
    return found


def peaks_of(road: Road, every: pa.Table, kernels: int = twosteps.KERNELS, seed: int = 0) -> twosteps.Peaks:
    """The candidates as the two steps see them; ``seed`` draws other kernels."""
    at = every["timestamp"].to_numpy().astype(float)
    usual = columns(every, ("peak", "f_speed"))
    usual[:, 0] = np.log(usual[:, 0])
    event, pothole = (matched(at, of, TOLERANCE_MS) for of in (road.events_ms, road.marks_ms))
    look = twosteps.components(twosteps.look(road.raw, at, kernels, seed), event)
    return twosteps.Peaks((usual - usual.mean(0)) / usual.std(0), look, event, pothole, road.recording(at))


def bounds(road: Road, every: pa.Table, kernels: int = twosteps.KERNELS) -> Table:
    """What bounds F1: an oracle knows one of the two answers, the threshold is the best in hindsight."""
    at, peak = every["timestamp"].to_numpy().astype(float), columns(every, ("peak",))[:, 0]
    peaks = peaks_of(road, every, kernels)
    score, chosen = twosteps.left_out(peaks)
    event, pothole = peaks.event > 0, peaks.pothole > 0
    reach = np.abs(at[:, None] - road.marks_ms[None, :]) <= TOLERANCE_MS
    strongest = [at[near][peak[near].argmax()] - mark for near, mark in zip(reach.T, road.marks_ms, strict=True)]
    table = Table("Pothole Lab, potholes alone", "")
    table.add_row("recordings; with potholes", f"{road.recordings.max() + 1}; {len(set(peaks.recording[pothole]))}")
    table.add_row("potholes with a candidate within 1 s", f"{reach.any(axis=0).mean():.2f}")
    table.add_row("strongest peak less mark (the snippet's middle), ms: 5, 50, 95 %",
                  ", ".join(f"{p:.0f}" for p in np.percentile(strongest, [5, 50, 95])))  # fmt: skip
    for name, by in (("peak", peak), ("two steps", score)):
        table.add_row(f"{name}: AUC pothole against bump / nothing",
                      f"{auc(by[pothole], by[event & ~pothole]):.2f} / {auc(by[pothole], by[~event]):.2f}")  # fmt: skip
        for told, known in (("", event | ~event), (", events known", event), (", bumps known", pothole | ~event)):
            at_best = known & (by >= twosteps.best_threshold(by[known], peaks.pothole[known]))
            table.add_row(f"{name}, threshold in hindsight{told}: F1", f"{_scored(road, at[at_best]).f1:.3f}")
    table.add_row("every event reported: F1", f"{_scored(road, at[event]).f1:.3f}")
    nested = _scored(road, at[chosen])
    low, high = nested.interval
    table.add_row("two steps, all from the other recordings: F1", f"{nested.f1:.3f} ({low:.2f} to {high:.2f})")
    table.add_row(
        "false alarms at bumps / at nothing", f"{(chosen & event & ~pothole).sum()} / {(chosen & ~event).sum()}"
    )
    for half in (twosteps.HALF, 50):
        control = _learnt(road, at, twosteps.cuts(road.starts_ms, road.ends_ms, at, half))
        table.add_row(f"control: where the snippet is cut, within {half * STEP_S:.2f} s, alone: F1",
                      f"{left_out(road, [(at, control)]).f1:.3f}")  # fmt: skip
    return table


def _scored(road: Road, reported: Array) -> ImpactScore:
    return impact_score([(int(a), int(b), int(c)) for a, b, c in road.groups(reported)])


def _learnt(road: Road, at: Array, features: Array) -> Array:
    marked, held = matched(at, road.marks_ms, TOLERANCE_MS), partial(logistic.logistic, ridge=30.0)
    return logistic.left_out(features, marked, list(road.recording(at)), held)


def main() -> None:
    """Print the bounds."""
    road = read(PITTSBURGH.parent / "potholelab")
    Console(width=110).print(bounds(road, judge(road)[1]))


if __name__ == "__main__":
    main()
