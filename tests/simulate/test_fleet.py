import csv
from collections import Counter
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

from pothole.errors import BadInputError, UserError
from pothole.simulate.fleet import RAW_SCHEMA, ZONE, Summary, simulate, start_of
from pothole.simulate.settings import STANDARD
from pothole.tables import RAW, SEGMENTS, SPEED_BUMPS

DAY = date(2026, 2, 12)
SHORT = replace(STANDARD, trip_minutes=(1.0, 1.5), driven_km=15.0)


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def samples(lake: Path, day: str = "2026-02-12") -> pa.Table:
    return ds.dataset(lake / "raw-sensor-data" / f"dt={day}").to_table()


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three days of sixteen short trips, with many broken rows."""
    out = tmp_path_factory.mktemp("fleet") / "lake"
    summary = simulate(out, trips=16, days=3, seed=4, start_date=DAY, setting=SHORT, files=4, broken_share=0.01)
    assert isinstance(summary, Summary)
    assert summary.dates == ("2026-02-12", "2026-02-13", "2026-02-14")
    assert summary.samples == sum(samples(out, d).num_rows for d in summary.dates)
    assert 20 < summary.kilometres < 60
    assert summary.wheel_overs == sum(
        r["kind"] == "pothole" for d in summary.dates for r in rows(out.with_name("lake.truth") / f"dt={d}/impacts.csv")
    )
    return out


def test_raw_files_have_the_contracts_columns_and_types(lake: Path) -> None:
    files = sorted((lake / "raw-sensor-data/dt=2026-02-12").glob("*.parquet"))
    assert len(files) == 4
    for file in files:
        assert pq.read_schema(file).names == list(RAW.names)
        assert pq.read_schema(file) == RAW_SCHEMA
    kinds = {str(t) for t in RAW_SCHEMA.types}
    assert kinds == {"int64", "string", "double", "int32"}


def test_layers_have_the_contracts_columns(lake: Path) -> None:
    assert list(rows(lake / "road-network/segments.csv")[0]) == list(SEGMENTS.names)
    known = rows(lake / "speed-bump/known.csv")
    assert list(known[0]) == list(SPEED_BUMPS.names)
    true = {(r["lon"], r["lat"]): r for r in rows(lake.with_name("lake.truth") / "dt=2026-02-12/bumps.csv")}
    assert all(true[r["lon"], r["lat"]]["known"] == "1" for r in known)
    unknown = [r for r in true.values() if r["kind"] == "speed_bump" and r["known"] == "0"]
    assert len(known) > 2 and len(unknown) > 0


def test_one_trip_lies_in_two_files_and_some_files_are_shuffled(lake: Path) -> None:
    files = [pq.read_table(f) for f in sorted((lake / "raw-sensor-data/dt=2026-02-12").glob("*.parquet"))]
    homes = Counter(trip for t in files for trip in set(t["trip_id"].to_pylist()))
    assert len(homes) == 16 and [trip for trip, n in homes.items() if n > 1] == ["T00000"]
    in_order = [np.mean(np.diff(t["timestamp"].to_numpy()) > 0) for t in files]
    assert [share > 0.95 for share in in_order] == [True, True, False, True]


def test_broken_rows_are_about_as_many_as_asked_for(lake: Path) -> None:
    table = samples(lake)
    keys = list(zip(*(table[c].to_pylist() for c in RAW.key), strict=True))
    times = table["timestamp"].to_numpy()
    broken = (
        (len(keys) - len(set(keys)))
        + table["accel_z"].null_count
        + np.isnan(table["accel_x"].to_numpy()).sum()
        + (np.abs(table["accel_y"].to_numpy()) > 100).sum()
        + (table["lon"].to_numpy() == 0).sum()
        + (times > np.median(times) + 2 * 86_400_000).sum()
    )
    assert broken / len(keys) == pytest.approx(0.01, rel=0.03)


def test_trips_of_a_day_lie_in_the_local_day_and_those_of_a_vehicle_do_not_overlap(lake: Path) -> None:
    table = samples(lake, "2026-02-13")
    times = table["timestamp"].to_numpy()
    start, end = (datetime(2026, 2, 13, h, tzinfo=ZONE).timestamp() * 1000 for h in (6, 23))
    assert start <= times.min()
    assert np.mean((times >= start) & (times <= end)) > 0.995
    starts = sorted(start_of(DAY, 0.3, n) for n in range(60))
    assert np.diff(starts).min() > 7 * 60_000
    assert set(table["vehicle_id"].to_pylist()) == {"V0000", "V0001"}


def test_the_truth_counts_what_was_rolled_over(lake: Path) -> None:
    truth = lake.with_name("lake.truth")
    assert not (truth / "potholes.csv").exists()
    holes = rows(truth / "dt=2026-02-12/potholes.csv")
    assert list(holes[0]) == ["pothole_id", "link_id", "offset_m", "lon", "lat", "depth_m", "length_m", "hits"]
    impacts = rows(truth / "dt=2026-02-12/impacts.csv")
    assert list(impacts[0])[:6] == ["vehicle_id", "trip_id", "timestamp", "kind", "pothole_id", "velocity"]
    hits = Counter(r["pothole_id"] for r in impacts if r["kind"] == "pothole")
    assert hits and {r["pothole_id"]: int(r["hits"]) for r in holes if int(r["hits"])} == dict(hits)
    assert {(r["kind"], bool(r["pothole_id"]), r["feature_kind"] == "pothole") for r in impacts} == {
        ("pothole", True, True),
        ("bump", False, False),
    }


def test_holes_last_over_the_days_and_grow(lake: Path) -> None:
    first, third = (
        {r["pothole_id"]: r for r in rows(lake.with_name("lake.truth") / f"dt=2026-02-{d}/potholes.csv")}
        for d in (12, 14)
    )
    both = set(first) & set(third)
    assert len(both) > 0.7 * len(first)
    growth = np.array([float(third[i]["depth_m"]) - float(first[i]["depth_m"]) for i in both])
    assert growth.min() >= 0 and growth.max() <= 0.0041 and growth.mean() > 0.0005
    assert all(first[i]["lon"] == third[i]["lon"] for i in both)


def test_roads_tell_their_class(lake: Path) -> None:
    roads = rows(lake.with_name("lake.truth") / "dt=2026-02-12/roads.csv")
    assert {(r["iso_8608_class"], float(r["gd_m3"])) for r in roads} <= {("A", 16e-6), ("B", 64e-6), ("C", 256e-6)}
    segments = {r["link_id"] for r in rows(lake / "road-network/segments.csv")}
    assert {r["link_id"] for r in roads} <= segments


def by_trip(lake: Path, day: str = "2026-02-12") -> dict[str, pa.Table]:
    table = samples(lake, day).sort_by([(c, "ascending") for c in RAW.key])
    ids = table["trip_id"].to_numpy()
    return {i: table.filter(pa.array(ids == i)) for i in sorted(set(ids))}


def test_the_same_seed_gives_the_same_files(tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        simulate(tmp_path / name, trips=3, seed=seed, start_date=DAY, setting=SHORT, files=2)
    a, b, c = (
        {p.relative_to(tmp_path / name): p.read_bytes() for p in (tmp_path / name).rglob("*.*") if p.is_file()}
        for name in "abc"
    )
    assert a == b
    assert set(a) == set(c) and a != c
    starts = [by_trip(tmp_path / n)["T00000"].slice(0, 1) for n in "ac"]
    assert abs(starts[0]["lon"][0].as_py() - starts[1]["lon"][0].as_py()) > 1e-3
    truths = [(tmp_path / f"{n}.truth/impacts.csv").read_bytes() for n in "abc"]
    assert truths[0] == truths[1] != truths[2]


def test_a_trip_does_not_depend_on_how_many_others_there_are(tmp_path: Path) -> None:
    for name, trips in (("few", 2), ("more", 4)):
        simulate(tmp_path / name, trips=trips, seed=1, start_date=DAY, setting=SHORT, broken_share=0)
    few, more = by_trip(tmp_path / "few"), by_trip(tmp_path / "more")
    assert len(few) == 2 and len(more) == 4
    assert all(more[trip].equals(table) for trip, table in few.items())


def test_jolts_are_in_the_samples_when_the_truth_says(tmp_path: Path) -> None:
    """Deep holes at some speed, quiet devices that lie flat: the road shakes them when the truth says."""
    setting = replace(
        STANDARD,
        random_mounting=False,
        handled_share=0.0,
        rates_hz=(50.0,),
        gain=(1.0, 1.0),
        noise_mps2=(0.01, 0.02),
        road_class_shares=(1.0, 0.0, 0.0, 0.0),
        pothole_depth_m=(0.06, 0.1),
        pothole_length_m=(0.5, 1.2),
        driven_km=15.0,
    )
    simulate(tmp_path / "lake", trips=8, seed=3, start_date=DAY, setting=setting, broken_share=0)
    trips, strong, total = by_trip(tmp_path / "lake"), 0, 0
    for row in rows(tmp_path / "lake.truth/impacts.csv"):
        if row["kind"] != "pothole" or float(row["velocity"]) < 20:
            continue
        at = (trips[row["trip_id"]]["timestamp"].to_numpy() - int(row["timestamp"])) / 1000
        vertical = np.abs(trips[row["trip_id"]]["accel_z"].to_numpy() - 9.80665)
        total += 1
        strong += vertical[(at > -0.1) & (at < 0.3)].max() > 3 * max(vertical[(at > -1.2) & (at < -0.4)].max(), 0.5)
    assert total > 10
    assert strong / total > 0.75


def test_the_switches_switch_one_thing_each(tmp_path: Path) -> None:
    setting = replace(SHORT, random_mounting=False, rates_hz=(25.0,), gain=(1.0, 1.0), handled_share=0.0)
    simulate(tmp_path / "lake", trips=2, seed=1, start_date=DAY, setting=setting, broken_share=0)
    for table in by_trip(tmp_path / "lake").values():
        assert table["accel_z"].to_numpy().mean() == pytest.approx(9.80665, abs=0.35)
        assert np.median(np.diff(table["timestamp"].to_numpy())) == pytest.approx(40, abs=1)


def test_one_day_has_its_truth_also_without_a_date(tmp_path: Path) -> None:
    simulate(tmp_path / "lake", trips=1, start_date=DAY, setting=SHORT)
    truth = tmp_path / "lake.truth"
    for name in ("potholes", "impacts", "bumps", "roads"):
        assert (truth / f"{name}.csv").read_bytes() == (truth / f"dt=2026-02-12/{name}.csv").read_bytes()


def test_a_lake_with_other_data_is_left_alone(tmp_path: Path) -> None:
    precious = tmp_path / "lake/raw-sensor-data/dt=2026-02-12/part-0000.parquet"
    precious.parent.mkdir(parents=True)
    precious.write_bytes(b"real")
    with pytest.raises(UserError, match="not simulated"):
        simulate(tmp_path / "lake", trips=1, start_date=DAY)
    assert precious.read_bytes() == b"real"
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="is a file"):
        simulate(tmp_path / "file", trips=1, start_date=DAY)


def test_roads_of_ones_own(tmp_path: Path, lake: Path) -> None:
    roads = lake / "road-network/segments.csv"
    simulate(tmp_path / "lake", trips=1, start_date=DAY, setting=SHORT, roads=roads)
    assert (tmp_path / "lake/road-network/segments.csv").read_bytes() == roads.read_bytes()
    with pytest.raises(UserError, match="there is no road network"):
        simulate(tmp_path / "lake", trips=1, start_date=DAY, roads=tmp_path / "absent.csv")
    (tmp_path / "wrong.csv").write_text("a,b\n1,2\n")
    with pytest.raises(BadInputError, match="missing"):
        simulate(tmp_path / "lake", trips=1, start_date=DAY, roads=tmp_path / "wrong.csv")
