"""How a device lies in the car, and what it feels when somebody picks it up."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pothole.simulate.settings import Setting

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Mounting:
    """At every sample: the rotation from the car's to the device's axes (n, 3, 3), and what a hand adds (3, n)."""

    rotation: Array
    shake_mps2: Array
    turning_rad_s: Array


def mounting(at_s: Array, setting: Setting, rng: np.random.Generator) -> Mounting:
    """How the device lies at these times; in some trips it is picked up for 2 to 5 s and put down in another way."""
    first = random_rotation(rng) if setting.random_mounting else np.eye(3)
    still = np.zeros((3, len(at_s)))
    if rng.random() >= setting.handled_share or len(at_s) < 10:
        return Mounting(np.broadcast_to(first, (len(at_s), 3, 3)), still, still)
    start, seconds = rng.uniform(0.2, 0.7) * at_s[-1], rng.uniform(2, 5)
    share = np.clip((at_s - start) / seconds, 0, 1)
    angle, axis = rng.uniform(0.6, np.pi), rng.normal(size=3)
    axis /= np.linalg.norm(axis)
    turned = angle * (1 - np.cos(np.pi * share)) / 2
    rate = angle * np.pi / 2 * np.sin(np.pi * share) / seconds
    return Mounting(turn(axis, turned) @ first, _shake(at_s, share, rng), -axis[:, None] * rate)


def _shake(at_s: Array, share: Array, rng: np.random.Generator) -> Array:
    """Big smooth accelerations while the device is in a hand (0 < share < 1): some m/s2 at 0.5 to 2.5 Hz."""
    size, hertz, phase = rng.uniform(1, 4, 3), rng.uniform(0.5, 2.5, 3), rng.uniform(0, 6, 3)
    waves = size[:, None] * np.sin(2 * np.pi * hertz[:, None] * at_s + phase[:, None])
    return np.asarray(waves * np.sin(np.pi * share) ** 0.5)


def turn(axis: Array, angle_rad: Array) -> Array:
    """Rotations (n, 3, 3) by angles about a unit axis (Rodrigues' formula)."""
    x, y, z = axis
    k = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    sin, cos = np.sin(angle_rad)[:, None, None], np.cos(angle_rad)[:, None, None]
    return np.asarray(np.eye(3) + sin * k + (1 - cos) * (k @ k))


def random_rotation(rng: np.random.Generator) -> Array:
    """A rotation drawn evenly from all orientations (Shoemake 1992)."""
    w, x, y, z = (q := rng.normal(size=4)) / np.linalg.norm(q)
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )
