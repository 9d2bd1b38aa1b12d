import numpy as np
import pyarrow as pa
import pytest
from benchmarks.passes import corroborated
from benchmarks.staged import METRES_PER_DEGREE, START_MS, filled, judged

from benchmarks import gonzalez, goodroad, logistic, potholelab


def road(*kinds: str) -> potholelab.Road:
    """Two recordings, the first one twice; a pothole in each snippet of the first."""
    snippets = pa.table({
        "start_ms": [0, 1000, 2000], "sample_uuid": ["a", "b", "a"], "vehicle": ["v", "v", "w"],
        "placement": ["Floor"] * 3,
    })  # fmt: skip
    time = np.arange(0, 3000, 20)
    level = {f"accel_{x}": np.full(len(time), g) for x, g in zip("xyz", (0.0, 0.0, 9.8), strict=True)}
    samples = pa.table({"timestamp": time, "velocity": np.full(len(time), 30.0), **level})
    labels = pa.table({"timestamp_ms": [500, 1500, 2500], "class": ["pothole", "speed_bump", "pothole"]})
    return potholelab.apart(samples, labels, snippets, kinds or ("pothole",))


def test_a_road_is_taken_apart_into_recordings_with_quiet_between():
    found = road()
    assert list(found.marks_ms - START_MS) == [500.0, 22_500.0]
    assert list(found.recording(found.marks_ms)) == [0, 0]
    assert found.raw["timestamp"].to_pylist()[50] - START_MS == 11_000
    assert set(found.raw["vehicle_id"].to_pylist()) == {"v, Floor", "w, Floor"}


def test_all_events_are_marks_where_that_is_asked():
    assert list(road("pothole", "speed_bump").marks_ms - START_MS) == [500.0, 11_500.0, 22_500.0]


def test_copies_of_a_recording_are_one_group():
    found = road()
    at = np.array([510.0, 11_500.0, 22_490.0]) + START_MS
    assert found.groups(at).tolist() == [[2, 0, 0], [0, 1, 0]]


def test_a_threshold_comes_from_the_other_recordings():
    found = road("pothole", "speed_bump")
    noise = np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6])
    at = np.concatenate([[500.0, 22_500.0, 11_500.0, 13_000.0], 24_000.0 + np.arange(6)]) + START_MS
    height = np.concatenate([[5.0, 4.0, 3.0, 2.0], noise])
    assert found.groups(at[height > 2.5]).sum(axis=0).tolist() == [3, 0, 0]
    score = potholelab.left_out(found, [(at, height)])  # recording a alone does not know that 2.0 is false in b
    assert np.sum(score.groups, axis=0).tolist() == [3, 1, 0]


def test_a_logistic_regression_learns_and_leaves_out():
    rng = np.random.default_rng(1)
    x = rng.normal(size=(200, 2))
    y = (x[:, 0] > 0).astype(float)
    score = logistic.left_out(x, y, list(np.arange(200) % 5))
    assert gonzalez.auc(score[y == 1], score[y == 0]) > 0.95
    noise = logistic.left_out(x[:, 1:], y, list(np.arange(200) % 5))
    assert gonzalez.auc(noise[y == 1], noise[y == 0]) < 0.65


def test_the_other_passes_raise_what_they_felt_too():
    here, away = 45.0, 45.0 + 100 / METRES_PER_DEGREE
    table = pa.table({
        "trip_id": ["a", "a", "b", "b"], "lon": [10.0] * 4, "lat": [here, away, here + 5 / METRES_PER_DEGREE, 45.1],
    })  # fmt: skip
    score = corroborated(table, np.array([2.0, 2.0, 8.0, 0.5]), weight=0.5)
    assert score[0] == pytest.approx(np.log(2) + 0.5 * np.log(8))
    assert score[1] == pytest.approx(np.log(2) + 0.5 * np.log(2))  # the other trip's median: (8 * 0.5) ** 0.5


def test_length_and_roughness_of_a_road():
    time = np.arange(0, 10_000, 20)
    swing = np.where(np.arange(len(time)) % 2 == 0, 1.0, -1.0)
    raw = filled(["v"] * 1000, ["q1"] * 500 + ["q3"] * 500, np.tile(time, 2),
                 np.stack([np.zeros(1000), np.zeros(1000), np.concatenate([swing, 3 * swing])], axis=1))  # fmt: skip
    assert goodroad.length_km(raw, "q1") == pytest.approx(0.111, abs=0.001)
    assert goodroad.roughness(raw, "q1") == pytest.approx(1.0)
    assert goodroad.roughness(raw, "q3") == pytest.approx(3.0)


def test_stage_1_judges_a_filled_recording(engine):
    vertical = 9.8 + np.random.default_rng(2).normal(0, 0.05, 1500)
    vertical[700:704] -= 6.0
    vertical[704:708] += 6.0
    accel = np.stack([np.zeros(1500), np.zeros(1500), vertical], axis=1)
    found = judged(filled(["v"] * 1500, ["t"] * 1500, np.arange(1500) * 20.0, accel), running=engine)
    assert found.num_rows == 1
    assert abs(found["timestamp"][0].as_py() - START_MS - 14_080) <= 160
    assert found["f_speed"][0].as_py() == pytest.approx(np.log(40 / 3.6))
