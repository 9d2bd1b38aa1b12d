"""Raw files are checked before anything is computed."""

from __future__ import annotations

import io
import tempfile
import threading
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pothole.errors import BadInputError, LakeError, NoDataError
from pothole.lake import Lake, open_lake
from pothole.lake.footer import Footer
from pothole.tables import RAW
from tests.lake.samples import DAY, ROWS, parquet_of, put_raw, table_of

GOOD = table_of(RAW)
WHOLE = parquet_of(GOOD.slice(0, 5))


def with_type(column: str, kind: pa.DataType) -> bytes:
    """A raw file in which one column has another type."""
    values = GOOD[column].cast(pa.string()) if pa.types.is_dictionary(kind) else GOOD[column]
    changed = values.dictionary_encode() if pa.types.is_dictionary(kind) else values.cast(kind)
    return parquet_of(GOOD.set_column(GOOD.column_names.index(column), column, changed))


def test_files_with_their_rows_and_sizes(lake: Lake) -> None:
    paths = [put_raw(lake, name) for name in ("a.parquet", "b.parquet")]
    raw = lake.check_raw(DAY)
    assert [(f.path, f.rows, f.bytes) for f in raw.files] == [(p, ROWS, len(parquet_of(GOOD))) for p in paths]
    assert raw.skipped == ()
    assert all(lake.fs.exists(f.path) for f in raw.files)


def test_where_the_positions_are(lake: Lake) -> None:
    put_raw(lake, "a.parquet", content=parquet_of(table_of(RAW, version=7)))
    assert lake.raw_bounds(list(lake.check_raw(DAY).files)) == (7.0, 7.0, 7.0, 7.0)
    assert lake.raw_bounds([]) is None


# ---- no data ---------------------------------------------------------------------------------------------------------


def test_no_partition_names_the_nearest_dates(lake: Lake) -> None:
    for date in ("2026-01-01", "2026-02-10", "2026-02-13", "2026-02-20"):
        put_raw(lake, date=date)
    with pytest.raises(NoDataError) as caught:
        lake.check_raw(DAY)
    assert caught.value.exit_status == 2
    place = lake.storage.absolute(f"raw-sensor-data/dt={DAY}")
    assert caught.value.message == (
        f"no raw data for {DAY} in {lake.uri} (입력 데이터 없음: {place}); "
        "the nearest dates there are 2026-02-10, 2026-02-13, 2026-02-20"
    )


def test_an_empty_lake(lake: Lake) -> None:
    with pytest.raises(NoDataError, match=f"{DAY} in {lake.uri} .*; raw-sensor-data/ has no other date"):
        lake.check_raw(DAY)


def test_files_without_rows_are_no_data(lake: Lake) -> None:
    put_raw(lake, content=parquet_of(table_of(RAW, rows=0)))
    put_raw(lake, date="2026-02-13")
    with pytest.raises(NoDataError, match="the nearest dates there are 2026-02-13"):
        lake.check_raw(DAY)


def test_csv_in_the_partition_is_told(lake: Lake) -> None:
    put_raw(lake, "trips.csv", content=b"a,b")
    with pytest.raises(NoDataError) as caught:
        lake.check_raw(DAY)
    assert "trips.csv" in str(caught.value.hint) and "pothole ingest" in str(caught.value.hint)


def test_hidden_and_unfinished_files_are_no_raw_files(lake: Lake) -> None:
    for name in ("_temporary/0/part-0.parquet", ".a.parquet.crc", "_SUCCESS", ".a.parquet"):
        put_raw(lake, name, content=b"")
    put_raw(lake, "a.parquet")
    assert [f.path.rsplit("/", 1)[1] for f in lake.check_raw(DAY).files] == ["a.parquet"]


# ---- bad files -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "not a readable Parquet file"),
        (b"timestamp,trip_id\n1,a\n" * 50, "not a readable Parquet file"),
        (parquet_of(GOOD)[:-1], "not a readable Parquet file"),
        (parquet_of(GOOD)[:200], "not a readable Parquet file"),
        (parquet_of(GOOD.drop_columns(["gyro_y"])), "column gyro_y is missing: expected double, found timesta"),
        (with_type("timestamp", pa.int32()), "column timestamp: expected bigint (ms), found int32"),
        (with_type("timestamp", pa.timestamp("ms")), "column timestamp: expected bigint (ms), found timestamp[ms]"),
        (with_type("timestamp", pa.float64()), "column timestamp: expected bigint (ms), found double"),
        (with_type("trip_id", pa.int64()), "column trip_id: expected string, found int64"),
        (with_type("accel_z", pa.string()), "column accel_z: expected double (m/s2), found string"),
        (with_type("satellites", pa.int64()), "column satellites: expected int, found int64"),
        (with_type("satellites", pa.float64()), "column satellites: expected int, found double"),
    ],
)  # fmt: skip
def test_a_bad_file_is_named_with_what_was_expected(lake: Lake, content: bytes, reason: str) -> None:
    good, bad = put_raw(lake, "good.parquet"), put_raw(lake, "bad.parquet", content=content)
    with pytest.raises(BadInputError) as caught:
        lake.check_raw(DAY)
    assert caught.value.message.startswith(f"{bad}: {reason}")
    assert caught.value.exit_status == 2 and "--skip-bad-files" in str(caught.value.hint)
    raw = lake.check_raw(DAY, skip_bad=True)
    assert [f.path for f in raw.files] == [good]
    assert [(s.path, s.reason[: len(reason)]) for s in raw.skipped] == [(bad, reason)]


