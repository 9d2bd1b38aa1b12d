"""Files as they come: delimiters, encodings, types, damage."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pothole.errors import BadInputError, PotholeError
from pothole.ingest import files
from tests.ingest.sources import HEADER, START_S, ingest, line, mapping, rows, write


@pytest.mark.parametrize(
    ("content", "csv"),
    [
        (f"{HEADER}\n{line()}\n".encode("utf-8-sig"), {}),
        (f"{HEADER}\r\n{line()}\r\n".encode("utf-16"), {}),
        (f"\n{HEADER}\n\n{line()}".encode(), {}),
        (f"{HEADER}\n{line()}\n".replace(",", ";").replace(".", ",").encode(), {}),
        (f"{HEADER}\n{line()}\n".replace(",", "\t").encode(), {}),
        (f"{HEADER}\n{line()}\n".replace(",", "#").encode(), {"delimiter": "#"}),
        (f"device 7\nversion, 2\n{HEADER}\n{line()}\n".encode(), {"skip_lines": 2}),
        (" t , trip,ax,ay,az,speed,lon,lat\n {}\n".format(line().replace(",", " , ")).encode(), {}),
        (b'"t","trip","ax","ay","az","speed","lon","lat"\n' + line().replace("36.0", '"36.0"').encode(), {}),
    ],
    ids=["bom", "utf16", "blank-lines", "semicolon", "tab", "hash", "skipped", "spaces", "quotes"],
)
def test_a_csv_however_it_is_written(tmp_path: Path, content: bytes, csv: dict[str, Any]) -> None:
    file = tmp_path / "drive.csv"
    file.write_bytes(content)
    assert rows(file, mapping(csv=csv)) == [
        {"timestamp": START_S * 1000, "trip_id": "a", "vehicle_id": "v1", "accel_x": 0.0, "accel_y": 0.0,
         "accel_z": 9.8, "gyro_x": None, "gyro_y": None, "gyro_z": None, "velocity": 36.0, "lon": 127.0, "lat": 37.5,
         "hdop": 1.0, "satellites": 10},
    ]  # fmt: skip


def as_table(lines: list[str]) -> pa.Table:
    """Lines of HEADER as text columns."""
    columns = zip(*(t.split(",") for t in lines), strict=True)
    return pa.table(dict(zip(HEADER.split(","), map(list, columns), strict=True)))


def save(file: Path, lines: list[str]) -> Path:
    """Lines of HEADER as CSV or as Parquet, by the file's name."""
    if file.suffix == ".csv":
        return write(file, *lines)
    pq.write_table(as_table(lines), file)
    return file


def test_korean_text_needs_its_encoding(tmp_path: Path) -> None:
    file = write(tmp_path / "drive.csv", line(trip="출근"), encoding="cp949")
    assert rows(file, mapping(csv={"encoding": "cp949"}))[0]["trip_id"] == "출근"
    with pytest.raises(BadInputError, match=r"(?i)utf-?8") as caught:
        rows(file, mapping())
    assert "encoding" in (caught.value.hint or "")
    with pytest.raises(BadInputError, match=r"not a readable CSV"):
        rows(file, mapping(csv={"encoding": "ascii"}))


def test_compressed_csv(tmp_path: Path) -> None:
    file = tmp_path / "drive.csv.gz"
    file.write_bytes(gzip.compress(f"{HEADER}\n{line()}\n".encode()))
    assert len(rows(file, mapping())) == 1
    file.write_bytes(file.read_bytes()[:-12])
    with pytest.raises(BadInputError, match=r"drive\.csv\.gz"):
        rows(file, mapping())


def test_parquet_keeps_its_types(tmp_path: Path) -> None:
    at = datetime(2026, 2, 12, 9, 0, 0, 250_000)
    table = pa.table(
        {
            "t": pa.array([at], pa.timestamp("us")), "trip": pa.array([7], pa.int32()),
            "ax": pa.array([0.5], pa.float32()),
            "ay": pa.array([None], pa.float64()), "az": ["9.8"], "speed": [36], "lon": [127.0], "lat": [37.5],
        }
    )  # fmt: skip
    pq.write_table(table, tmp_path / "naive.parquet")
    iso = {"column": "t", "unit": "iso", "zone": "Asia/Seoul"}
    row = rows(tmp_path / "naive.parquet", mapping(timestamp=iso))[0]
    assert (row["timestamp"], row["trip_id"], row["accel_x"], row["accel_y"]) == (START_S * 1000 + 250, "7", 0.5, None)
    zoned = table.set_column(0, "t", pa.array([at.replace(tzinfo=UTC)], pa.timestamp("ns", "America/New_York")))
    pq.write_table(zoned, tmp_path / "zoned.parquet")
    assert (
        rows(tmp_path / "zoned.parquet", mapping(timestamp=iso))[0]["timestamp"] == START_S * 1000 + 250 + 9 * 3600_000
    )
    with pytest.raises(BadInputError, match=r"column t \(for timestamp\) is timestamp.*expected numbers"):
        rows(tmp_path / "zoned.parquet", mapping())


