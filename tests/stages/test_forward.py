"""The vehicle's forward axis from what it does, however the device lies."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from pothole.stages.settings import OrientSettings
from tests.stages.test_stage1 import random_rotation

G = 9.80665


def seconds(rotation: np.ndarray, *, gyro: bool = True, still: bool = False) -> pa.Table:
    """Two minutes of speeding up, slowing down and curves, as means of seconds in the device's axes."""
    t = np.arange(120.0)
    speed = 10.0 + (0 if still else 4.0) * np.sin(2 * np.pi * t / 40)
    gain = np.gradient(speed)
    yaw = (0 if still else 0.15) * np.sin(2 * np.pi * t / 60)  # rad/s, to the left
    accel = rotation @ np.stack([gain, speed * yaw, np.full(120, G)])
    turn = rotation @ np.degrees(np.stack([0 * t, 0 * t, yaw]))
    late = np.interp(t - 1.0, t, speed)  # what a fix says is older
    return pa.table({
        "vehicle_id": ["V"] * 120, "trip_id": ["T"] * 120, "second": np.arange(120),
        **{f"accel_{x}": accel[i] for i, x in enumerate("xyz")},
        **{f"gyro_{x}": pa.array(turn[i]) if gyro else pa.nulls(120, pa.float64()) for i, x in enumerate("xyz")},
        "velocity": late * 3.6, "fit": [True] * 120,
    })  # fmt: skip


@pytest.fixture
def oriented(engine):
    from pothole.stages import orient

    def run(table: pa.Table) -> dict[str, list[float]]:
        frame = orient.orient(engine.from_arrow(table, "seconds"), OrientSettings(), engine.keep)
        row = engine.to_arrow(frame).to_pylist()[0]
        engine.forget()
        return {axis: [row[f"{axis}_{x}"] for x in "xyz"] for axis in ("up", "ahead", "aside")}

    return run


@pytest.mark.parametrize("gyro", [True, False])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_forward_and_left_are_found_in_any_mounting(oriented, seed, gyro):
    rotation = random_rotation(seed)
    found = oriented(seconds(rotation, gyro=gyro))
    for axis, true in zip(("ahead", "aside", "up"), rotation.T, strict=True):
        cosine = np.dot(found[axis], true) / np.linalg.norm(found[axis])
        assert cosine > np.cos(np.radians(8)), (axis, np.degrees(np.arccos(cosine)))


@pytest.mark.both_engines
def test_who_never_turns_nor_changes_speed_has_no_forward_axis(oriented):
    assert oriented(seconds(random_rotation(4), still=True))["ahead"] == [None] * 3
