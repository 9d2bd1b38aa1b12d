import numpy as np
import pyarrow as pa
import pytest
from benchmarks.detectors.trip import Trip
from benchmarks.staged import SHAPE, START_MS, filled, judged

from benchmarks import convolutions, gonzalez, goodroad, logistic, passes, potholelab, twosteps
from pothole.stages.feature import Need
from pothole.stages.features import FEATURES, that_need


def road(*kinds: str) -> potholelab.Road:
    """Two recordings, the first one twice; a pothole in each snippet of the first."""
    snippets = pa.table({
        "start_ms": [0, 1000, 2000], "end_ms": [980, 1980, 2980], "sample_uuid": ["a", "b", "a"],
        "vehicle": ["v", "v", "w"], "placement": ["Floor"] * 3,
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


def test_a_linear_logistic_is_held_back_by_its_ridge():
    x = np.array([[-1.0], [-1.0], [1.0], [1.0]])
    y = np.array([0.0, 1.0, 1.0, 1.0])
    assert logistic.linear(x, y, np.array([[-1.0], [1.0]]), ridge=1e-6)[0] == pytest.approx(0.0, abs=0.01)
    free, held = (np.ptp(logistic.linear(x, y, x, ridge)) for ridge in (0.1, 10.0))
    assert free > held > 0


def driven_over(count: int = 30) -> tuple[potholelab.Road, pa.Table]:
    """Recordings of 4 s: potholes, bumps and nothing in turn; of a pothole half of the blow is to the side."""
    rng, time = np.random.default_rng(5), np.arange(count * 200) * 20
    accel, middle = rng.normal(0, 0.2, (len(time), 3)), np.arange(count) * 200 + 100
    kind = np.arange(count) % 3
    for at, what in zip(middle, kind, strict=True):
        accel[at : at + 6, 2] += 4.0 * (what < 2)
        accel[at : at + 6, 0] += 2.0 * (what == 0)
    snippets = pa.table({
        "start_ms": np.arange(count) * 4000, "end_ms": np.arange(count) * 4000 + 3980, "vehicle": ["v"] * count,
        "sample_uuid": [f"{i:03}" for i in range(count)], "placement": ["Floor"] * count,
    })  # fmt: skip
    samples = pa.table({
        "timestamp": time, "velocity": np.full(len(time), 30.0),
        **{f"accel_{x}": accel[:, i] for i, x in enumerate("xyz")},
    })  # fmt: skip
    events = kind < 2
    labels = pa.table({
        "timestamp_ms": middle[events] * 20, "class": np.where(kind[events] == 0, "pothole", "speed_bump").tolist()
    })  # fmt: skip
    every = {
        "timestamp": middle * 20 + np.arange(count) * potholelab.QUIET_MS + START_MS,
        "peak": np.where(events, 4.0, 0.5) + rng.normal(0, 0.1, count), "f_speed": rng.normal(2, 0.1, count),
    }  # fmt: skip
    shape = {name: rng.normal(size=count) for name in SHAPE}
    return potholelab.apart(samples, labels, snippets), pa.table(every | shape | {"is_pothole": [0] * count})


def test_a_window_is_as_the_road_is_stitched():
    found, every = driven_over(6)
    windows = twosteps.windows(found.raw, every["timestamp"].to_numpy(), 150)
    assert windows.shape == (6, 3, 301)
    assert windows[1, 2, 152] > 3 and windows[2, 2, 152] < 1
    assert np.array_equal(windows[1, :, 250:], windows[2, :, 50:101])  # over the cut lies the next snippet


def test_components_keep_what_the_rows_tell_of_each_other():
    rows, among = np.random.default_rng(0).normal(size=(12, 40)), np.arange(12) < 8
    found = twosteps.components(rows, among.astype(float))
    assert found.shape == (12, 8)
    assert np.allclose(found @ found[among].T, rows @ rows[among].T)


def test_a_threshold_lies_between_what_it_parts():
    score, positive = np.array([5.0, 1.0, 4.0, 2.0]), np.array([1.0, 0.0, 1.0, 0.0])
    assert twosteps.best_threshold(score, positive) == 3.0


def test_two_steps_tell_a_hole_from_a_bump_by_its_push_to_the_side():
    found, every = driven_over()
    scores = potholelab.ours(found, every, every, kernels=30)
    assert scores["two steps, random convolutions of all axes"].f1 > 0.9 > scores["peak"].f1


def test_two_steps_learn_nothing_of_what_they_judge():
    found, every = driven_over()
    peaks = potholelab.peaks_of(found, every, kernels=30)
    swapped = np.where(peaks.recording == 3, 1.0 - peaks.pothole, peaks.pothole)
    told = twosteps.Peaks(peaks.usual, peaks.look, peaks.event, swapped, peaks.recording)
    mine = peaks.recording == 3
    assert twosteps.left_out(peaks)[0][mine] == twosteps.left_out(told)[0][mine]
    assert twosteps.left_out(peaks)[1][mine] == twosteps.left_out(told)[1][mine]


def test_a_window_sees_a_cut_only_as_far_as_it_reaches():
    seen = twosteps.cuts(np.array([0.0, 2000.0]), np.array([1980.0, 3980.0]), np.array([500.0, 2200.0]), 28)
    assert seen.tolist() == [[0.5, 0.56], [0.2, 0.56]]


def test_the_bounds_are_told():
    found, every = driven_over()
    table = potholelab.bounds(found, every, kernels=30)
    told = dict(zip(*(list(column.cells) for column in table.columns), strict=True))
    assert told["recordings; with potholes"] == "30; 10"
    assert told["every event reported: F1"] == "0.667"
    assert told["peak, threshold in hindsight, bumps known: F1"] == "1.000"


def test_bands_tell_a_slow_swing_from_a_fast_one():
    time = np.arange(56) * 0.02
    slow, fast = (convolutions.bands(np.sin(2 * np.pi * hertz * time)[None])[0] for hertz in (2.2, 20.0))
    assert slow[1] == slow[:7].max() and fast[6] == fast[:7].max()


def test_random_convolutions_learn_a_shape_and_not_noise():
    rng = np.random.default_rng(0)
    windows, falls = rng.normal(0, 0.3, (120, 56)), np.arange(120) % 2 == 0
    windows[falls, 20:24] -= 2.0
    windows[~falls, 20:24] += 2.0
    features = convolutions.random_convolutions(windows, 60)
    assert features.shape == (120, 120)
    score = logistic.left_out(features, falls.astype(float), list(np.arange(120) // 12), convolutions.ridge)
    assert gonzalez.auc(score[falls], score[~falls]) > 0.99
    guesses = (rng.random(120) < 0.5).astype(float)
    noise = logistic.left_out(features, guesses, list(np.arange(120) // 12), convolutions.ridge)
    assert np.ptp(noise) < np.ptp(score)


def test_what_recordings_are_judged_by_is_registered():
    named = {name for name in (*SHAPE, *gonzalez.SHAPE, *potholelab.FEW) if name.startswith("f_")}
    assert named <= set(FEATURES)
    assert not set(SHAPE) & set(that_need(*Need))


def test_as_much_of_every_series_is_looked_at():
    assert len(gonzalez.middle(np.arange(59.0))) == len(gonzalez.middle(np.arange(300.0))) == gonzalez.MIDDLE
    assert gonzalez.middle(np.arange(300.0)).mean() == pytest.approx(0.0)


def driven(name: str, holes: list[int], seed: int) -> passes.Pass:
    """Ten minutes at 5 Hz and 10 m/s to the north; a blow of three seconds at each of ``holes`` (seconds)."""
    rng = np.random.default_rng(seed)
    time = np.arange(0, 600_000, 200.0)
    accel = np.stack([np.zeros(3000), np.zeros(3000), 9.8 + rng.normal(0, 0.3, 3000)], axis=1)
    for at in holes:
        accel[at * 5 : at * 5 + 5, 2] += np.array([-3.0, 3.0, -3.0, 3.0, -3.0])
    trip = Trip("car", name, time, accel, np.zeros(3000), np.full(3000, 36.0))
    return passes.Pass(trip, np.zeros(3000), time / 100.0, np.zeros((3000, 3)))


def test_energy_is_that_of_the_moment():
    looks = driven("a", [300], 1).looks
    assert 1498 <= np.argmax(looks["energy"]) <= 1506
    assert looks["around"][0] == pytest.approx(np.log(0.3), abs=0.3)
    assert np.ptp(looks["speed"]) == 0


def test_what_the_others_felt_is_their_mean_and_a_place_nobody_passed_counts_as_usual():
    others = [driven("a", [300], 1), driven("b", [300, 400], 2)]
    hit, once, far = passes.felt(others, np.array([0.0, 0.0, 900.0]), np.array([3000.0, 4000.0, 0.0]))
    assert hit > once + 0.5 > far + 0.6
    assert far == pytest.approx(np.mean([np.median(o.looks["energy"]) for o in others]))


def test_the_strongest_are_apart():
    time = np.arange(10) * 1000.0
    assert list(passes.strongest(time, np.array([0, 1, 2, 3, 9, 3, 2, 1, 0, 5.0]), 3000.0)) == [1, 4, 9]


@pytest.mark.slow
def test_a_trip_is_judged_by_the_others_and_by_what_they_felt():
    holes, quiet = list(range(30, 570, 45)), list(range(50, 570, 45))
    roads = [driven(name, holes + (quiet[i::4] if i < 4 else []), i) for i, name in enumerate("abcde")]
    marks = [np.array([at * 1000.0 + 300.0 for at in holes])] * 5
    alone = passes.left_out(roads, marks, corroborated=False)
    together = passes.left_out(roads, marks, corroborated=True)
    assert len(together.groups) == 5
    assert together.f1 > 0.95 > alone.f1 > 0.7  # a blow that one pass alone felt is no pothole


def test_places_that_four_passes_felt_are_foretold_for_the_fifth():
    holes = list(range(30, 570, 45))
    roads = [driven(name, holes, i) for i, name in enumerate("abcde")]
    marks = [np.array([at * 1000.0 + 300.0 for at in holes[: 11 if i else 12]]) for i in range(5)]
    rows = passes.reliability(roads, marks)
    assert rows[0].marked < 0.05 and rows[-1].marked > 0.6
    assert all(abs(row.foretold - row.marked) < 0.25 for row in rows if row.places > 30)


def test_passes_of_raw_rows_keep_place_and_turn():
    raw = filled(["car"] * 200, ["b"] * 100 + ["a"] * 100, np.tile(np.arange(100) * 200.0, 2), np.ones((200, 3)) * 9.8)
    found = passes.read(raw)
    assert [one.trip.trip_id for one in found] == ["a", "b"]
    assert np.ptp(found[0].north_m) == pytest.approx(19.8 * 40 / 3.6)
    assert found[0].turn.shape == (100, 3) and not found[0].turn.any()


def test_length_and_roughness_of_a_road():
    time = np.arange(0, 10_000, 20)
    swing = np.where(np.arange(len(time)) % 2 == 0, 1.0, -1.0)
    raw = filled(["v"] * 1000, ["q1"] * 500 + ["q3"] * 500, np.tile(time, 2),
                 np.stack([np.zeros(1000), np.zeros(1000), np.concatenate([swing, 3 * swing])], axis=1))  # fmt: skip
    assert goodroad.length_km(raw, "q1") == pytest.approx(0.111, abs=0.001)
    assert goodroad.roughness(raw, "q1") == pytest.approx(1.0)
    assert goodroad.roughness(raw, "q3") == pytest.approx(3.0)


def test_a_road_driven_back_is_not_driven_again():
    time = np.arange(0, 300_000, 1000.0)
    raw = filled(["v"] * 600, ["good1"] * 300 + ["good2"] * 300, np.tile(time, 2), np.ones((600, 3)))

    def driven_at(lat: np.ndarray) -> float:
        lat_at, start = raw.column_names.index("lat"), raw.column_names.index("timestamp")
        later = raw["timestamp"].to_numpy() + np.repeat([0, 1_000_000], 300)
        return goodroad.passed_again(
            raw.set_column(lat_at, "lat", pa.array(lat)).set_column(start, "timestamp", pa.array(later)), "good"
        )

    there = raw["lat"].to_numpy()[:300]
    assert driven_at(np.concatenate([there, there])) == pytest.approx(1.0)
    assert driven_at(np.concatenate([there, there[::-1]])) == 0.0


@pytest.mark.slow
def test_the_whole_pipeline_tells_of_a_road_what_two_passes_felt():
    time, vertical = np.arange(0, 60_000, 20.0), 9.8 + np.random.default_rng(3).normal(0, 0.05, 3000)
    accel = np.stack([np.zeros(3000), np.zeros(3000), vertical], axis=1)
    quiet = goodroad.places(filled(["v"] * 3000, ["q1"] * 3000, time, accel), "q1")
    assert quiet.tolist() == []
    accel[1500:1510, 2] += [-4, -8, -4, 4, 8, 6, 2, -2, -2, -1]
    once, twice = (
        goodroad.places(
            filled(
                [f"v{i // 3000}" for i in range(3000 * passes)], ["q1"] * 3000 * passes, np.tile(time, passes),
                np.tile(accel, (passes, 1)),
            ),
            "q1",
        )
        for passes in (1, 2)
    )  # fmt: skip
    assert once.tolist() == []
    assert len(twice) == 1


@pytest.mark.slow
def test_stage_1_judges_a_filled_recording(engine):
    vertical = 9.8 + np.random.default_rng(2).normal(0, 0.05, 1500)
    vertical[700:704] -= 6.0
    vertical[704:708] += 6.0
    accel = np.stack([np.zeros(1500), np.zeros(1500), vertical], axis=1)
    found = judged(filled(["v"] * 1500, ["t"] * 1500, np.arange(1500) * 20.0, accel), running=engine)
    assert found.num_rows == 1
    assert abs(found["timestamp"][0].as_py() - START_MS - 14_080) <= 160
    assert found["f_speed"][0].as_py() == pytest.approx(np.log(40 / 3.6))
