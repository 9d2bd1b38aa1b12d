"""What a phone in the car records of a drive: its mounting, gain, noise, rate and clock, and its GPS."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pothole.simulate.drive import Drive
from pothole.simulate.settings import Setting
from pothole.simulate.town import Town
from pothole.simulate.vehicle import RATE_HZ, Motion

Array = NDArray[np.float64]
GRAVITY_MPS2 = 9.80665


@dataclass(frozen=True)
class Device:
    """One device; it keeps its properties over trips and days, except how it lies."""

    rate_hz: float
    gain: float
    noise_mps2: float
    bias_mps2: Array
    gyro: bool
    gyro_noise_dps: float
    clock_s: float
    gps_sigma_m: float
    gps_lag_s: float
    gps_interpolated: bool
    hdop: float
    forward_m: float
    right_m: float
    height_m: float


def draw(setting: Setting, rng: np.random.Generator) -> Device:
    """A device of the fleet. Its dilution of precision is the error it will have over 3 m, with a spread of 20 %."""
    sigma = rng.uniform(*setting.gps_sigma_m)
    return Device(
        rate_hz=float(rng.choice(setting.rates_hz)),
        gain=float(np.exp(rng.uniform(*np.log(setting.gain)))),
        noise_mps2=rng.uniform(*setting.noise_mps2),
        bias_mps2=rng.normal(0, setting.bias_mps2, 3),
        gyro=bool(rng.random() >= setting.no_gyro_share),
        gyro_noise_dps=rng.uniform(*setting.gyro_noise_dps),
        clock_s=rng.uniform(-0.2, 0.2),
        gps_sigma_m=sigma,
        gps_lag_s=rng.uniform(*setting.gps_lag_s),
        gps_interpolated=bool(rng.random() < setting.gps_interpolated_share),
        hdop=float(np.clip(sigma / 3.0 * rng.uniform(0.8, 1.2), 0.6, 4.5)),
        forward_m=rng.uniform(-0.3, 0.9),
        right_m=rng.uniform(-0.4, 0.4),
        height_m=rng.uniform(0.2, 0.7),
    )


def rotation(rng: np.random.Generator) -> Array:
    """A rotation drawn evenly from all orientations (Shoemake 1992)."""
    q = rng.normal(size=4)
    w, x, y, z = q / np.linalg.norm(q)
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )


def record(
    device: Device, trip: Drive, motion: Motion, town: Town, setting: Setting, rng: np.random.Generator
) -> dict[str, Array]:
    """Samples of a trip: ``seconds`` since its start by the device's clock, and the raw columns but the ids."""
    force, turn = _body_frame(device, trip, motion)
    clock = np.arange(len(trip.distance_m)) / RATE_HZ
    at = np.arange(0.02, clock[-1] - 0.02, 1 / device.rate_hz)
    at = at + rng.uniform(-0.15, 0.15, len(at)) / device.rate_hz
    mount = rotation(rng) if setting.random_mounting else np.eye(3)
    smooth = _low_pass(np.concatenate([force, turn]), device.rate_hz)
    sampled = np.stack([np.interp(at, clock, channel) for channel in smooth])
    mounts = _handling(at, mount, setting, rng)
    acceleration = np.einsum("nij,jn->in", mounts.rotation, sampled[:3]) + mounts.shake
    turning = np.einsum("nij,jn->in", mounts.rotation, sampled[3:]) + mounts.twist
    acceleration = device.gain * acceleration + device.bias_mps2[:, None]
    acceleration += rng.normal(0, device.noise_mps2, acceleration.shape)
    turning = np.degrees(turning) + rng.normal(0, device.gyro_noise_dps, turning.shape)
    if not device.gyro:
        turning[:] = np.nan
    lon, lat, velocity = _gps(device, trip, town, at, clock, rng)
    return {
        "seconds": at + device.clock_s,
        **{f"accel_{a}": acceleration[i] for i, a in enumerate("xyz")},
        **{f"gyro_{a}": turning[i] for i, a in enumerate("xyz")},
        "velocity": velocity,
        "lon": lon,
        "lat": lat,
        "hdop": np.round(device.hdop * rng.uniform(0.9, 1.1, len(at)), 2),
        "satellites": np.clip(np.round(14 - 2 * device.hdop + rng.normal(0, 1, len(at))), 5, 22),
    }


