"""A trip as published detectors see it: arrays over its samples, the vertical axis found by gravity."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

Array = NDArray[np.float64]
Indices = NDArray[np.intp]
Mask = NDArray[np.bool_]
GRAVITY_MPS2 = 9.80665


@dataclass(frozen=True)
class Trip:
    """Samples in order of time. Accelerations in m/s2 with gravity, turn rates in deg/s (zero without a gyroscope)."""

    vehicle_id: str
    trip_id: str
    time_ms: Array
    accel: Array
    """As reported, shape (n, 3)."""
    gyro_y: Array
    speed_kmh: Array

    @property
    def rate_hz(self) -> float:
        """Samples a second: of the median interval."""
        return 1000.0 / max(1.0, float(np.median(np.diff(self.time_ms)))) if len(self.time_ms) > 1 else 1.0

    def samples(self, seconds: float) -> int:
        """How many samples so much time is; at least one."""
        return max(1, round(seconds * self.rate_hz))

    @property
    def vertical(self) -> Array:
        """Along gravity (the trip's mean direction), gravity included. A favour to detectors that assume a level
        device."""
        return np.asarray(self.accel @ self._up)

    @property
    def horizontal(self) -> Array:
        """Length of what is across gravity: forward and lateral together."""
        across = self.accel - self.vertical[:, None] * self._up
        return np.asarray(np.linalg.norm(across - across.mean(0), axis=1))

    @property
    def _up(self) -> Array:
        mean = self.accel.mean(0)
        return np.asarray(mean / max(1e-9, float(np.linalg.norm(mean))))


def trips(samples: pa.Table) -> list[Trip]:
    """The trips of raw samples, in order. Broken samples (not finite, over 100 m/s2) are left out for all detectors."""
    columns = ["accel_x", "accel_y", "accel_z", "gyro_y", "velocity"]
    samples = samples.sort_by([("vehicle_id", "ascending"), ("trip_id", "ascending"), ("timestamp", "ascending")])
    time, *values = (samples[c].to_numpy().astype(float) for c in ["timestamp", *columns])
    accel = np.stack(values[:3], axis=1)
    good = np.isfinite(accel).all(1) & (np.abs(accel) < 100).all(1)
    names = np.array(
        [f"{v}\t{t}" for v, t in zip(*(samples[c].to_pylist() for c in ("vehicle_id", "trip_id")), strict=True)]
    )
    made = []
    for name in np.unique(names[good]):
        of = good & (names == name)
        vehicle, trip = str(name).split("\t")
        gyro, speed = (np.nan_to_num(v[of]) for v in values[3:])
        made.append(Trip(vehicle, trip, time[of], accel[of], gyro, speed))
    return made


def series(vertical: Array, rate_hz: float = 50.0) -> Trip:
    """A bare series of vertical acceleration as a trip at 40 km/h."""
    n = len(vertical)
    accel = np.stack([np.zeros(n), np.zeros(n), vertical], axis=1)
    return Trip("", "", np.arange(n, dtype=float) * 1000.0 / rate_hz, accel, np.zeros(n), np.full(n, 40.0))
