"""Clocks: equal times spread in file order, and the day of a trip."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pothole.errors import BadInputError
from tests.ingest.sources import START_S, ingest, line, mapping, rows, write

MIDNIGHT_S = START_S - 9 * 3600  # of 2026-02-12 in Seoul


def spread(path: Path, seconds: list[float]) -> list[int]:
    """Milliseconds after START_S of a trip's rows, in file order; a row is known by its accel_x."""
    lines = [line(f"{START_S + s:.3f}", ax=i) for i, s in enumerate(seconds)]
    by_row = {
        row["accel_x"]: row["timestamp"] - START_S * 1000 for row in rows(write(path / "d.csv", *lines), mapping())
    }
    return [by_row[i] for i in range(len(seconds))]


@pytest.mark.parametrize(
    ("told", "spread_ms"),
    [
        ([0, 0, 0, 0, 1, 1, 2], [0, 250, 500, 750, 1000, 1500, 2000]),
        ([0, 1, 2, 2], [0, 1000, 2000, 2500]),  # the last tick: as long as ticks usually are
        ([0, 0, 1, 1, 60, 60], [0, 500, 1000, 1500, 60_000, 60_500]),  # a pause is not filled
        ([0, 0], [0, 500]),  # a single tick: a second
        ([0, 0.1, 0.1, 0.2, 0.3], [0, 100, 150, 200, 300]),
        ([1, 0, 1, 0], [1000, 0, 1500, 500]),  # rows of a time need not lie together
        ([0, 0.2, 0.4], [0, 200, 400]),
    ],
)  # fmt: skip
def test_equal_times_are_spread(tmp_path: Path, told: list[float], spread_ms: list[int]) -> None:
    assert spread(tmp_path, told) == spread_ms


def test_the_summary_counts_what_was_moved(tmp_path: Path) -> None:
    file = write(tmp_path / "d.csv", *(line(START_S + i // 5, ax=i / 100) for i in range(50)))
    _, (done,) = ingest(file, mapping())
    assert (done.times_spread, done.rate_hz, done.notes) == (40, 5.0, ["40 equal times spread"])
    _, (kept,) = ingest(file, mapping(equal_times="keep"))
    assert kept.times_spread == 0
    assert (kept.last_ms or 0) == (START_S + 9) * 1000


def test_a_trip_that_was_sent_twice_keeps_its_times(tmp_path: Path) -> None:
    once = [line(START_S + i / 10, ax=i / 100) for i in range(20)]
    parts, (done,) = ingest(write(tmp_path / "d.csv", *once, *once), mapping())
    assert (done.times_spread, done.repeated_rows, done.notes) == (0, 20, ["20 repeated rows"])
    assert len(set(parts[0]["2026-02-12"]["timestamp"].to_pylist())) == 20


def test_a_coarse_clock_is_spread_also_where_sensors_stand_still(tmp_path: Path) -> None:
    file = write(tmp_path / "d.csv", *(line(START_S + i // 4, ax=i // 3) for i in range(12)))
    _, (done,) = ingest(file, mapping())
    assert (done.times_spread, done.repeated_rows, done.rate_hz) == (9, 0, 4.0)


def test_trips_are_spread_apart(tmp_path: Path) -> None:
    file = write(tmp_path / "d.csv", *(line(START_S, trip=t) for t in "ab"), *(line(START_S + 1, trip=t) for t in "ab"))
    _, (done,) = ingest(file, mapping())
    assert (done.times_spread, done.trips) == (0, 2)


ticks = st.lists(st.integers(0, 40), min_size=1, max_size=40)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ticks, st.sampled_from([0.1, 1.0]))
def test_spreading_keeps_the_order_and_stays_in_the_interval(tmp_path: Path, told: list[int], tick_s: float) -> None:
    seconds = [t * tick_s for t in told]
    moved = spread(tmp_path, seconds)
    later = {t: min((u for u in told if u > t), default=t + 10**6) for t in told}
    for i, t in enumerate(told):
        assert round(t * tick_s * 1000) <= moved[i] < round(later[t] * tick_s * 1000)
        assert all(moved[i] < moved[j] for j in range(i + 1, len(told)) if told[j] == t)
    assert len(set(moved)) == len(moved)


def test_a_trip_belongs_to_the_day_of_its_first_sample(tmp_path: Path) -> None:
    night = [line(MIDNIGHT_S + s, trip="night") for s in (5, -1, 0)]
    file = write(tmp_path / "d.csv", *night, line(MIDNIGHT_S, trip="morning"))
    parts, (done,) = ingest(file, mapping())
    assert {d: set(t["trip_id"].to_pylist()) for d, t in parts[0].items()} == {
        "2026-02-11": {"night"},
        "2026-02-12": {"morning"},
    }
    assert done.dates == {"2026-02-11": 3, "2026-02-12": 1}
    assert list(ingest(file, mapping(), "UTC")[0][0]) == ["2026-02-11"]


def test_a_trip_over_several_files_has_one_day(tmp_path: Path) -> None:
    late = write(tmp_path / "2.csv", *(line(MIDNIGHT_S + s) for s in (0, 1)))
    early = write(tmp_path / "1.csv", line(MIDNIGHT_S - 1))
    parts, _ = ingest([late, early], mapping())
    assert [list(p) for p in parts] == [["2026-02-11"], ["2026-02-11"]]
    assert list(ingest(late, mapping())[0][0]) == ["2026-02-12"]


def test_rows_without_a_usable_time_are_kept_with_their_trip(tmp_path: Path) -> None:
    lines = [line(""), line(0), line(START_S), line(START_S + 1), line("", trip="timeless"), line(START_S + 2, trip="")]
    parts, (done,) = ingest(write(tmp_path / "d.csv", *lines), mapping())
    assert {d: t.num_rows for d, t in parts[0].items()} == {"2026-02-12": 6}
    assert done.rows_in == done.rows_out == 6
    assert (done.implausible_times, done.nulls) == (1, {"timestamp": 2, "trip_id": 1})
    assert done.first_ms == START_S * 1000


def test_a_file_without_any_time_has_no_day(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="there are none"):
        rows(write(tmp_path / "d.csv", line(""), line("")), mapping())
