from dataclasses import replace

import numpy as np
import pytest

from pothole.simulate import device as devices
from pothole.simulate import gps
from pothole.simulate.device import GRAVITY_MPS2, Device
from pothole.simulate.drive import Drive
from pothole.simulate.gps import Receiver
from pothole.simulate.grid_town import grid_town
from pothole.simulate.handling import mounting, random_rotation, turn
from pothole.simulate.settings import STANDARD
from pothole.simulate.town import from_segments, metres_per_degree
from pothole.simulate.vehicle import RATE_HZ, Motion

FLAT = replace(STANDARD, random_mounting=False, handled_share=0.0, jitter_share=0.0)
RECEIVER = Receiver(sigma_m=0.0, lag_s=0.4, interpolates=False, hdop=1.0)
PHONE = Device(
    rate_hz=50.0, gain=1.0, noise_mps2=0.0, bias_mps2=np.zeros(3), gyro=True, gyro_noise_dps=0.0, clock_offset_s=0.25,
    receiver=RECEIVER, forward_m=0.5, right_m=0.0, height_m=0.0,
)  # fmt: skip
TOWN = from_segments(grid_town(blocks=2))


def eastward(seconds: float = 60.0, speed_mps: float = 10.0) -> Drive:
    """A steady drive to the east on a plane."""
    clock = np.arange(0, seconds, 1 / RATE_HZ)
    x = speed_mps * clock
    still = np.zeros_like(x)
    return Drive(x, np.full_like(x, speed_mps), np.zeros((4, len(x))), x, still, still, ())


def motion(trip: Drive, **parts: np.ndarray) -> Motion:
    still = np.zeros_like(trip.distance_m)
    names = ("pitch", "roll", "heave", "pitch_rate", "roll_rate", "pitch_acceleration", "roll_acceleration")
    return Motion(**{name: parts.get(name, still) for name in names})


def recorded(device: Device = PHONE, setting=FLAT, seed: int = 1, **parts: np.ndarray) -> dict[str, np.ndarray]:
    trip = eastward()
    return devices.record(device, trip, motion(trip, **parts), TOWN, setting, np.random.default_rng(seed))


def axes(samples: dict[str, np.ndarray], kind: str = "accel") -> np.ndarray:
    return np.stack([samples[f"{kind}_{axis}"] for axis in "xyz"])


def test_a_device_that_lies_flat_feels_gravity_upwards() -> None:
    assert axes(recorded()) == pytest.approx(np.array([[0.0], [0.0], [GRAVITY_MPS2]]) * np.ones(2998), abs=1e-9)


def test_any_mounting_feels_the_same_size_of_acceleration_and_turning() -> None:
    wave = np.sin(2 * np.pi * 2 * eastward().clock_s)
    parts = {"heave": wave, "pitch_rate": 0.1 * wave, "roll_rate": 0.05 * wave}
    flat, turned = recorded(**parts), recorded(setting=replace(FLAT, random_mounting=True), **parts)
    assert np.abs(axes(flat) - axes(turned)).max() > 1.0
    for kind in ("accel", "gyro"):
        assert np.linalg.norm(axes(turned, kind), axis=0) == pytest.approx(np.linalg.norm(axes(flat, kind), axis=0))
    angle = [np.sum(axes(s) * axes(s, "gyro"), axis=0) for s in (flat, turned)]
    assert np.abs(angle[0]).max() < 1e-9
    assert angle[1] == pytest.approx(angle[0], abs=1e-9)


def test_a_device_in_front_of_the_axles_middle_rises_with_the_nose() -> None:
    samples = recorded(pitch_acceleration=np.ones_like(eastward().distance_m))
    assert samples["accel_z"] == pytest.approx(GRAVITY_MPS2 + 0.5, abs=1e-9)


def test_gain_bias_and_missing_gyroscope() -> None:
    poor = replace(PHONE, gain=1.25, bias_mps2=np.array([0.1, 0.0, 0.0]), gyro=False)
    samples = recorded(poor)
    assert samples["accel_z"] == pytest.approx(1.25 * GRAVITY_MPS2)
    assert samples["accel_x"] == pytest.approx(0.1)
    assert np.isnan(axes(samples, "gyro")).all()


