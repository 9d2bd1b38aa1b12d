"""What a phone in the car records of a drive: its mounting, gain, noise, rate and clock."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pothole.simulate import gps
from pothole.simulate.drive import Drive
from pothole.simulate.gps import Receiver
from pothole.simulate.handling import mounting
from pothole.simulate.settings import Setting
from pothole.simulate.smoothing import trailing_average
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
    clock_offset_s: float
    receiver: Receiver
    forward_m: float
    """Of the middle between the axles, like the next two of the middle between the wheels and of the roll axis."""
    right_m: float
    height_m: float


def draw(setting: Setting, rng: np.random.Generator) -> Device:
    """A device of the fleet."""
    return Device(
        rate_hz=float(rng.choice(setting.rates_hz)),
        gain=float(np.exp(rng.uniform(*np.log(setting.gain)))),
        noise_mps2=rng.uniform(*setting.noise_mps2),
        bias_mps2=rng.normal(0, setting.bias_mps2, 3),
        gyro=bool(rng.random() >= setting.no_gyro_share),
        gyro_noise_dps=rng.uniform(*setting.gyro_noise_dps),
        clock_offset_s=rng.uniform(*setting.clock_offset_s),
        receiver=gps.draw(setting, rng),
        forward_m=rng.uniform(-0.3, 0.9),
        right_m=rng.uniform(-0.4, 0.4),
        height_m=rng.uniform(0.2, 0.7),
    )


def record(
    device: Device, trip: Drive, motion: Motion, town: Town, setting: Setting, rng: np.random.Generator
) -> dict[str, Array]:
    """Samples of a trip: ``seconds`` since its start by the device's clock, and the raw columns but the ids.

    Turn rates of a device without gyroscope are NaN.
    """
    at = _sample_times(device, float(trip.clock_s[-1]), setting, rng)
    channels = _low_pass(np.concatenate(_car_frame(device, trip, motion)), device.rate_hz)
    sampled = np.stack([np.interp(at, trip.clock_s, channel) for channel in channels])
    mount = mounting(at, setting, rng)
    acceleration = device.gain * (np.einsum("nij,jn->in", mount.rotation, sampled[:3]) + mount.shake_mps2)
    acceleration += device.bias_mps2[:, None] + rng.normal(0, device.noise_mps2, acceleration.shape)
    turning = np.degrees(np.einsum("nij,jn->in", mount.rotation, sampled[3:]) + mount.turning_rad_s)
    turning += rng.normal(0, device.gyro_noise_dps, turning.shape) if device.gyro else np.nan
    return {
        "seconds": at + device.clock_offset_s,
        **{f"accel_{axis}": acceleration[i] for i, axis in enumerate("xyz")},
        **{f"gyro_{axis}": turning[i] for i, axis in enumerate("xyz")},
        **gps.record(device.receiver, trip, town, at, rng),
    }


def _sample_times(device: Device, seconds: float, setting: Setting, rng: np.random.Generator) -> Array:
    at = np.arange(0.02, seconds - 0.02, 1 / device.rate_hz)
    return at + rng.uniform(-setting.jitter_share, setting.jitter_share, len(at)) / device.rate_hz


def _car_frame(device: Device, trip: Drive, motion: Motion) -> tuple[Array, Array]:
    """Specific force (m/s2) and turn rate (rad/s) at the device, each (3, n), along the car's forward, left, up."""
    along, left = trip.pushes_mps2
    yaw = np.gradient(trip.heading_rad, 1 / RATE_HZ)
    heave = motion.heave + device.forward_m * motion.pitch_acceleration - device.right_m * motion.roll_acceleration
    force = [
        along - device.height_m * motion.pitch_acceleration + GRAVITY_MPS2 * motion.pitch,
        left + device.height_m * motion.roll_acceleration + GRAVITY_MPS2 * motion.roll,
        GRAVITY_MPS2 + heave,
    ]
    return np.stack(force), np.stack([motion.roll_rate, -motion.pitch_rate, yaw])


def _low_pass(channels: Array, rate_hz: float) -> Array:
    """The device's anti-alias filter: a moving average over half a sample interval, as mild as real ones are."""
    return trailing_average(channels, max(1, round(RATE_HZ / rate_hz / 2)))