def test_pages_that_are_damaged_show_when_positions_are_read(lake: Lake) -> None:
    footer = len(WHOLE) - 8 - pq.ParquetFile(io.BytesIO(WHOLE)).metadata.serialized_size
    path = put_raw(lake, content=b"PAR1" + b"\xff" * (footer - 4) + WHOLE[footer:])
    with pytest.raises(BadInputError, match=f"{path} is damaged"):
        lake.raw_bounds(list(lake.check_raw(DAY).files))


def test_how_many_files_are_bad(lake: Lake) -> None:
    for number in range(3):
        put_raw(lake, f"{number}.parquet", content=b"nothing")
    with pytest.raises(BadInputError, match=r"0\.parquet: .* \(and 2 more such files\)"):
        lake.check_raw(DAY)
    with pytest.raises(NoDataError, match=r"no file could be used, the first since .*/0\.parquet: not a readable"):
        lake.check_raw(DAY, skip_bad=True)


@pytest.mark.parametrize(
    ("column", "kind"),
    [
        ("accel_x", pa.float32()),
        ("velocity", pa.int32()),
        ("satellites", pa.int8()),
        ("trip_id", pa.large_string()),
        ("vehicle_id", pa.dictionary(pa.int32(), pa.string())),
    ],
)
def test_a_type_that_widens_without_loss_is_accepted(lake: Lake, column: str, kind: pa.DataType) -> None:
    put_raw(lake, content=with_type(column, kind))
    assert [f.rows for f in lake.check_raw(DAY).files] == [ROWS]


def test_gyroscopes_that_are_all_null_and_extra_columns_are_accepted(lake: Lake) -> None:
    at = GOOD.column_names.index("gyro_x")
    put_raw(lake, content=parquet_of(GOOD.set_column(at, "gyro_x", pa.nulls(ROWS)).append_column("more", GOOD["lon"])))
    assert [f.rows for f in lake.check_raw(DAY).files] == [ROWS]


def test_a_column_that_must_be_there_cannot_be_all_null(lake: Lake) -> None:
    put_raw(lake, content=parquet_of(GOOD.set_column(3, "accel_x", pa.nulls(ROWS))))
    with pytest.raises(BadInputError, match=r"column accel_x: expected double \(m/s2\), found null"):
        lake.check_raw(DAY)


def test_a_file_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lake = open_lake(str(tmp_path), create=True)
    path = put_raw(lake)

    def refuse(name: str, mode: str) -> None:
        raise PermissionError(13, "Permission denied", name)

    monkeypatch.setattr("pyarrow.OSFile", refuse)
    with pytest.raises(LakeError, match=f"cannot read {path}: permission denied"):
        lake.check_raw(DAY, skip_bad=True)


# ---- damaged at random -----------------------------------------------------------------------------------------------

DAMAGE = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def checked(content: bytes) -> None:
    """Either a clean error or a file that adds up; pytest shows any other exception."""
    with tempfile.TemporaryDirectory() as folder:
        lake = open_lake(folder)
        path = put_raw(lake, content=content)
        try:
            (file,) = lake.check_raw(DAY).files
        except BadInputError as error:
            if not error.message.startswith(f"{path}: "):
                raise
        except NoDataError:
            assert pq.ParquetFile(path).metadata.num_rows == 0
        else:
            assert file.rows == pq.ParquetFile(path).metadata.num_rows > 0


@DAMAGE
@given(st.integers(0, len(WHOLE) - 1))
def test_a_file_cut_anywhere_is_refused(length: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        lake = open_lake(folder)
        put_raw(lake, content=WHOLE[:length])
        with pytest.raises(BadInputError):
            lake.check_raw(DAY)


@DAMAGE
@given(st.lists(st.tuples(st.integers(0, len(WHOLE) - 1), st.integers(1, 255)), min_size=1, max_size=6))
def test_flipped_bytes_give_a_clean_error_or_a_readable_footer(flips: list[tuple[int, int]]) -> None:
    content = bytearray(WHOLE)
    for at, mask in flips:
        content[at] ^= mask
    checked(bytes(content))


@DAMAGE
@given(st.integers(4, len(WHOLE) - 9), st.integers(1, 400))
def test_a_file_with_a_hole_gives_a_clean_error_or_a_readable_footer(at: int, length: int) -> None:
    checked(WHOLE[:at] + WHOLE[at + length : -8] + WHOLE[-8:])


@DAMAGE
@given(st.binary(max_size=200))
def test_any_bytes_between_the_magic_words(content: bytes) -> None:
    checked(b"PAR1" + content + len(content).to_bytes(4, "little") + b"PAR1")


def test_of_many_files_only_the_footers_are_read_side_by_side(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lake = open_lake(str(tmp_path), create=True)
    folder = tmp_path / RAW.name / f"dt={DAY}"
    folder.mkdir(parents=True)
    table = table_of(RAW, rows=1000)
    for number in range(250):
        pq.write_table(table, folder / f"{number:03}.parquet")
        without_its_data(folder / f"{number:03}.parquet")
    looked, together, footer = list[str](), threading.Barrier(16), lake.storage.footer

    def look(path: str) -> Footer:
        looked.append(path)
        if len(looked) <= 16:
            together.wait(60)  # were they looked at one by one, the first would wait for ever
        return footer(path)

    monkeypatch.setattr(lake.storage, "footer", look)
    assert sum(f.rows for f in lake.check_raw(DAY).files) == 250_000
    assert len(looked) == len(set(looked)) == 250


def without_its_data(path: Path) -> None:
    """Leave of a file its footer alone."""
    content = path.read_bytes()
    footer = int.from_bytes(content[-8:-4], "little") + 8
    path.write_bytes(content[:4] + bytes(len(content) - footer - 4) + content[-footer:])
