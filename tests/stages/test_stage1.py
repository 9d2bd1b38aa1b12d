"""Stage 1 as a whole: what must hold whatever the device, the order of the rows and the time of the day."""

from __future__ import annotations

import functools

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from pothole.stages.settings import LocateSettings, Stage1Settings
from pothole.tables import IMPACTS, QUARANTINE, SPEED_BUMPS, TRAVERSALS
from tests.stages import drives

DAY = (drives.START_MS, drives.START_MS + 86_400_000)
JOLTS_S = (12.3, 25.0, 41.7)


def run_stage1(engine, *tables: pa.Table, bumps: pa.Table | None = None, unique: bool = False) -> dict[str, pa.Table]:
    from pothole.stages import stage1 as module

    raw = drives.with_source(pa.concat_tables(tables))
    layer = drives.empty(SPEED_BUMPS.columns) if bumps is None else bumps
    result = module.run(
        engine.from_arrow(raw, "raw"), engine.from_arrow(layer, "bumps"), *DAY, Stage1Settings(),
        unique=unique, keep=engine.keep,
    )  # fmt: skip
    found = {n: engine.to_arrow(getattr(result, n)) for n in ("traversals", "quarantine", "used")}
    judged = module.judge(engine.keep(result.impacts), engine.keep(result.traversals), Stage1Settings(), engine.keep)
    found["impacts"] = engine.to_arrow(judged)
    engine.forget()
    return found


@pytest.fixture
def stage1(engine):
    return functools.partial(run_stage1, engine)


@pytest.fixture(scope="module")
def plain(engine):
    """What is found on one plain drive, computed once for all tests that only look."""
    return run_stage1(engine, drives.raw(jolts_s=JOLTS_S))


def since_start(impacts: pa.Table) -> list[float]:
    start = drives.START_MS + 8 * 3_600_000
    return sorted((t - start) / 1000 for t in impacts["timestamp"].to_pylist())


def random_rotation(seed: int) -> np.ndarray:
    q, r = np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))
    q = q * np.sign(np.diag(r))
    return q if np.linalg.det(q) > 0 else -q


def test_finds_each_jolt_once_at_its_time(plain):
    assert since_start(plain["impacts"]) == pytest.approx(JOLTS_S, abs=0.12)


@pytest.mark.slow
def test_a_quiet_road_has_no_impacts(stage1):
    assert stage1(drives.raw())["impacts"].num_rows == 0


def test_columns_and_types_are_those_of_the_tables(plain):
    for table, name in ((IMPACTS, "impacts"), (TRAVERSALS, "traversals"), (QUARANTINE, "quarantine")):
        assert plain[name].schema.names == list(table.names)
        assert [plain[name].schema.field(c.name).type for c in table.columns] == [
            drives.TYPES[c.type] for c in table.columns
        ]


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_mounting_and_gain_do_not_change_what_is_found(stage1, seed):
    plain = stage1(drives.raw(jolts_s=JOLTS_S, noise_mps2=0.05))["impacts"]
    turned = stage1(drives.raw(jolts_s=JOLTS_S, noise_mps2=0.05, rotation=random_rotation(seed), gain=0.7))["impacts"]
    assert since_start(turned) == pytest.approx(since_start(plain))
    assert turned["peak_mps2"].to_pylist() == pytest.approx(plain["peak_mps2"].to_pylist(), rel=0.02)


@pytest.mark.slow
def test_order_of_rows_does_not_matter(stage1):
    raw = drives.raw(jolts_s=JOLTS_S)
    shuffled = raw.take(np.random.default_rng(1).permutation(raw.num_rows))
    key = [("timestamp", "ascending")]
    for name in ("impacts", "traversals"):
        a, b = (stage1(t)[name].sort_by(key) for t in (raw, shuffled))
        for column in a.column_names:
            values = (a[column].to_pylist(), b[column].to_pylist())
            assert values[1] == (
                pytest.approx(values[0], rel=1e-9) if pa.types.is_floating(a[column].type) else values[0]
            )


@pytest.mark.slow
def test_whole_seconds_later_the_same_scores(stage1):
    early = stage1(drives.raw(jolts_s=JOLTS_S))["impacts"]
    late = stage1(drives.raw(jolts_s=JOLTS_S, start_ms=drives.START_MS + 12 * 3_600_000))["impacts"]
    scores = [t.sort_by("timestamp")["impact_score"].to_pylist() for t in (early, late)]
    assert scores[1] == pytest.approx(scores[0], rel=1e-9)


