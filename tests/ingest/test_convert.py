"""Values: units, signs, times, what marks an invalid one, where constants come from."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pothole.arrow import schema_of
from pothole.errors import BadInputError
from pothole.tables import RAW
from tests.ingest.sources import HEADER, START_S, ingest, line, mapping, rows, write


@pytest.mark.parametrize(
    ("column", "given", "raw"),
    [
        ({"accel_x": {"column": "ax", "unit": "g"}}, 1.0, 9.80665),
        ({"accel_x": {"column": "ax", "unit": "g", "scale": -1}}, 2.0, -19.6133),
        ({"accel_x": {"column": "ax", "unit": "mg"}}, 1000, 9.80665),
        ({"gyro_y": {"column": "ax", "unit": "rad/s"}}, math.pi, 180.0),
        ({"gyro_y": {"column": "ax", "unit": "mdeg/s"}}, 500, 0.5),
        ({"velocity": {"column": "ax", "unit": "m/s"}}, 10, 36.0),
        ({"velocity": {"column": "ax", "unit": "mph"}}, 60, 96.56064),
        ({"velocity": {"column": "ax", "unit": "knots"}}, 10, 18.52),
        ({"lon": {"column": "ax", "scale": 1e-7}}, 1270000000, 127.0),
        ({"satellites": {"column": "ax"}}, "7.0", 7),
        ({"trip_id": {"column": "ax"}}, "07", "07"),
    ],
)  # fmt: skip
def test_units_and_signs(tmp_path: Path, column: dict[str, Any], given: Any, raw: Any) -> None:
    row = rows(write(tmp_path / "d.csv", line(ax=given)), mapping(**column))[0]
    assert row[next(iter(column))] == (raw if isinstance(raw, str) else pytest.approx(raw, rel=1e-12))


@pytest.mark.parametrize(
    ("time", "source"),
    [
        (f"{START_S}.25", {"unit": "s"}),
        (f"{START_S}250", {"unit": "ms"}),
        (f"{START_S}250000", {"unit": "us"}),
        (f"{START_S}250000123", {"unit": "ns"}),
        ("2026-02-12T00:00:00.250Z", {"unit": "iso"}),
        ("2026-02-12 09:00:00.25+09", {"unit": "iso"}),
        ("2026-02-11T19:00:00.250-0500", {"unit": "iso", "zone": "Asia/Seoul"}),
        ("2026-02-12 09:00:00.250", {"unit": "iso", "zone": "Asia/Seoul"}),
        ("2026-02-11T19:00:00.250", {"unit": "iso", "zone": "America/New_York"}),
    ],
)
def test_times(tmp_path: Path, time: str, source: dict[str, str]) -> None:
    file = write(tmp_path / "d.csv", line(time))
    assert rows(file, mapping(timestamp={"column": "t"} | source))[0]["timestamp"] == START_S * 1000 + 250


def test_local_times_need_a_zone(tmp_path: Path) -> None:
    file = write(tmp_path / "d.csv", line("2026-02-12 09:00:00"))
    with pytest.raises(BadInputError, match=r"line 2: t .* expected an ISO 8601 time with its zone") as caught:
        rows(file, mapping(timestamp={"column": "t", "unit": "iso"}))
    assert "zone" in (caught.value.hint or "")


def test_summer_time_is_the_zones(tmp_path: Path) -> None:
    """New York is at -05:00 on 12 February and at -04:00 on 12 July."""
    file = write(tmp_path / "d.csv", line("2026-02-12 12:00:00"), line("2026-07-12 12:00:00", trip="b"))
    winter, summer = rows(file, mapping(timestamp={"column": "t", "unit": "iso", "zone": "America/New_York"}))
    assert winter["timestamp"] % 86_400_000 == 17 * 3_600_000
    assert summer["timestamp"] % 86_400_000 == 16 * 3_600_000


def test_a_time_in_another_unit_is_refused(tmp_path: Path) -> None:
    file = write(tmp_path / "d.csv", line(START_S), line(START_S + 1))
    with pytest.raises(
        BadInputError, match="times of unit ms should lie between 2000 and 2100; half of them are before 1970"
    ):
        rows(file, mapping(timestamp={"column": "t", "unit": "ms"}))


def test_what_marks_an_invalid_value(tmp_path: Path) -> None:
    file = write(
        tmp_path / "d.csv", *(line(START_S + i, speed=v) for i, v in enumerate(["-1.0", "5", "off", "", "NaN"]))
    )
    parts, summaries = ingest(file, mapping(velocity={"column": "speed", "unit": "m/s", "invalid": [-1, "off"]}))
    assert parts[0]["2026-02-12"]["velocity"].to_pylist() == [None, 18.0, None, None, None]
    assert summaries[0].invalid == {"velocity": 2}
    assert summaries[0].nulls == {"velocity": 4}
    assert summaries[0].notes == ["2 invalid velocity", "2 without velocity"]


def test_names_of_files_give_trips(tmp_path: Path) -> None:
    file = write(tmp_path / "2026_trip07_sensors.csv", line())
    assert rows(file, mapping(trip_id={"file_name": "trip[0-9]+"}))[0]["trip_id"] == "trip07"
    assert rows(file, mapping(trip_id={"file_name": "trip0*([0-9]+)"}))[0]["trip_id"] == "7"
    with pytest.raises(BadInputError, match="from which trip_id is taken"):
        rows(file, mapping(trip_id={"file_name": "ride[0-9]+"}))


def test_numbers_as_constants(tmp_path: Path) -> None:
    row = rows(write(tmp_path / "d.csv", line()), mapping(vehicle_id={"constant": 7}, hdop={"constant": 2}))[0]
    assert (row["vehicle_id"], row["hdop"], row["satellites"]) == ("7", 2.0, 10)


def test_quotes_in_names_and_values_are_only_text(tmp_path: Path) -> None:
    header = HEADER.replace("trip", "the 'trip' \"id\"").replace('"', '""')
    header = ",".join(f'"{n}"' for n in header.split(","))
    file = write(tmp_path / "d'.csv", line(trip="a'); DROP TABLE samples; --"), header=header)
    row = rows(file, mapping(trip_id="the 'trip' \"id\"", vehicle_id={"constant": "o'neill"}))[0]
    assert (row["trip_id"], row["vehicle_id"]) == ("a'); DROP TABLE samples; --", "o'neill")


def test_the_schema_is_the_contracts(tmp_path: Path) -> None:
    parts, _ = ingest(write(tmp_path / "d.csv", line()), mapping())
    assert parts[0]["2026-02-12"].schema == schema_of(RAW)


def test_gravity_tells_a_wrong_unit(tmp_path: Path) -> None:
    file = write(tmp_path / "d.csv", line(), line(START_S + 1))
    _, (good,) = ingest(file, mapping())
    _, (bad,) = ingest(file, mapping(accel_z={"column": "az", "unit": "g"}))
    assert good.gravity_mps2 == pytest.approx(9.8)
    assert good.notes == []
    assert bad.notes == ["median |acceleration| is 96.1 m/s2, not about 9.8: is the unit right, is gravity included?"]


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.none() | st.floats(-1e6, 1e6), min_size=1, max_size=20))
def test_numbers_are_kept_to_the_last_bit(tmp_path: Path, values: list[float | None]) -> None:
    lines = [line(START_S + i, ax="" if v is None else repr(v)) for i, v in enumerate(values)]
    got = pa.concat_tables(ingest(write(tmp_path / "d.csv", *lines), mapping())[0][0].values())
    assert got["accel_x"].to_pylist() == values