@pytest.mark.parametrize("rate_hz", [10.0, 25.0, 100.0])
def test_rate_jitter_and_clock(rate_hz: float) -> None:
    jitter = replace(FLAT, jitter_share=0.15)
    seconds = recorded(replace(PHONE, rate_hz=rate_hz), jitter)["seconds"]
    gaps = np.diff(seconds) * rate_hz
    assert seconds[0] == pytest.approx(0.02 + PHONE.clock_offset_s, abs=0.15 / rate_hz)
    assert gaps.mean() == pytest.approx(1.0, abs=0.01)
    assert 0.05 < gaps.std() < 0.2 and gaps.min() > 0.5


def test_fast_shaking_is_damped_by_a_slow_device_and_slow_shaking_is_not() -> None:
    clock = eastward().clock_s
    sizes = [
        recorded(replace(PHONE, rate_hz=10.0), heave=np.sin(2 * np.pi * f * clock))["accel_z"].std()
        for f in (0.5, 13.0)
    ]
    assert sizes[0] == pytest.approx(np.sqrt(0.5), rel=0.02)
    assert 0.1 < sizes[1] < 0.6


def test_turning_a_device_turns_gravity_as_its_gyroscope_says() -> None:
    at = np.arange(0, 100, 0.001)
    hand = mounting(at, replace(STANDARD, handled_share=1.0), np.random.default_rng(3))
    gravity = hand.rotation[:, :, 2]
    expected = -np.cross(hand.turning_rad_s.T, gravity)
    assert np.gradient(gravity, 0.001, axis=0) == pytest.approx(expected, abs=0.02)
    assert np.abs(expected).max() > 0.1
    assert np.degrees(np.arccos(np.trace(hand.rotation[-1] @ hand.rotation[0].T) / 2 - 0.5)) > 30
    busy = np.linalg.norm(hand.shake_mps2, axis=0) > 1e-3
    assert 1.9 < busy.sum() * 0.001 < 5.1 and np.linalg.norm(hand.shake_mps2, axis=0).max() > 1.0


def test_rotations_are_rotations_in_all_directions() -> None:
    rng = np.random.default_rng(0)
    several = np.stack([random_rotation(rng) for _ in range(400)])
    several = np.concatenate([several, turn(np.array([0.6, 0.0, 0.8]), np.linspace(0, 3, 7))])
    assert several @ several.transpose(0, 2, 1) == pytest.approx(np.tile(np.eye(3), (407, 1, 1)), abs=1e-12)
    assert np.linalg.det(several) == pytest.approx(1.0)
    assert several[:400, :, 2].mean(axis=0) == pytest.approx(0.0, abs=0.1)


def metres_east(samples: dict[str, np.ndarray]) -> np.ndarray:
    return (samples["lon"] - TOWN.lon0) * metres_per_degree(TOWN.lat0)[0]


def test_fixes_come_once_a_second_and_late() -> None:
    samples = recorded()
    age = (samples["seconds"] - PHONE.clock_offset_s) - metres_east(samples) / 10.0
    settled = samples["seconds"] > 3
    assert 0.39 < age[settled].min() < 0.45 and 1.35 < age[settled].max() < 1.41
    assert np.count_nonzero(np.diff(samples["lon"])) == pytest.approx(60, abs=2)


def test_some_devices_interpolate() -> None:
    samples = recorded(replace(PHONE, receiver=replace(RECEIVER, interpolates=True)))
    age = (samples["seconds"] - PHONE.clock_offset_s) - metres_east(samples) / 10.0
    assert age[samples["seconds"] > 3] == pytest.approx(0.4, abs=0.01)


def test_the_position_error_wanders_slowly_and_fits_the_hdop() -> None:
    errors = np.stack([gps.wander(np.random.default_rng(i), 3.0, 240)[0] for i in range(400)])
    assert errors.std(axis=0)[[0, 100, -1]] == pytest.approx(3.0, rel=0.12)
    lagged = np.mean(errors[:, :-60] * errors[:, 60:]) / np.mean(errors**2)
    assert lagged == pytest.approx(np.exp(-1), abs=0.1)
    receivers = [gps.draw(STANDARD, np.random.default_rng(i)) for i in range(50)]
    assert all(0.79 < r.hdop / (r.sigma_m / 3.0) < 1.21 for r in receivers)
