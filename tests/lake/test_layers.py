"""Datasets that people write, and the newest partition before a date, on both kinds of lakes."""

from __future__ import annotations

import pytest

from pothole.errors import BadInputError
from pothole.lake import Lake
from pothole.tables import IMPACTS, SEGMENTS, SPEED_BUMPS, Column, Table
from tests.lake.samples import BOTH, DAY, publish

REPAIRS = Table(
    "repairs",
    "one repair",
    (Column("day", "string", "the day"), Column("count", "int", "holes"), Column("note", "string", "", nullable=True)),
    key=("day",),
    partitioned=False,
)
SEGMENT = b"s_id,link_id,seq,start_lon,start_lat,end_lon,end_lat\n007,a,0,127,37.5,127,37.5003\n"


def test_without_files_a_layer_has_no_rows(lake: Lake):
    for table in (SEGMENTS, SPEED_BUMPS, REPAIRS):
        assert (lake.layer_files(table), lake.layer(table).num_rows) == ([], 0)
        assert tuple(lake.layer(table).column_names) == table.names
    assert lake.segments() is None and lake.bumps().num_rows == 0


def test_every_csv_file_of_a_layer_counts_and_optional_columns_are_null(lake: Lake):
    lake.storage.write("repairs/a.csv", b"day,count\n2026-02-11,2\n")
    lake.storage.write("repairs/b.csv", b"count,day,note,more\n1,2026-02-12,patch,x\n")
    lake.storage.write("repairs/readme.txt", b"not data")
    assert lake.layer_files(REPAIRS) == [("repairs/a.csv", 23), ("repairs/b.csv", 41)]
    assert lake.layer(REPAIRS).to_pylist() == [
        {"day": "2026-02-11", "count": 2, "note": None},
        {"day": "2026-02-12", "count": 1, "note": "patch"},
    ]


def test_of_the_road_network_the_first_named_file_counts_alone(lake: Lake):
    lake.storage.write("road-network/segments.csv", SEGMENT)
    lake.storage.write("road-network/old.csv", SEGMENT)
    assert lake.layer_files(SEGMENTS) == [("road-network/segments.csv", len(SEGMENT))]
    assert lake.layer(SEGMENTS)["s_id"].to_pylist() == ["007"]
    lake.storage.write("road-network/segments.parquet", b"")
    assert [path for path, _ in lake.layer_files(SEGMENTS)] == ["road-network/segments.parquet"]


@pytest.mark.parametrize("row", [",1", "2026-02-12,"])
def test_a_value_that_must_be_there_is_missed_by_name(lake: Lake, row: str):
    lake.storage.write("repairs/a.csv", f"day,count\n{row}\n".encode())
    with pytest.raises(BadInputError, match=r"repairs/a\.csv: rows without a valid (day|count)"):
        lake.layer(REPAIRS)


def test_the_newest_partition_before_a_date_is_one_that_is_published(lake: Lake):
    assert lake.newest_before(IMPACTS.name, "2026-03-01") is None
    publish(lake, 1, datasets=BOTH)
    lake.storage.write(f"{IMPACTS.name}/dt=2026-02-20/run-x/part-0.parquet", b"left by a killed run")
    assert lake.newest_before(IMPACTS.name, "2026-03-01") == DAY
    assert lake.newest_before(IMPACTS.name, DAY) is None


def test_both_kinds_of_lakes_are_opened_without_an_engine(lake: Lake):
    assert lake.storage.opens_files