def test_two_vehicles_may_share_a_trip_id(stage1):
    both = stage1(drives.raw(jolts_s=(12.3,), vehicle="V1"), drives.raw(jolts_s=(41.7,), vehicle="V2"))["impacts"]
    assert dict(zip(both["vehicle_id"].to_pylist(), both["timestamp"].to_pylist(), strict=True)) == {
        "V1": pytest.approx(drives.START_MS + 8 * 3_600_000 + 12_300, abs=120),
        "V2": pytest.approx(drives.START_MS + 8 * 3_600_000 + 41_700, abs=120),
    }


@pytest.mark.slow
@pytest.mark.parametrize("rate_hz", [10.0, 25.0, 100.0, 200.0])
def test_any_rate(stage1, rate_hz):
    found = stage1(drives.raw(jolts_s=JOLTS_S, rate_hz=rate_hz))["impacts"]
    assert since_start(found) == pytest.approx(JOLTS_S, abs=0.15)


@pytest.mark.slow
def test_null_gyroscope_is_fine(stage1):
    raw = drives.raw(jolts_s=JOLTS_S)
    nulls = pa.nulls(raw.num_rows, pa.float64())
    for name in ("gyro_x", "gyro_y", "gyro_z"):
        raw = raw.set_column(raw.schema.get_field_index(name), name, nulls)
    found = stage1(raw)
    assert found["impacts"].num_rows == 3
    assert found["quarantine"].num_rows == 0


@pytest.mark.slow
@pytest.mark.parametrize("hold", [False, True])
def test_place_is_where_the_vehicle_was_at_the_peak(stage1, hold):
    found = stage1(drives.raw(jolts_s=JOLTS_S, hold_fixes=hold))["impacts"]
    wheel_m = -LocateSettings().axle_m  # behind, on the way north
    true_lat = [37.5 + (t * 10.0 + wheel_m) / drives.METRES_PER_LAT for t in since_start(found)]
    pairs = zip(sorted(found["lat"].to_pylist()), true_lat, strict=True)
    apart_m = [abs(a - b) * drives.METRES_PER_LAT for a, b in pairs]
    assert max(apart_m) < 1.0
    assert pc.min(found["heading"]).as_py() % 360 == pytest.approx(0.0, abs=1.0)


@pytest.mark.slow
@pytest.mark.both_engines
def test_a_known_structure_is_no_pothole(stage1):
    raw = drives.raw(jolts_s=(25.0,))
    lat = 37.5 + 250.0 / drives.METRES_PER_LAT
    place = pa.table({"lon": [127.0], "lat": [lat], "length_m": [3.6], "heading": [0.0]})
    bumps = place.append_column("kind", pa.array(["speed_bump"]))
    assert stage1(raw, bumps=bumps)["impacts"]["kind"].to_pylist() == ["bump"]
    other_way = bumps.set_column(3, "heading", pa.array([180.0]))
    unknown = stage1(raw, bumps=other_way)["impacts"].to_pylist()[0]
    assert unknown["bump_probability"] + unknown["pothole_probability"] < 1.0  # something else is possible too


def test_every_row_is_used_or_refused(stage1):
    raw = drives.raw(jolts_s=JOLTS_S)
    doubled = pa.concat_tables([raw, raw.slice(100, 50)])
    found = stage1(doubled)
    assert pc.sum(found["used"]["sample_count"]).as_py() == raw.num_rows
    assert found["quarantine"]["reason"].to_pylist() == ["duplicate"] * 50


@pytest.mark.slow
def test_knowing_that_keys_are_unique_changes_nothing(stage1):
    raw = drives.raw(jolts_s=JOLTS_S)
    key = [("timestamp", "ascending")]
    assert stage1(raw, unique=True)["impacts"].sort_by(key).equals(stage1(raw)["impacts"].sort_by(key))


@pytest.mark.slow
def test_a_moved_device_starts_a_new_mount_and_handling_is_no_impact(stage1):
    first = drives.raw(seconds=40, jolts_s=(12.3,))
    start = drives.START_MS + 8 * 3_600_000 + 40_000
    second = drives.raw(seconds=40, jolts_s=(20.0,), rotation=random_rotation(5), start_ms=start)
    found = since_start(stage1(first, second)["impacts"])
    assert found == pytest.approx([12.3, 60.0], abs=0.12)


@pytest.mark.slow
def test_ids_are_hashes_of_keys(stage1):
    import hashlib

    row = stage1(drives.raw(jolts_s=(25.0,)))["impacts"].to_pylist()[0]
    text = f"{row['vehicle_id']}|{row['trip_id']}|{row['timestamp']}"
    assert row["impact_id"] == hashlib.sha256(text.encode()).hexdigest()[:16]
