"""A car as four quarter-cars: from the profile under the wheels to the motion of the body.

Each corner is the linear two-mass model (Sayers & Karamihas 1998; golden-car values as the middle of the spread); with
time as the variable its response is a transfer function, applied by FFT.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pothole.simulate.smoothing import smooth

Array = NDArray[np.float64]
RATE_HZ = 400.0
"""Rate at which the motion is computed."""
_LEAN_S = 0.3
"""Twice the standard deviation of the time in which the body gives way to a push."""


@dataclass(frozen=True)
class Vehicle:
    """Golden-car parameters (per sprung mass) times a spread, and the geometry."""

    spring: float = 63.3
    """Suspension stiffness over sprung mass, 1/s2."""
    tyre: float = 653.0
    """Tyre stiffness over sprung mass, 1/s2."""
    damper: float = 6.0
    """Suspension damping over sprung mass, 1/s."""
    unsprung: float = 0.15
    """Unsprung over sprung mass."""
    wheelbase_m: float = 2.65
    track_m: float = 1.55

    @property
    def lean(self) -> float:
        """How far the body rolls for a push to the side, and twice as far as it pitches for one ahead, rad per m/s2."""
        return 0.01 * 63.3 / self.spring

    def response(self, frequency_hz: NDArray[np.floating]) -> NDArray[np.complex128]:
        """Body displacement per road displacement at these frequencies."""
        s = 2j * np.pi * frequency_hz
        suspension = self.damper * s + self.spring
        wheel = self.unsprung * s**2 + suspension + self.tyre
        return self.tyre * suspension / ((s**2 + suspension) * wheel - suspension**2)


def draw(rng: np.random.Generator) -> Vehicle:
    """A vehicle of the fleet: from a soft saloon to a stiff van."""
    return Vehicle(
        spring=63.3 * rng.uniform(0.7, 1.6),
        tyre=653.0 * rng.uniform(0.8, 1.3),
        damper=6.0 * rng.uniform(0.6, 1.3),
        unsprung=0.15 * rng.uniform(0.8, 1.3),
        wheelbase_m=rng.uniform(2.4, 2.9),
        track_m=rng.uniform(1.45, 1.65),
    )


@dataclass(frozen=True)
class Motion:
    """The body's motion in time at ``RATE_HZ``: angles rad (pitch up, roll right down), accelerations, turn rates."""

    pitch: Array
    roll: Array
    heave: Array
    pitch_rate: Array
    roll_rate: Array
    pitch_acceleration: Array
    roll_acceleration: Array


def ride(vehicle: Vehicle, wheels: Array, pushes_mps2: Array | None = None) -> Motion:
    """Body motion from the heights under front-left, front-right, rear-left and rear-right wheel (4, n), metres.

    ``pushes_mps2`` (2, n) ahead and to the left: the body pitches and rolls under them, too.
    """
    n = wheels.shape[1]
    size = 1 << (n + 4 * int(RATE_HZ) - 1).bit_length()
    frequency = np.fft.rfftfreq(size, 1 / RATE_HZ)
    s = 2j * np.pi * frequency
    fade = (1 + np.cos(np.linspace(0, np.pi, size - n))) / 2  # the FFT goes round: end as level as it began
    padded = np.concatenate([wheels, wheels[:, -1:] * fade], 1)
    body = np.fft.rfft(padded) * vehicle.response(frequency)
    heave, pitch, roll = (
        body.mean(0),
        (body[0] + body[1] - body[2] - body[3]) / (2 * vehicle.wheelbase_m),
        (body[0] + body[2] - body[1] - body[3]) / (2 * vehicle.track_m),
    )

    def back(spectrum: NDArray[np.complex128]) -> Array:
        return np.fft.irfft(spectrum, size)[:n]

    leaning = np.zeros((2, n))
    if pushes_mps2 is not None:
        leaning = smooth(pushes_mps2 * vehicle.lean * np.array([[0.5], [1.0]]), round(_LEAN_S * RATE_HZ))
    rate = np.gradient(leaning, 1 / RATE_HZ, axis=1)
    acceleration = np.gradient(rate, 1 / RATE_HZ, axis=1)
    return Motion(
        pitch=back(pitch) + leaning[0],
        roll=back(roll) + leaning[1],
        heave=back(s**2 * heave),
        pitch_rate=back(s * pitch) + rate[0],
        roll_rate=back(s * roll) + rate[1],
        pitch_acceleration=back(s**2 * pitch) + acceleration[0],
        roll_acceleration=back(s**2 * roll) + acceleration[1],
    )
