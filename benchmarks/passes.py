"""Several passes over the same streets: what the others felt at a place says more than one pass alone.

Of the other passes only the sensors are used where a trip is scored, never what was marked on them. What must be chosen
(how far apart detections are, the threshold) is chosen on the trips that are not scored; what need not be chosen is
averaged (the length of the running mean, how far another pass reaches, what a model looks at, its ridge).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa

from benchmarks.detectors.trip import Array, Trip, trips
from benchmarks.logistic import logistic
from benchmarks.staged import METRES_PER_DEGREE
from benchmarks.tuning import counts, matched
from pothole.evaluate import ImpactScore, impact_score

BASELINE_MS = (500.0, 1000.0, 1500.0, 2000.0)
"""Half lengths of the centred mean that is taken off."""
IMPACT_MS = (700.0, 1000.0)
"""Before and after an impact, as in Stage 1."""
REACHES_M = (10.0, 15.0, 20.0, 30.0)
LOOKS = (
    ("energy",), ("energy", "around"), ("energy", "speed"), ("energy", "around", "speed"),
    ("energy", "around", "speed", "short", "tilt"),
)  # fmt: skip
APART_MS = (1500.0, 2000.0, 3000.0)
RIDGES = (3.0, 30.0)
TOLERANCE_MS = 2000.0
THRESHOLDS = np.linspace(0.3, 0.99, 60)
PLACE_M = 15.0
_LEAST = 1e-3


@dataclass(frozen=True)
class Pass:
    """A trip with its place (metres east and north) and turn rates (deg/s, shape (n, 3))."""

    trip: Trip
    east_m: Array
    north_m: Array
    turn: Array

    @cached_property
    def looks(self) -> dict[str, Array]:
        """What one pass feels at each sample, as logarithms.

        ``energy``: RMS of acceleration around the moment; ``short``: the same of 0.6 s; ``tilt``: RMS of the turn rates
        across the vertical; ``around``: RMS of acceleration of eight seconds to both sides.
        """
        accel = self.trip.accel
        one = self._swing(accel, 1000.0)
        horizontal = self.turn - (self.turn @ self._up)[:, None] * self._up
        return {
            "energy": np.mean([self._rms(self._swing(accel, half), *IMPACT_MS) for half in BASELINE_MS], axis=0),
            "short": self._rms(one, 300.0, 300.0),
            "tilt": self._rms(self._swing(horizontal, 1000.0), *IMPACT_MS),
            "around": self._rms(one, 8000.0, 8000.0),
            "speed": np.log1p(self.trip.speed_kmh / 3.6),
        }

    @property
    def _up(self) -> Array:
        mean = self.trip.accel.mean(0)
        return np.asarray(mean / np.linalg.norm(mean))

    def _swing(self, values: Array, half_ms: float) -> Array:
        return values - self._mean(values, half_ms, half_ms)

    def _rms(self, values: Array, before_ms: float, after_ms: float) -> Array:
        squares = (values**2).sum(axis=1, keepdims=True)
        return np.log(np.sqrt(np.maximum(self._mean(squares, before_ms, after_ms)[:, 0], _LEAST**2)))

    def _mean(self, values: Array, before_ms: float, after_ms: float) -> Array:
        time = self.trip.time_ms
        first = np.searchsorted(time, time - before_ms)
        last = np.searchsorted(time, time + after_ms, side="right")
        sums = np.concatenate([np.zeros((1, values.shape[1])), np.cumsum(values, axis=0)])
        return np.asarray((sums[last] - sums[first]) / (last - first)[:, None])


def read(raw: pa.Table) -> list[Pass]:
    """The passes of raw rows, in order of their names. All rows must have a place."""
    ordered = raw.sort_by([("vehicle_id", "ascending"), ("trip_id", "ascending"), ("timestamp", "ascending")])
    name, lat, lon = (np.array(ordered[c].to_pylist()) for c in ("trip_id", "lat", "lon"))
    turn = np.stack([np.nan_to_num(ordered[f"gyro_{x}"].to_numpy().astype(float)) for x in "xyz"], axis=1)
    east = lon * METRES_PER_DEGREE * np.cos(np.radians(lat.mean()))
    time = ordered["timestamp"].to_numpy()
    found = []
    for trip in trips(ordered):
        mine = np.flatnonzero(name == trip.trip_id)
        mine = mine[np.isin(time[mine], trip.time_ms)]
        found.append(Pass(trip, east[mine], lat[mine] * METRES_PER_DEGREE, turn[mine]))
    return found


def felt(others: Sequence[Pass], east_m: Array, north_m: Array) -> Array:
    """Mean over the other passes of the strongest energy within reach of places; where one was not near, its median."""
    told = np.zeros(len(east_m))
    for other in others:
        energy = other.looks["energy"]
        away = np.hypot(east_m[:, None] - other.east_m, north_m[:, None] - other.north_m)
        for reach in REACHES_M:
            strongest = np.where(away <= reach, energy, -np.inf).max(axis=1)
            told += np.where(np.isfinite(strongest), strongest, np.median(energy))
    return told / (len(others) * len(REACHES_M))


def left_out(passes: Sequence[Pass], marks_ms: Sequence[Array], *, corroborated: bool) -> ImpactScore:
    """Each trip scored once, with what is best on the others: how far apart detections are, and their threshold.

    ``corroborated``: with what the other passes felt there.
    """
    extra = [felt([o for o in passes if o is not p], p.east_m, p.north_m) if corroborated else None for p in passes]
    each = np.array([_judged(passes, marks_ms, extra, apart_ms) for apart_ms in APART_MS])
    groups = []
    for out in range(len(passes)):
        rest = [i for i in range(len(passes)) if i != out]
        others = each[:, out][:, :, rest].sum(axis=2)  # how far apart, threshold, (right, false, missed)
        f1 = 2 * others[..., 0] / np.maximum(1, 2 * others[..., 0] + others[..., 1] + others[..., 2])
        apart, threshold = np.unravel_index(f1.argmax(), f1.shape)
        right, false, missed = each[apart, out, threshold, out]
        groups.append((int(right), int(false), int(missed)))
    return impact_score(groups)


def _judged(passes: Sequence[Pass], marks_ms: Sequence[Array], extra: Sequence[Array | None], apart_ms: float) -> Array:
    """Counts by trip left out, threshold and trip.

    The trip left out is judged by what the others teach, each other trip by what the others but it teach; the
    thresholds are quantiles of the others' scores.
    """
    times, features, right = [], [], []
    for one, marks, more in zip(passes, marks_ms, extra, strict=True):
        chosen = strongest(one.trip.time_ms, one.looks["energy"], apart_ms)
        names = [[one.looks[name] for name in looks] + ([] if more is None else [more]) for looks in LOOKS]
        times.append(one.trip.time_ms[chosen])
        features.append([np.stack(columns, axis=1)[chosen] for columns in names])
        right.append(matched(times[-1], marks, TOLERANCE_MS))

    def score(of: int, by: list[int]) -> Array:
        """Mean log-odds of the models."""
        marked = np.concatenate([right[i] for i in by])
        known = [np.concatenate([features[i][n] for i in by]) for n in range(len(LOOKS))]
        models = [logistic(k, marked, f, r) for k, f in zip(known, features[of], strict=True) for r in RIDGES]
        return np.asarray(np.mean(models, axis=0))

    found = []
    for out in range(len(passes)):
        rest = [i for i in range(len(passes)) if i != out]
        scores = {i: score(i, [j for j in rest if j != i]) for i in rest} | {out: score(out, rest)}
        thresholds = np.quantile(np.concatenate([scores[i] for i in rest]), THRESHOLDS)
        over = ([times[i][scores[i] >= t] for i in range(len(passes))] for t in thresholds)
        found.append([[counts(at, m, TOLERANCE_MS) for at, m in zip(each, marks_ms, strict=True)] for each in over])
    return np.array(found)


def strongest(time_ms: Array, value: Array, apart_ms: float) -> Array:
    """Samples in order, the strongest first, none nearer than ``apart_ms`` to another: a rough stretch has several."""
    free, taken = np.ones(len(time_ms), bool), []
    for i in np.argsort(-value, kind="stable"):
        if free[i]:
            taken.append(int(i))
            free &= np.abs(time_ms - time_ms[i]) >= apart_ms
    return np.array(sorted(taken))


@dataclass(frozen=True)
class Bin:
    """Places of the scored passes: the share that was foretold to be marked, the share that was, and how many."""

    foretold: float
    marked: float
    places: int


def reliability(
    passes: Sequence[Pass], marks_ms: Sequence[Array], edges: Sequence[float] = (0.1, 0.2, 0.4)
) -> list[Bin]:
    """What four passes felt against what was marked on the fifth: places every 15 m of its way, by foretold share.

    A place is marked if a mark of the pass lies within 15 m. The share is foretold by a logistic of what the other
    passes felt, learnt on those others alone (each marked by itself, felt by the rest of them).
    """
    foretold, marked = [], []
    for out, last in enumerate(passes):
        rest = [i for i in range(len(passes)) if i != out]
        known, right = [], []
        for i in rest:
            places = _places(passes[i])
            known.append(felt([passes[j] for j in rest if j != i], *places))
            right.append(_marked(passes[i], marks_ms[i], *places))
        places = _places(last)
        asked = felt([passes[i] for i in rest], *places)[:, None]
        odds = logistic(np.concatenate(known)[:, None], np.concatenate(right), asked)
        foretold.append(1.0 / (1.0 + np.exp(-odds)))
        marked.append(_marked(last, marks_ms[out], *places))
    share, was = np.concatenate(foretold), np.concatenate(marked)
    number = np.searchsorted(np.array(edges), share, side="right")
    return [
        Bin(float(share[number == i].mean()), float(was[number == i].mean()), int((number == i).sum()))
        for i in np.unique(number)
    ]


def _places(one: Pass) -> tuple[Array, Array]:
    """East and north of places every 15 m along a pass."""
    steps = np.hypot(np.diff(one.east_m, prepend=one.east_m[:1]), np.diff(one.north_m, prepend=one.north_m[:1]))
    along = np.cumsum(steps)
    chosen = np.unique(np.searchsorted(along, np.arange(0.0, along[-1], PLACE_M)))
    return one.east_m[chosen], one.north_m[chosen]


def _marked(one: Pass, marks_ms: Array, east_m: Array, north_m: Array) -> Array:
    """1 for places with a mark of the pass within 15 m."""
    east, north = (np.interp(marks_ms, one.trip.time_ms, x) for x in (one.east_m, one.north_m))
    return np.asarray((np.hypot(east_m[:, None] - east, north_m[:, None] - north) <= PLACE_M).any(axis=1), float)
