"""Recordings through Stage 1's own functions, with what a recording does not tell filled in by stated constants."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa

from benchmarks import embedded
from benchmarks.detectors.trip import Array
from pothole import engines
from pothole.stages.feature import Group, Need
from pothole.stages.features import FEATURES, in_group, that_need
from pothole.stages.settings import DetectSettings, QualitySettings, Stage1Settings
from pothole.tables import RAW

SPEED_KMH = 40.0
START_MS = 1_770_854_400_000
METRES_PER_DEGREE = 111_195.0
AS_SHIPPED = Stage1Settings()
#: Every local maximum is a candidate, also at a crawl, and a score decides.
ALL_PEAKS = Stage1Settings(
    quality=replace(QualitySettings(), min_velocity_kmh=0.0),
    detect=replace(DetectSettings(), start_scales=0.01, start_surroundings=0.0, min_velocity_kmh=0.0),
)
#: A recording has one rate, so that tells nothing; the features of the 0.7 s around the peak are younger than the
#: figures in ``docs/detection.md``.
_LEFT_OUT = {*in_group(Group.RATE), *in_group(Group.CORE)}
#: What needs neither a gyroscope nor the vehicle's axes (nor speed: a series has none).
SHAPE = (*(name for name in FEATURES if name not in {*that_need(*Need)} | _LEFT_OUT), "jolt_rms", "shake_rms")


def filled(
    vehicle: list[str], trip: list[str], time_ms: Array, accel: Array, speed_kmh: Array | None = None
) -> pa.Table:
    """Raw rows of samples without position, gyroscope or (then 40 km/h) speed: the vehicle drives north at its speed.

    Times count from any start; a fix is good everywhere (hdop 1, 10 satellites), so that nothing is refused.
    """
    speed = np.full(len(time_ms), SPEED_KMH) if speed_kmh is None else speed_kmh
    columns = {
        "timestamp": time_ms.astype(np.int64) + START_MS,
        "trip_id": pa.array(trip, pa.string()),
        "vehicle_id": pa.array(vehicle, pa.string()),
        **{f"accel_{x}": accel[:, i].astype(float) for i, x in enumerate("xyz")},
        **{f"gyro_{x}": pa.nulls(len(time_ms), pa.float64()) for x in "xyz"},
        "velocity": speed.astype(float),
        "lon": np.full(len(time_ms), 10.0),
        "lat": 45.0 + (time_ms - time_ms.min()) / 1000.0 * (SPEED_KMH / 3.6) / METRES_PER_DEGREE,
        "hdop": np.ones(len(time_ms)),
        "satellites": np.full(len(time_ms), 10, np.int32),
    }
    return pa.table({name: columns[name] for name in RAW.names})


def judged(
    raw: pa.Table,
    settings: Stage1Settings = AS_SHIPPED,
    running: engines.Engine | None = None,
    *,
    placed: bool = False,
) -> pa.Table:
    """Stage 1's impacts of raw rows, with features (``f_...``), jolts and probabilities; sorted by trip and time.

    Rows whose positions are real ones (``placed``) are judged by what other passes felt, too, as the day does.

    A process has one engine at a time: give the one that is ``running``.
    """
    engine = running or embedded.start()
    from pothole.stages import chain, classify, corroborate, stage1

    try:
        found = chain.described(engine.from_arrow(raw, "recordings"), None, settings, None, engine.keep)
        single = classify.classify(found.impacts, settings.classify)
        if placed:
            named = engine.keep(single.withColumn("impact_id", stage1.impact_id()))
            single = corroborate.corroborate(
                named, found.traversals, settings.corroborate, settings.classify, engine.keep
            )
        table = engine.to_arrow(single)
    finally:
        engine.forget() if running else engine.close()
    return table.sort_by([("vehicle_id", "ascending"), ("trip_id", "ascending"), ("timestamp", "ascending")])


def columns(impacts: pa.Table, names: Sequence[str]) -> Array:
    """Some columns side by side; what could not be told is 0."""
    return np.asarray(np.nan_to_num(np.stack([impacts[name].to_numpy().astype(float) for name in names], axis=1)))
