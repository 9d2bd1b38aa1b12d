from datetime import date
from pathlib import Path

import numpy as np
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest

from pothole.simulate.fleet import RAW_SCHEMA
from pothole.simulate.grid_town import grid_town
from pothole.simulate.plain import simulate_plain
from pothole.simulate.town import metres_per_degree

DAY = date(2026, 2, 12)
TRIPS, SAMPLES = 300, 450


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    out = tmp_path_factory.mktemp("plain") / "lake"
    roads = out.with_name("roads.csv")
    pacsv.write_csv(grid_town(blocks=3), roads)
    assert simulate_plain(out, trips=TRIPS, files=4, seed=2, day=DAY, roads=roads) == TRIPS * SAMPLES
    assert (out / "road-network/segments.csv").exists()
    assert not out.with_name("lake.truth").exists()
    return sorted((out / "raw-sensor-data/dt=2026-02-12").glob("*.parquet"))


def columns(files: list[Path], *names: str) -> list[np.ndarray]:
    """Columns as (trips, samples)."""
    tables = [pq.read_table(f) for f in files]
    return [np.concatenate([t[n].to_numpy() for t in tables]).reshape(TRIPS, SAMPLES) for n in names]


def test_trips_lie_one_after_the_other_in_the_order_of_time(files: list[Path]) -> None:
    assert len(files) == 4
    assert all(pq.read_schema(f) == RAW_SCHEMA for f in files)
    times, trips = columns(files, "timestamp", "trip_id")
    assert (np.diff(times, axis=1) == 100).all()
    assert (trips == trips[:, :1]).all() and len(set(trips[:, 0])) == TRIPS


def test_vehicles_drive_without_jumps_at_their_speed(files: list[Path]) -> None:
    lon, lat, kmh = columns(files, "lon", "lat", "velocity")
    mx, my = metres_per_degree(37.56)
    step = np.hypot(np.diff(lon[:, ::10]) * mx, np.diff(lat[:, ::10]) * my)
    assert step.max() < 25
    assert step.mean() == pytest.approx(kmh.mean() / 3.6, rel=0.1)
    assert kmh.min() > 29 and kmh.max() < 62
    assert (np.diff(lon, axis=1)[:, :9] == 0).all()


def test_jolts_are_one_in_a_thousand_and_at_fixed_places(files: list[Path]) -> None:
    size = np.sqrt(sum(a**2 for a in columns(files, "accel_x", "accel_y", "accel_z")))
    dips = size < 9.80665 - 3.0
    assert 0.6 < dips.mean() * 1000 < 1.4
    assert size.mean() == pytest.approx(9.81, abs=0.03)
    trips, lon, lat = (c[dips] for c in columns(files, "trip_id", "lon", "lat"))
    mx, my = metres_per_degree(37.56)
    near = np.hypot((lon[:, None] - lon) * mx, (lat[:, None] - lat) * my) < 25
    in_other_trips = np.sum(near & (trips[:, None] != trips), axis=1)
    assert np.median(in_other_trips) > 5


@pytest.mark.slow
def test_the_same_seed_gives_the_same_day_and_another_date_another(tmp_path: Path) -> None:
    for name, seed, day in (("a", 1, DAY), ("b", 1, DAY), ("c", 1, date(2026, 2, 13)), ("d", 2, DAY)):
        simulate_plain(tmp_path / name, trips=3, files=1, seed=seed, day=day, samples_per_trip=20)
    a, b, c, d = (pq.read_table(next((tmp_path / n).rglob("*.parquet"))) for n in "abcd")
    assert a.equals(b)
    assert not a["gyro_x"].equals(c["gyro_x"]) and not a["gyro_x"].equals(d["gyro_x"])
