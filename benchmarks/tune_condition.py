"""Fit how roughness becomes IRI and how impacts become a severity, on fleets that are not those of ``make figures``.

Every fleet is simulated and run once; then the settings are varied, and IRI's line is fitted by least squares in m/km.
"""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from benchmarks import embedded
from benchmarks.candidates import Wanted
from benchmarks.figures import rank_correlation
from benchmarks.tune import prepare
from pothole import engines
from pothole.evaluate import REACH_M, nearest_first, place_distances_m
from pothole.simulate.features import WHEEL_RADIUS_M
from pothole.stages.settings import ConditionSettings, EvidenceSettings

Array = NDArray[np.float64]
MIN_PASSES = 3
"""Segments with fewer are not fitted to, like those that ``make figures`` leaves out."""
IRI_GRID: dict[str, tuple[float, ...]] = {
    "fix_age_seconds": (0, 1, 2),
    "speed_exponent": (0.5, 0.55, 0.6, 0.62, 0.65, 0.7),
    "noise_quantile": (0.005, 0.01, 0.02),
    "noise_share": (0.0, 0.7, 0.8, 0.9),
    "missed_hz": (0.0, 1.0, 1.5, 2.0, 2.5, 3.0),
    "vehicle_spread": (0.1, 0.15, 0.2, 0.3, 99.0),
}
SEVERITY_GRID: dict[str, tuple[float, ...]] = {
    "speed_exponent": (0.0, 0.1, 0.2, 0.25, 0.3, 0.4, 0.5),
    "severity_quantile": (0.5, 0.6, 0.7, 0.75, 0.8, 0.9),
}


def line(level: Array, iri: Array) -> tuple[float, float, float]:
    """Offset and slope of log IRI on the level that have the smallest squared error in m/km, and its root.

    Gauss-Newton, begun at the line of the logarithms.
    """
    slope, offset = np.polyfit(level, np.log(iri), 1)
    for _ in range(20):
        fitted = np.exp(offset + slope * level)
        step, *_ = np.linalg.lstsq(np.stack([fitted, fitted * level], 1), iri - fitted, rcond=None)
        offset, slope = offset + step[0], slope + step[1]
    return float(offset), float(slope), float(np.sqrt(np.mean((np.exp(offset + slope * level) - iri) ** 2)))


def levels(engine: engines.Engine, fleets: Sequence[dict[str, Any]], settings: ConditionSettings) -> tuple[Array, ...]:
    """Level, variance, vehicles and true IRI (m/km) of the fleets' segments with ``MIN_PASSES`` vehicles or more."""
    from pothole.stages import condition

    columns: list[list[Array]] = [[], [], [], []]
    for fleet in fleets:
        felt = condition.where_felt(engine.from_arrow(fleet["driven"], "driven"), settings)
        driven = condition.driven_segments(felt, engine.from_arrow(fleet["roads"], "roads"))
        quiet = engine.keep(condition.quiet(driven, engine.from_arrow(fleet["hits"], "hits")))
        own = engine.keep(condition.levels(quiet, settings))
        table = engine.to_arrow(condition.segment_levels(own, settings, engine.keep))
        vehicles = engine.to_arrow(own).group_by("s_id").aggregate([("vehicle_id", "count")])
        known = table.join(vehicles, "s_id").join(fleet["iri"], "s_id", join_type="inner")
        known = known.filter(pc.greater_equal(known["vehicle_id_count"], MIN_PASSES))
        for column, name in zip(columns, ("mean", "variance", "vehicles", "iri_m_per_km"), strict=True):
            column.append(known[name].to_numpy())
        engine.forget()
    return tuple(np.concatenate(c) for c in columns)


def felt_depth_m(depth_m: Array, length_m: Array) -> Array:
    """How deep a wheel falls into holes: on a short one it touches both edges first."""
    half = np.minimum(length_m / 2, WHEEL_RADIUS_M)
    return np.minimum(
        depth_m, np.where(half < WHEEL_RADIUS_M, WHEEL_RADIUS_M - np.sqrt(WHEEL_RADIUS_M**2 - half**2), depth_m)
    )


def severity(engine: engines.Engine, fleets: Sequence[dict[str, Any]], settings: EvidenceSettings) -> float:
    """Rank correlation of the places' strength with the depth of the potholes that they are."""
    from pothole.stages import evidence

    pairs: list[tuple[float, float]] = []
    for fleet in fleets:
        weighed = engine.to_arrow(evidence.weigh(engine.from_arrow(fleet["passes"], "passes"), settings))
        places = fleet["places"].join(weighed.select(["place", "strength_mps2", "hit_count"]), "place")
        places = places.filter(pc.greater_equal(places["hit_count"], 2))
        strength, depth = (t.to_numpy() for t in (places["strength_mps2"], fleet["true"]["depth_m"]))
        near = nearest_first(place_distances_m(places, fleet["true"]), REACH_M)
        pairs += [(float(strength[i]), float(depth[j])) for i, j in near]
        engine.forget()
    return rank_correlation(pairs)


def main() -> None:
    """Vary one setting after the other, print what each value gives."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--trips", type=int, default=150)
    arguments.add_argument("--seeds", type=int, nargs="+", default=[101, 102, 103, 104, 105, 106])
    arguments.add_argument("--hard-seeds", type=int, nargs="*", default=[111, 112])
    given = arguments.parse_args()
    engine = embedded.start()
    wanted = [Wanted("standard", seed) for seed in given.seeds] + [Wanted("hard", seed) for seed in given.hard_seeds]
    fleets = [prepare(engine, one, given.trips) for one in wanted]
    for name, values in IRI_GRID.items():
        for value in values:
            changed: dict[str, Any] = {name: value}
            level, _, _, true = levels(engine, fleets, dataclasses.replace(ConditionSettings(), **changed))
            print(f"IRI, {name} {value}: RMSE {line(level, true)[2]:.3f} m/km")
    level, variance, vehicles, true = levels(engine, fleets, ConditionSettings())
    offset, slope, error = line(level, true)
    print(f"IRI: offset {offset:.3f}, slope {slope:.3f}, RMSE {error:.3f} m/km, {len(true)} segments")
    for model in (0.07, 0.08, 0.09, 0.1):
        usual = ConditionSettings().vehicle_spread
        sigma = np.sqrt((variance + usual**2 / vehicles) / vehicles + model**2)
        inside = np.mean(np.abs(np.log(true) - offset - slope * level) <= 1.96 * slope * sigma)
        print(f"IRI, model_spread {model}: {inside:.1%} inside their 95 % interval")
    depth, length = (np.concatenate([f["true"][c].to_numpy() for f in fleets]) for c in ("depth_m", "length_m"))
    bound = rank_correlation(list(zip(depth, felt_depth_m(depth, length), strict=True)))
    print(f"severity: Spearman {bound:.3f} between depth and how deep a wheel falls")
    for name, values in SEVERITY_GRID.items():
        for value in values:
            found = severity(engine, fleets, dataclasses.replace(EvidenceSettings(), **{name: value}))
            print(f"severity, {name} {value}: Spearman {found:.3f}")


if __name__ == "__main__":
    main()
