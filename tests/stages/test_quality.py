"""Every kind of bad row has its reason; of rows with one key the smallest is used."""

from __future__ import annotations

import math

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pothole.stages.settings import QualitySettings
from pothole.tables import RAW, REASONS
from tests.stages import drives

DAY = (drives.START_MS, drives.START_MS + 86_400_000)
GOOD = drives.raw(seconds=1, rate_hz=5).to_pylist()[0]


def inspect(engine, rows, **options):
    from pothole.stages import quality

    schema = pa.schema([(c.name, drives.TYPES[c.type]) for c in RAW.columns])
    raw = drives.with_source(pa.Table.from_pylist(rows, schema=schema))
    good, bad = quality.inspect(
        engine.from_arrow(raw, "raw"), *DAY, QualitySettings(**options), unique=False, keep=engine.keep
    )
    result = engine.to_arrow(good).to_pylist(), engine.to_arrow(bad).to_pylist()
    engine.forget()
    return result


CASES = [
    ({"accel_x": None}, "null_value"),
    ({"trip_id": None}, "null_value"),
    ({"timestamp": None}, "null_value"),
    ({"lat": math.nan}, "not_finite"),
    ({"accel_z": math.inf}, "not_finite"),
    ({"gyro_y": -math.inf}, "not_finite"),
    ({"accel_y": 100.1}, "out_of_range"),
    ({"velocity": -0.1}, "out_of_range"),
    ({"velocity": 300.1}, "out_of_range"),
    ({"satellites": -1}, "out_of_range"),
    ({"lon": 180.5}, "bad_position"),
    ({"lat": 0.0, "lon": 0.0}, "bad_position"),
    ({"timestamp": DAY[0] - 3_600_001}, "wrong_day"),
    ({"timestamp": DAY[1] + 3_600_000}, "wrong_day"),
    ({"gyro_x": None, "gyro_y": None, "gyro_z": None}, None),
    ({"gyro_x": None, "gyro_y": 10_001.0}, "out_of_range"),
    ({"gyro_x": None, "gyro_y": 9_999.0}, None),
    ({"timestamp": DAY[0] - 3_600_000}, None),
    ({"hdop": 9.0, "satellites": 2}, None),
]


@pytest.mark.both_engines
def test_every_row_has_the_reason_that_is_its_own(engine):
    """One row a vehicle, so that one run judges them all."""
    names = [f"V{i:02d}" for i in range(len(CASES))]
    good, bad = inspect(
        engine, [GOOD | {"vehicle_id": v} | change for v, (change, _) in zip(names, CASES, strict=True)]
    )
    found = {row["vehicle_id"]: row["reason"] for row in bad} | {row["vehicle_id"]: None for row in good}
    assert found == {v: reason for v, (_, reason) in zip(names, CASES, strict=True)}
    assert len(good) + len(bad) == len(CASES)


def test_a_region_can_be_set(engine):
    good, bad = inspect(engine, [GOOD], region=(126.0, 126.5, 37.0, 38.0))
    assert (len(good), bad[0]["reason"]) == (0, "bad_position")


def test_unfit_is_not_refused(engine):
    good, _ = inspect(engine, [GOOD, GOOD | {"timestamp": GOOD["timestamp"] + 1, "hdop": 5.1}])
    assert [row["fit"] for row in sorted(good, key=lambda r: r["timestamp"])] == [True, False]


@pytest.mark.both_engines
def test_the_smallest_of_equal_keys_is_used_nulls_first(engine):
    good, bad = inspect(engine, [GOOD | {"gyro_x": 1.0}, GOOD | {"gyro_x": None}, GOOD | {"gyro_x": 0.5}])
    assert [row["gyro_x"] for row in good] == [None]
    assert sorted((row["gyro_x"], row["reason"]) for row in bad) == [(0.5, "duplicate"), (1.0, "duplicate")]


odd = st.sampled_from([None, 0.0, -1.0, 1.5, 1e9, math.nan, math.inf])


@pytest.mark.slow
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(
        st.fixed_dictionaries(
            {},
            optional={
                "timestamp": st.sampled_from([None, DAY[0], DAY[0] + 1, DAY[1] * 3]),
                "vehicle_id": st.sampled_from([None, "", "V2"]),
                "accel_x": odd, "gyro_z": odd, "velocity": odd, "lon": odd, "lat": odd, "hdop": odd,
            },
        ),
        max_size=12,
    )
)  # fmt: skip
def test_no_row_is_lost_whatever_it_holds(engine, rows):
    good, bad = inspect(engine, [GOOD | row for row in rows])
    assert len(good) + len(bad) == len(rows)
    assert {row["reason"] for row in bad} <= set(REASONS)
    assert len({(r["vehicle_id"], r["trip_id"], r["timestamp"]) for r in good}) == len(good)