def _body_frame(device: Device, trip: Drive, motion: Motion) -> tuple[Array, Array]:
    """Specific force and turn rate at the device in the car's axes (forward, left, up)."""
    along = np.gradient(trip.speed_mps, 1 / RATE_HZ)
    yaw = np.gradient(trip.heading_rad, 1 / RATE_HZ)
    heave = (
        motion.heave
        + device.forward_m * motion.pitch_acceleration
        - device.right_m * motion.roll_acceleration  # roll: left side up
    )
    force = np.stack(
        [
            along - device.height_m * motion.pitch_acceleration,
            trip.speed_mps * yaw + device.height_m * motion.roll_acceleration,
            GRAVITY_MPS2 + heave,
        ]
    )
    return force, np.stack([motion.roll_rate, -motion.pitch_rate, yaw])


def _low_pass(channels: Array, rate_hz: float) -> Array:
    """The device's anti-alias filter: a moving average over half a sample interval, as mild as real ones are."""
    width = max(1, round(RATE_HZ / rate_hz / 2))
    total = np.cumsum(np.pad(channels, ((0, 0), (width, 0)), mode="edge"), axis=1)
    return (total[:, width:] - total[:, :-width]) / width


@dataclass(frozen=True)
class _Mounts:
    rotation: Array
    shake: Array
    twist: Array


def _handling(at: Array, mount: Array, setting: Setting, rng: np.random.Generator) -> _Mounts:
    """The mounting at every sample; in some trips the device is picked up and put down in another way."""
    rotations = np.repeat(mount[None], len(at), 0)
    shake, twist = np.zeros((3, len(at))), np.zeros((3, len(at)))
    if rng.random() < setting.handled_share and len(at) > 10:
        start = rng.uniform(0.2, 0.7) * at[-1]
        length = rng.uniform(2, 5)
        other = rotation(rng)
        share = np.clip((at - start) / length, 0, 1)
        held = (share > 0) & (share < 1)
        blend = mount[None] + share[:, None, None] * (other - mount)[None]
        u, _, v = np.linalg.svd(blend[held])
        rotations[held] = u @ v
        rotations[share >= 1] = other
        for axis in range(3):
            shake[axis, held] = rng.uniform(1, 4) * np.sin(
                2 * np.pi * rng.uniform(0.5, 2.5) * at[held] + rng.uniform(0, 6)
            )
            twist[axis, held] = rng.uniform(0.5, 3) * np.sin(
                2 * np.pi * rng.uniform(0.5, 2) * at[held] + rng.uniform(0, 6)
            )
    return _Mounts(rotations, shake, twist)


def _gps(
    device: Device, trip: Drive, town: Town, at: Array, clock: Array, rng: np.random.Generator
) -> tuple[Array, Array, Array]:
    """Longitude, latitude and speed (km/h) as samples carry them: 1 Hz fixes, late, with a slowly wandering error.

    First-order Gauss-Markov error with a correlation time of 60 s, and a tenth of its size as white noise.
    """
    fix = np.arange(-2.0, clock[-1] + 1.0, 1.0)
    keep = np.exp(-1.0 / 60.0)
    steps = rng.normal(0, device.gps_sigma_m * np.sqrt(1 - keep**2), (2, len(fix)))
    error = np.empty_like(steps)
    error[:, 0] = rng.normal(0, device.gps_sigma_m, 2)
    for i in range(1, len(fix)):
        error[:, i] = keep * error[:, i - 1] + steps[:, i]
    error += rng.normal(0, 0.1 * device.gps_sigma_m, error.shape)
    x = np.interp(fix, clock, trip.x_m) + error[0]
    y = np.interp(fix, clock, trip.y_m) + error[1]
    speed = np.maximum(0, np.interp(fix, clock, trip.speed_mps) + rng.normal(0, 0.1, len(fix))) * 3.6
    arrival = fix + device.gps_lag_s
    if device.gps_interpolated:
        values = [np.interp(at, arrival, v) for v in (x, y, speed)]
    else:
        last = np.clip(np.searchsorted(arrival, at, side="right") - 1, 0, len(fix) - 1)
        values = [x[last], y[last], speed[last]]
    lon, lat = town.degrees(values[0], values[1])
    return np.round(lon, 7), np.round(lat, 7), values[2]
