"""The day's check of a road network: what is right passes, each thing that is wrong is named."""

from __future__ import annotations

import sys
from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pytest

from pothole.arrow import schema_of
from pothole.errors import BadInputError
from pothole.roads import bundled
from pothole.roads.build import build
from pothole.roads.check import check_near, check_segments
from pothole.roads.lines import RoadLine
from pothole.tables import SEGMENTS

Rows = list[dict[str, object]]


@pytest.fixture
def rows() -> Rows:
    """A street of 200 m in Seoul, both ways: 2 links of 4 segments."""
    return build([RoadLine("9", np.array([(126.98, 37.56), (126.98225, 37.56)]), "길", 3)]).to_pylist()


def table(rows: Rows) -> pa.Table:
    return pa.Table.from_pylist(rows, schema=schema_of(SEGMENTS))


def changed(rows: Rows, row: int, **values: object) -> pa.Table:
    return table([{**r, **(values if i == row else {})} for i, r in enumerate(rows)])


def test_a_sound_network_passes_in_any_order_of_rows(rows: Rows) -> None:
    check_segments(table(rows), "n")
    check_segments(table(rows[::-1]), "n")
    check_segments(table([]), "n")


WRONG: dict[str, tuple[Callable[[Rows], pa.Table], str, str]] = {
    "missing": (lambda r: table(r).drop_columns(["seq"]), "column seq is missing; found s_id", "roads build"),
    "type": (
        lambda r: table(r).set_column(2, "seq", pa.array([str(x["seq"]) for x in r])),
        "seq is string, expected int32", "roads build",
    ),
    "null": (lambda r: changed(r, 1, link_id=None), "1 rows have no link_id", "fill"),
    "doubled": (lambda r: changed(r, 1, s_id="9+:0"), r"s_id 9\+:0 stands in 2 rows", "unique"),
    "not finite": (lambda r: changed(r, 1, end_lat=float("nan")), "not finite", "fill"),
    "metres": (lambda r: changed(r, 1, end_lat=552_000.0), "outside the world", "expected degrees"),
    "reversed": (
        lambda r: table([{**x, "start_lon": x["start_lat"], "start_lat": x["start_lon"], "end_lon": x["end_lat"],
                          "end_lat": x["end_lon"]} for x in r]),
        "lat 126.98 to 126.982", "lon and lat look reversed",
    ),
    "long": (lambda r: changed(r, 3, end_lon=126.98235 + 0.0003), "segment 9.:3 is 8[0-9] m long", "roads build"),
    "short": (
        lambda r: changed(r, 3, end_lon=r[3]["start_lon"], end_lat=r[3]["start_lat"]), r"9\+:3 has no length", "roads",
    ),
    "gap in seq": (lambda r: table([r[0], *r[2:]]), r"link 9\+ has seq 2 where 1 is expected", "roads build"),
    "first": (lambda r: table(r[1:]), r"link 9\+ has seq 1 where 0 is expected", "roads build"),
    "repeated": (lambda r: changed(r, 1, seq=0), r"link 9\+ has seq 0 where 1 is expected", "roads build"),
    "apart": (
        lambda r: changed(r, 2, start_lat=37.56001), r"9\+:2 does not start where segment 9\+:1 ends", "roads build",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_named(rows: Rows, name: str) -> None:
    break_, message, hint = WRONG[name]
    with pytest.raises(BadInputError, match=message) as error:
        check_segments(break_(rows), "lake/segments.csv")
    assert error.value.message.startswith("lake/segments.csv: ")
    assert hint in str(error.value.hint)


def test_ends_may_be_rounded(rows: Rows) -> None:
    check_segments(changed(rows, 2, start_lat=37.5600001), "n")


@pytest.mark.parametrize(
    ("box", "km", "hint"),
    [
        ((126.97, 126.99, 37.55, 37.57), None, None),
        ((126.0, 128.0, 36.5, 38.5), None, None),
        ((129.05, 129.06, 35.17, 35.18), 323.1, "fleet's region"),
        ((37.55, 37.57, 126.97, 126.99), None, "reversed"),
        ((24.94, 24.95, 60.16, 60.17), 7040, "fleet's region"),
    ],
)
def test_near_the_data(rows: Rows, box: tuple[float, float, float, float], km: float | None, hint: str | None) -> None:
    """Distances from Seoul to Busan and Helsinki as GeographicLib has them, to 1 %."""
    if hint is None:
        check_near(table(rows), box)
        return
    with pytest.raises(BadInputError, match="km away from the data") as error:
        check_near(table(rows), box)
    assert hint in str(error.value.hint)
    if km is not None:
        said = float(error.value.message.split(" km away")[0].split()[-1].replace(",", ""))
        assert said == pytest.approx(km, rel=0.01)


def test_no_segments_are_near_everything() -> None:
    check_near(table([]), (126.97, 126.99, 37.55, 37.57))


def test_the_check_of_a_city_has_no_step_for_every_segment() -> None:
    n = 200_000
    lon = np.repeat(np.arange(n // 4) * 1e-4, 4) + np.tile(np.arange(4) * 4e-4, n // 4)
    lat = np.full(n, 37.5)
    links = [f"l{i // 4}" for i in range(n)]
    columns = {
        "s_id": [f"s{i}" for i in range(n)], "link_id": links, "seq": [i % 4 for i in range(n)],
        "start_lon": lon, "start_lat": lat, "end_lon": lon + 4e-4, "end_lat": lat,
        "road_name": [None] * n, "road_grade": [None] * n,
    }  # fmt: skip
    city = pa.table(columns, schema=schema_of(SEGMENTS))
    calls = 0

    def count(*_: object) -> None:
        nonlocal calls
        calls += 1

    sys.setprofile(count)
    try:
        check_segments(city, "city")
    finally:
        sys.setprofile(None)
    assert calls < n / 10


def test_bundled_network_is_sound() -> None:
    from pothole.roads.read import read_segments

    check_segments(read_segments(bundled()), str(bundled()))
