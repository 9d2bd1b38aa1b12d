"""What the device's GPS says: 1 Hz fixes that arrive late, with an error that wanders slowly."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pothole.simulate.drive import Drive
from pothole.simulate.settings import Setting
from pothole.simulate.town import Town

Array = NDArray[np.float64]
CORRELATION_S = 60.0
WHITE_SHARE = 0.1
"""White noise of a fix, as a share of the wandering error."""
SIGMA_PER_HDOP_M = 3.0
"""A device's dilution of precision is its error per axis over 3 m, give or take 20 %."""
_SPEED_NOISE_MPS = 0.1


@dataclass(frozen=True)
class Receiver:
    """The GPS of one device."""

    sigma_m: float
    lag_s: float
    interpolates: bool
    hdop: float


def draw(setting: Setting, rng: np.random.Generator) -> Receiver:
    """A receiver of the fleet."""
    sigma = rng.uniform(*setting.gps_sigma_m)
    return Receiver(
        sigma_m=sigma,
        lag_s=rng.uniform(*setting.gps_lag_s),
        interpolates=bool(rng.random() < setting.gps_interpolated_share),
        hdop=float(np.clip(sigma / SIGMA_PER_HDOP_M * rng.uniform(0.8, 1.2), 0.6, 4.5)),
    )


def record(receiver: Receiver, trip: Drive, town: Town, at_s: Array, rng: np.random.Generator) -> dict[str, Array]:
    """Position, speed (km/h) and quality as the samples at these times carry them: the last fix, or between two

    where the device (afterwards) interpolated."""
    clock = trip.clock_s
    fix = np.arange(-2.0, clock[-1] + 1.0, 1.0)
    east, north = wander(rng, receiver.sigma_m, len(fix)) + rng.normal(0, WHITE_SHARE * receiver.sigma_m, (2, len(fix)))
    lon, lat = town.degrees(np.interp(fix, clock, trip.x_m) + east, np.interp(fix, clock, trip.y_m) + north)
    speed = np.interp(fix, clock, trip.speed_mps) + rng.normal(0, _SPEED_NOISE_MPS, len(fix))
    hdop = receiver.hdop * rng.uniform(0.9, 1.1, len(fix))
    satellites = np.clip(np.round(14 - 2 * receiver.hdop + rng.normal(0, 1, len(fix))), 5, 22)
    arrival = fix + receiver.lag_s
    last = np.clip(np.searchsorted(arrival, at_s, side="right") - 1, 0, len(fix) - 1)
    moving = {"velocity": np.maximum(0, speed) * 3.6, "lon": lon, "lat": lat}
    if receiver.interpolates:
        carried = {name: np.interp(at_s, arrival, values) for name, values in moving.items()}
    else:
        carried = {name: values[last] for name, values in moving.items()}
    quality = {"hdop": np.round(hdop[last], 2), "satellites": satellites[last]}
    return {name: np.round(values, 7) for name, values in (carried | quality).items()}


def wander(rng: np.random.Generator, sigma_m: float, count: int) -> Array:
    """First-order Gauss-Markov error east and north (2, count) at 1 Hz."""
    keep = np.exp(-1.0 / CORRELATION_S)
    error = rng.normal(0, sigma_m, (2, count))
    for i in range(1, count):
        error[:, i] = keep * error[:, i - 1] + np.sqrt(1 - keep**2) * error[:, i]
    return error
