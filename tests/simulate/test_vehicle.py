from itertools import pairwise

import numpy as np
import pytest

from pothole.simulate.vehicle import RATE_HZ, Vehicle, draw, ride

CAR = Vehicle()


def step(height_m: float = 0.05, seconds: float = 6.0) -> np.ndarray:
    """All wheels on a kerb of this height after one second."""
    clock = np.arange(0, seconds, 1 / RATE_HZ)
    return np.tile(np.where(clock >= 1.0, height_m, 0.0), (4, 1))


def integrated(car: Vehicle, road: np.ndarray, rate_hz: float) -> np.ndarray:
    """Body acceleration by integrating the equations of motion with classical Runge-Kutta steps."""

    def slope(state: np.ndarray, height: float) -> np.ndarray:
        body, body_speed, wheel, wheel_speed = state
        force = car.spring * (wheel - body) + car.damper * (wheel_speed - body_speed)
        return np.array([body_speed, force, wheel_speed, (car.tyre * (height - wheel) - force) / car.unsprung])

    state, dt, found = np.zeros(4), 1 / rate_hz, []
    for now, later in pairwise(road):
        found.append(slope(state, now)[1])
        middle = (now + later) / 2
        k1 = slope(state, now)
        k2 = slope(state + dt / 2 * k1, middle)
        k3 = slope(state + dt / 2 * k2, middle)
        k4 = slope(state + dt * k3, later)
        state = state + dt / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return np.array(found)


def test_slow_roads_are_followed_and_fast_ones_are_not_felt() -> None:
    slow, fast = np.abs(CAR.response(np.array([0.01, 60.0])))
    assert slow == pytest.approx(1.0, abs=1e-3)
    assert fast < 0.01


def test_body_and_wheel_resonate_at_the_natural_frequencies() -> None:
    barely_damped = Vehicle(damper=0.02)
    stiffness = np.array([[CAR.spring, -CAR.spring], [-CAR.spring, CAR.spring + CAR.tyre]])
    natural = np.sqrt(np.sort(np.linalg.eigvals(stiffness / np.array([[1.0], [CAR.unsprung]])))) / 2 / np.pi
    frequency = np.arange(0.5, 20, 0.001)
    gain = np.abs(barely_damped.response(frequency))
    peaks = frequency[1:-1][(gain[1:-1] > gain[:-2]) & (gain[1:-1] > gain[2:])]
    assert peaks == pytest.approx(natural, rel=0.01)
    assert 1.0 < natural[0] < 1.6 and 8 < natural[1] < 14


def test_ride_agrees_with_integrating_the_equations_of_motion() -> None:
    clock = np.arange(0, 5, 1 / RATE_HZ)
    bump = np.where((clock > 1) & (clock < 1.5), 0.05 * np.sin(2 * np.pi * (clock - 1)) ** 2, 0.0)
    expected = integrated(CAR, bump, RATE_HZ)
    heave = ride(CAR, np.tile(bump, (4, 1))).heave
    assert np.abs(expected).max() > 1.0
    assert heave[:-1] == pytest.approx(expected, abs=0.02 * np.abs(expected).max())


def test_after_a_kerb_the_body_is_as_much_higher() -> None:
    speed = np.cumsum(ride(CAR, step(0.05)).heave) / RATE_HZ
    height = np.cumsum(speed) / RATE_HZ
    assert height[int(0.9 * RATE_HZ)] == pytest.approx(0, abs=0.002)
    assert height[-1] == pytest.approx(0.05, abs=0.003)


def test_front_up_pitches_the_nose_up_and_left_up_rolls_to_the_right() -> None:
    after = int(1.1 * RATE_HZ)
    front = ride(CAR, step() * np.array([[1], [1], [0], [0]]))
    left = ride(CAR, step() * np.array([[1], [0], [1], [0]]))
    assert front.pitch_rate[after] > 0.05 and front.roll_rate == pytest.approx(0, abs=1e-9)
    assert left.roll_rate[after] > 0.05 and left.pitch_rate == pytest.approx(0, abs=1e-9)


def test_vehicles_of_a_fleet_differ() -> None:
    cars = [draw(np.random.default_rng(i)) for i in range(20)]
    assert len({c.spring for c in cars}) == 20
    assert all(2.4 <= c.wheelbase_m <= 2.9 and 1.45 <= c.track_m <= 1.65 for c in cars)


def test_the_body_leans_out_of_a_curve_and_back_when_it_pulls_away() -> None:
    pushes = np.stack([np.full(4000, 2.0), np.full(4000, 3.0)])  # ahead, and to the left
    leaning, still = (ride(CAR, np.zeros((4, 4000)), p) for p in (pushes, None))
    assert leaning.roll[2000] == pytest.approx(0.03) and leaning.pitch[2000] == pytest.approx(0.01)
    assert still.roll[2000] == still.pitch[2000] == 0.0
    begins = np.where(np.arange(4000) < 2000, 0.0, pushes)
    assert ride(CAR, np.zeros((4, 4000)), begins).roll_rate.sum() / RATE_HZ == pytest.approx(0.03, rel=0.02)
