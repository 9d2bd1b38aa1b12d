"""Reading segments and bumps as users keep them."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pothole.arrow import schema_of
from pothole.errors import BadInputError
from pothole.roads import bundled
from pothole.roads.read import read_bumps, read_segments
from pothole.tables import SEGMENTS

HEADER = "s_id,link_id,seq,start_lon,start_lat,end_lon,end_lat"


def csv(tmp_path: Path, text: str, encoding: str = "utf-8") -> Path:
    path = tmp_path / "segments.csv"
    path.write_bytes(text.encode(encoding))
    return path


def test_ids_stay_text_and_absent_columns_are_null(tmp_path: Path) -> None:
    table = read_segments(csv(tmp_path, f"{HEADER}\n007,01,0,126,37,126.0001,37\n"))
    assert table.schema == schema_of(SEGMENTS)
    assert table.to_pylist()[0] == {
        "s_id": "007", "link_id": "01", "seq": 0, "start_lon": 126.0, "start_lat": 37.0, "end_lon": 126.0001,
        "end_lat": 37.0, "road_name": None, "road_grade": None,
    }  # fmt: skip


def test_whole_numbers_with_gaps_and_other_columns(tmp_path: Path) -> None:
    text = f"note,{HEADER},road_name,road_grade\nx,a,l,0.0,126,37,126.0001,37,Via,2.0\n"
    text += "y,b,l,1.0,126.0001,37,126.0002,37,,\n"
    table = read_segments(csv(tmp_path, text))
    assert table["road_grade"].to_pylist() == [2, None]
    assert table["road_name"].to_pylist() == ["Via", None]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("s_id,link_id,seq\na,l,0\n", "column start_lon is missing; found s_id, link_id, seq"),
        (f"{HEADER}\na,l,0.5,126,37,126,37\n", "column seq is double, expected int32"),
        (f"{HEADER}\na,l,first,126,37,126,37\n", "first"),
        (f"{HEADER}\na,l,0\n", "Expected 7 columns"),
        ("", "Empty CSV"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, message: str) -> None:
    path = csv(tmp_path, text)
    with pytest.raises(BadInputError, match=message) as error:
        read_segments(path)
    assert str(path) in error.value.message


def test_text_that_is_no_utf8(tmp_path: Path) -> None:
    with pytest.raises(BadInputError) as error:
        read_segments(csv(tmp_path, f"{HEADER},road_name\na,l,0,126,37,126,37,세종대로\n", "cp949"))
    assert "UTF-8" in str(error.value.hint)


def test_parquet_and_ids_that_lost_digits(tmp_path: Path) -> None:
    table = read_segments(bundled())
    pq.write_table(table, tmp_path / "s.parquet")
    assert read_segments(tmp_path / "s.parquet").equals(table)
    lossy = table.slice(0, 1).set_column(1, "link_id", pa.array([1.01e9]))
    pq.write_table(lossy, tmp_path / "l.parquet")
    with pytest.raises(BadInputError, match="link_id is double, expected string"):
        read_segments(tmp_path / "l.parquet")
    (tmp_path / "n.parquet").write_bytes(b"no parquet")
    with pytest.raises(BadInputError, match=r"n\.parquet"):
        read_segments(tmp_path / "n.parquet")


@given(st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1).filter(lambda s: s not in ("NULL", "null")))
def test_names_come_back_as_they_were_written(name: str) -> None:
    import io

    table = read_segments(bundled()).slice(0, 1).set_column(7, "road_name", pa.array([name]))
    written = io.BytesIO()
    pacsv.write_csv(table, written)
    assert read_segments(io.BytesIO(written.getvalue()), "x.csv")["road_name"].to_pylist() == [name]


def test_bumps() -> None:
    layers = [(b"lon,lat,kind\n126.9,37.5,bump\n", "a.csv"), (b"lat,lon\n37.6,127\n", "b.csv")]
    assert [(r["lon"], r["lat"], r["kind"]) for r in read_bumps(layers).to_pylist()] == [
        (126.9, 37.5, "bump"),
        (127.0, 37.6, None),
    ]
    assert read_bumps([]).num_rows == 0
    assert read_bumps([(b"lon,lat\n", "a.csv")]).num_rows == 0


@pytest.mark.parametrize(
    ("row", "column"), [("126.9,", "lat"), (",37.5", "lon"), ("nan,37.5", "lon"), ("127,inf", "lat")]
)
def test_bumps_that_lie_nowhere_are_refused(row: str, column: str) -> None:
    with pytest.raises(BadInputError, match=rf"a\.csv: rows without a valid {column}"):
        read_bumps([(f"lon,lat\n126.9,37.5\n{row}\n".encode(), "a.csv")])
