from dataclasses import replace

import numpy as np
import pytest

from pothole.simulate.drive import Drive, drive
from pothole.simulate.grid_town import grid_town
from pothole.simulate.settings import FAST, STANDARD
from pothole.simulate.town import from_segments
from pothole.simulate.vehicle import RATE_HZ, Vehicle
from pothole.simulate.world import World, build

CAR = Vehicle()


@pytest.fixture(scope="module")
def world() -> World:
    return build(from_segments(grid_town()), replace(STANDARD, potholes_per_km=3.0), 2)


@pytest.fixture(scope="module")
def drives(world: World) -> list[Drive]:
    return [drive(world, CAR, STANDARD, np.random.default_rng(i), 0) for i in range(8)]


def test_accelerations_are_those_of_people_in_traffic(world: World, drives: list[Drive]) -> None:
    along = np.concatenate([np.gradient(d.speed_mps, 1 / RATE_HZ) for d in drives])
    in_lane = replace(STANDARD, swerves_per_km=0.0)
    kept = [drive(world, CAR, in_lane, np.random.default_rng(i), 0) for i in range(8)]
    across, swerving = (
        np.concatenate([d.speed_mps * np.gradient(d.heading_rad, 1 / RATE_HZ) for d in of]) for of in (kept, drives)
    )
    assert -4.0 < along.min() < -1.5 and 1.2 < along.max() < 3.5
    assert 1.5 < np.abs(across).max() < 4.0
    assert 1.5 < np.abs(swerving).max() < 5.0  # who swerves in a curve is pushed by both
    jerk = np.concatenate([np.diff(d.speed_mps, 2) for d in drives]) * RATE_HZ**2
    assert np.abs(jerk).max() < 20


def test_speeds_are_of_town_traffic_with_stops(drives: list[Drive]) -> None:
    speed = np.concatenate([d.speed_mps for d in drives]) * 3.6
    assert 40 < speed.max() < 85
    assert 20 < speed.mean() < 50
    assert (speed < 2).mean() > 0.01
    assert all(np.all(np.diff(d.distance_m) >= 0) for d in drives)


def test_a_driver_who_swerves_goes_aside_and_comes_back_at_bearable_pushes(world: World) -> None:
    straight, swerving = (
        drive(world, CAR, replace(STANDARD, swerves_per_km=rate), np.random.default_rng(3), 0) for rate in (0.0, 6.0)
    )
    apart = np.hypot(straight.x_m - swerving.x_m, straight.y_m - swerving.y_m)
    assert 0.4 < apart.max() < 6.0 and np.median(apart) < 1.5  # two at once add up
    assert (apart < 0.05).mean() > 0.2
    assert np.abs(swerving.pushes_mps2[1]).max() < 8.0


def test_roads_out_of_town_are_driven_fast_from_end_to_end_of_the_trip(world: World) -> None:
    drives = [drive(world, CAR, FAST, np.random.default_rng(i), 0) for i in range(8)]
    speed = np.concatenate([d.speed_mps for d in drives]) * 3.6
    assert np.quantile(speed, 0.9) > 60 and 80 < speed.max() < 120
    assert all(d.clock_s[-1] >= 0.9 * 60 * FAST.trip_minutes[0] for d in drives)


def test_trips_last_as_long_as_the_setting_says(world: World, drives: list[Drive]) -> None:
    low, high = STANDARD.trip_minutes
    assert all(0.9 * low * 60 <= d.clock_s[-1] <= high * 60 for d in drives)
    minute = replace(STANDARD, trip_minutes=(1.0, 1.0))
    assert all(50 <= drive(world, CAR, minute, np.random.default_rng(i), 0).clock_s[-1] <= 60 for i in range(8))


def test_a_pass_is_when_the_front_axle_is_over_the_feature(world: World, drives: list[Drive]) -> None:
    passed = [(d, p) for d in drives for p in d.passes]
    assert len(passed) > 50
    for d, p in passed:
        i = round(p.seconds * RATE_HZ)
        x, y, _ = world.town.links[p.feature.link].at(np.array([p.feature.offset_m]), 1.5)
        assert np.hypot(d.x_m[i] - x[0], d.y_m[i] - y[0]) < 2.5
        assert p.speed_mps == pytest.approx(d.speed_mps[i])


def test_a_deep_hole_is_felt_under_front_and_rear_wheel_of_one_side(drives: list[Drive]) -> None:
    deep = [
        (d, p)
        for d in drives
        for p in d.passes
        if p.feature.kind == "pothole" and p.feature.height_m < -0.06 and p.speed_mps > 4
    ]
    assert len(deep) > 5
    for d, p in deep:
        side = 0 if p.feature.lateral_m < 0 else 1
        for wheel, axle in ((side, 0.0), (2 + side, CAR.wheelbase_m)):
            i = round(p.seconds * RATE_HZ)
            at = np.searchsorted(d.distance_m, d.distance_m[i] + axle + np.array([-1.5, 0.0, 1.5]))
            edge, middle, other = d.wheels_m[wheel, np.minimum(at, len(d.distance_m) - 1)]
            assert middle - (edge + other) / 2 < 0.4 * max(p.feature.height_m, -0.039)


def test_drivers_slow_down_for_most_speed_bumps(drives: list[Drive]) -> None:
    kmh = {
        k: np.array([p.speed_mps for d in drives for p in d.passes if p.feature.kind == k]) * 3.6
        for k in ("speed_bump", "joint")
    }
    assert np.median(kmh["speed_bump"]) < 33 < np.median(kmh["joint"])


def test_drivers_avoid_holes_the_more_the_deeper(world: World) -> None:
    def hits(avoid_probability: float) -> tuple[int, int]:
        setting = replace(STANDARD, avoid_probability=avoid_probability, trip_minutes=(3.0, 4.0))
        passes = [p for i in range(25) for p in drive(world, CAR, setting, np.random.default_rng([8, i]), 0).passes]
        depths = [-p.feature.height_m for p in passes if p.feature.kind == "pothole"]
        return sum(d < 0.05 for d in depths), sum(d > 0.07 for d in depths)

    (shallow, deep), (fewer_shallow, fewer_deep) = hits(0.0), hits(0.5)
    assert fewer_deep < 0.7 * deep
    assert fewer_deep / deep < fewer_shallow / shallow
