"""Published detectors on made series: each finds the jolt it was made for, and a still road gives none a peak."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from benchmarks.detectors.published import DETECTORS, peaks, pothole_patrol, rolling, stdev_z
from benchmarks.detectors.trip import GRAVITY_MPS2, Trip, series, trips
from benchmarks.gonzalez import auc
from benchmarks.tuning import Labelled, Tuned, key, leave_one_out, tune
from hypothesis import given
from hypothesis import strategies as st

BY_NAME = {d.name: d for d in DETECTORS}


def road(*jolts_at: int, n: int = 3000, trip: str = "t", noise: float = 0.05) -> Trip:
    """A minute at 50 Hz; a fall and a blow of 6 m/s2 at the given samples."""
    rng = np.random.default_rng(n)
    vertical = GRAVITY_MPS2 + rng.normal(0, noise, n)
    for at in jolts_at:
        vertical[at : at + 4] -= 6.0
        vertical[at + 4 : at + 8] += 6.0
    made = series(vertical)
    return Trip("v", trip, made.time_ms, made.accel, made.gyro_y, made.speed_kmh)


@pytest.mark.parametrize("name", BY_NAME)
def test_a_jolt_is_the_highest_peak(name):
    trip = road(1500)
    score = BY_NAME[name].score(trip)
    assert len(score) == len(trip.time_ms)
    assert abs(int(np.argmax(score)) - 1504) <= 15


@pytest.mark.parametrize("name", BY_NAME)
def test_published_thresholds_report_a_jolt_and_nothing_on_a_still_road(name):
    detector = BY_NAME[name]
    at, _ = peaks(road(1500), detector.score(road(1500)), detector.threshold)
    assert len(at) == 1
    assert len(peaks(road(), detector.score(road()), detector.threshold)[0]) <= (2 if "z-score" in name else 0)


def test_the_speed_filter_refuses_what_is_felt_at_walking_pace():
    slow = road(1500)
    slow = Trip("v", "t", slow.time_ms, slow.accel, slow.gyro_y, np.full(3000, 5.0))
    assert not pothole_patrol(slow).any()


def test_the_ratio_filter_refuses_what_shakes_up_and_down_alone():
    assert pothole_patrol(road(1500), across=0.0).max() > 4
    assert pothole_patrol(road(1500), across=0.5).max() < 1


def test_the_vertical_axis_is_found_by_gravity():
    tilted = road(1500)
    turned = np.stack([tilted.accel[:, 2] * 0.6, tilted.accel[:, 0], tilted.accel[:, 2] * 0.8], axis=1)
    turned_trip = Trip("v", "t", tilted.time_ms, turned, tilted.gyro_y, tilted.speed_kmh)
    assert np.allclose(turned_trip.vertical, tilted.vertical, atol=1e-6)


@given(st.lists(st.floats(-50, 50), min_size=1, max_size=60), st.integers(1, 20))
def test_rolling_keeps_the_length_and_the_range(values, window):
    given_values = np.array(values)
    found = rolling(given_values, window, np.max)
    assert len(found) == len(values)
    assert (found >= given_values).all()


@given(st.lists(st.integers(0, 2999), max_size=20), st.floats(0.1, 5))
def test_peaks_are_apart_and_above_the_threshold(places, threshold):
    trip = road()
    score = np.zeros(3000)
    score[places] = np.linspace(0.1, 5, len(places))
    at, height = peaks(trip, score, threshold)
    assert (np.diff(at) > 1000).all()
    assert (height >= threshold).all()
    assert bool(len(at)) == bool((score >= threshold).any())


def test_a_window_of_stdev_is_in_seconds():
    assert stdev_z(road(1500), seconds=1.0)[1480] > 1.0
    assert stdev_z(road(1500), seconds=0.1)[1480] < 0.5


def test_tuning_finds_the_threshold_between_noise_and_jolts():
    data = Labelled(
        [road(800, trip="a"), road(2000, trip="b")], {("v", "a"): np.array([16080.0]), ("v", "b"): np.array([40080.0])}
    )
    tuned = tune(BY_NAME["Z-THRESH"], data)
    assert 0.5 < tuned.threshold <= 6.3
    assert data.score(tuned.find(data.trips)).f1 == 1.0
    assert leave_one_out(BY_NAME["Z-THRESH"], data).f1 == 1.0
    missed = Tuned(BY_NAME["Z-THRESH"], {}, 50.0)
    assert data.score(missed.find(data.trips)).missed == 2


def test_broken_samples_are_left_out_and_trips_are_told_apart():
    n = 6
    table = pa.table({
        "vehicle_id": ["v"] * n, "trip_id": ["b", "a", "b", "a", "a", "b"], "timestamp": [2, 3, 1, 1, 2, 3],
        "accel_x": [0.0, 0, 0, 0, float("nan"), 500.0], "accel_y": [0.0] * n, "accel_z": [9.8] * n,
        "gyro_y": pa.array([None] * n, pa.float64()), "velocity": [30.0] * n,
    })  # fmt: skip
    found = trips(table)
    assert [key(t) for t in found] == [("v", "a"), ("v", "b")]
    assert [list(t.time_ms) for t in found] == [[1, 3], [1, 2]]


def test_auc():
    assert auc([2, 3], [0, 1]) == 1.0
    assert auc([0], [1]) == 0.0
    assert auc([1, 1], [1, 1]) == 0.5