def test_dictionary_columns_are_read(tmp_path: Path) -> None:
    table = as_table([line()])
    coded = table.set_column(1, "trip", table["trip"].dictionary_encode())
    pq.write_table(coded, tmp_path / "coded.parquet")
    assert rows(tmp_path / "coded.parquet", mapping())[0]["trip_id"] == "a"


def test_a_missing_column_is_named_with_its_neighbours(tmp_path: Path) -> None:
    file = write(tmp_path / "drive.csv", line(), header=HEADER.replace("speed", "speeds"))
    with pytest.raises(BadInputError, match=r"column speed \(for velocity\) is missing; found t, trip, ax") as caught:
        rows(file, mapping())
    assert caught.value.hint == "did you mean speeds?"


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (line(ax="fast"), r"drive.csv, line 5: ax \(for accel_x\) is 'fast', expected a number"),
        (line(t="12:00"), r"line 5: t \(for timestamp\) is '12:00', expected a number"),
        (line() + ",1", "line 5: 9 fields, expected 8"),
        (f"{START_S},a,0.0", "line 5: 3 fields, expected 8"),
    ],
)
def test_what_cannot_be_read_is_named_with_its_line(tmp_path: Path, bad: str, said: str) -> None:
    file = write(tmp_path / "drive.csv", line(), "", line(START_S + 1), bad, line(START_S + 2))
    with pytest.raises(BadInputError, match=said):
        rows(file, mapping())


def test_a_parquet_row_is_named(tmp_path: Path) -> None:
    table = as_table([line(START_S + i, ax="x" if i == 2 else i) for i in range(4)])
    pq.write_table(table, tmp_path / "d.parquet")
    with pytest.raises(BadInputError, match=r"d.parquet, row 3: ax \(for accel_x\) is 'x'"):
        rows(tmp_path / "d.parquet", mapping())


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_rows_are_counted_over_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    monkeypatch.setattr(files, "_BLOCK_BYTES", 256)
    monkeypatch.setattr(files, "_BATCH_ROWS", 5)
    lines = [line(START_S + i // 30, ax=i) for i in range(60)]  # two seconds, each told thirty times
    file = save(tmp_path / f"drive.{kind}", lines)
    got = rows(file, mapping())
    assert [r["accel_x"] for r in got] == list(range(60))
    assert len({r["timestamp"] for r in got}) == 60
    save(file, [*lines[:50], line(ax="x"), *lines[50:]])
    with pytest.raises(BadInputError, match="line 52:" if kind == "csv" else "row 51:"):
        rows(file, mapping())


def test_files_that_are_none(tmp_path: Path) -> None:
    (tmp_path / "empty.csv").write_bytes(b"")
    (tmp_path / "picture.csv").write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR")
    (tmp_path / "text.parquet").write_bytes(b"t,trip\n1,2\n")
    for name, said in {
        "empty.csv": "is empty",
        "picture.csv": "neither CSV nor Parquet",
        "text.parquet": "not a readable Parquet file",
        "none.csv": "there is no file",
        ".": "cannot read",
    }.items():
        with pytest.raises(BadInputError, match=said):
            rows(tmp_path / name, mapping())


def test_two_columns_of_one_name_are_refused_where_they_matter(tmp_path: Path) -> None:
    file = write(tmp_path / "drive.csv", line() + ",1", header=HEADER + ",speed")
    with pytest.raises(BadInputError, match="several columns speed"):
        rows(file, mapping())


def test_a_header_alone_is_a_file_without_rows(tmp_path: Path) -> None:
    parts, summaries = ingest(write(tmp_path / "drive.csv"), mapping())
    assert parts == [{}]
    assert (summaries[0].rows_in, summaries[0].rate_hz, summaries[0].notes) == (0, None, [])


damage = st.tuples(st.integers(0, 10_000), st.binary(max_size=3), st.integers(0, 4))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(["csv", "parquet"]), st.lists(damage, max_size=4), st.none() | st.integers(0, 10_000))
def test_a_damaged_file_is_read_as_a_whole_or_refused(
    tmp_path: Path, kind: str, changes: list[tuple[int, bytes, int]], length: int | None
) -> None:
    lines = [line(START_S + i / 10, ax=i) for i in range(30)]
    file = save(tmp_path / f"drive.{kind}", lines)
    content = file.read_bytes()
    for at, new, gone in changes:
        content = content[: at % len(content)] + new + content[at % len(content) + gone :] or b" "
    file.write_bytes(content if length is None else content[: length % (len(content) + 1)])
    refused: PotholeError | None = None
    try:
        parts, summaries = ingest(file, mapping())
    except PotholeError as error:
        refused = error
    if refused:
        assert refused.exit_status == 2
        assert "drive" in refused.message
    else:
        assert sum(t.num_rows for t in parts[0].values()) == summaries[0].rows_in == summaries[0].rows_out
