"""The mapping file: what it takes, and how it says what is wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pothole.errors import ConfigError
from pothole.ingest.mapping import UNITS, Mapping, load, parse
from pothole.tables import RAW
from tests.ingest.sources import mapping

EXAMPLE = Path(__file__).parents[2] / "examples" / "pittsburgh.yaml"


def test_the_worked_example_can_be_read() -> None:
    example = load(EXAMPLE)
    assert set(example.columns) == set(RAW.names)
    assert example.columns["velocity"].invalid == [-1.0]
    assert example.columns["accel_y"].scale == -1.0


def test_a_bare_name_is_a_column() -> None:
    assert mapping(trip_id="drive").columns["trip_id"].column == "drive"


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"accel_x": {"column": "ax", "unit": "gs"}}, r"accel_x: unknown unit 'gs', expected one of m/s2, g, mg"),
        ({"accel_x": {"column": "ax"}}, "accel_x: the unit is missing, expected one of m/s2"),
        ({"velocity": {"column": "s", "unit": "m/s2"}}, "velocity: unknown unit 'm/s2'.*did you mean m/s?"),
        ({"acel_x": "ax"}, "unknown column acel_x; did you mean accel_"),
        ({"lon": {"column": "x", "constant": 1.0}}, "expected one of column, .*; found column, constant"),
        ({"lon": {}}, "found none"),
        ({"trip_id": {"file_name": "trip["}}, "is not a regular expression"),
        ({"trip_id": {"column": "t", "unit": "s"}}, "trip_id is text"),
        ({"timestamp": {"constant": 5, "unit": "s"}}, "timestamp must come from a column"),
        ({"timestamp": {"column": "t", "unit": "iso", "zone": "Asia/Soul"}}, "unknown time zone 'Asia/Soul'"),
        ({"timestamp": {"column": "t", "unit": "s", "zone": "Asia/Seoul"}}, "a zone is for times of unit iso"),
        ({"lon": {"column": "x", "scale": "one"}}, "columns.lon.scale: .*found 'one'"),
    ],
)  # fmt: skip
def test_a_column_that_does_not_fit_is_named(columns: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        mapping(**columns)


@pytest.mark.parametrize(
    ("content", "key", "hint"),
    [
        ({"colums": {}, "columns": {}}, "colums", "did you mean columns"),
        ({"columns": {"lon": {"colum": "x"}}}, "columns.lon.colum", "did you mean column"),
        ({"columns": {}, "csv": {"delimeter": ";"}}, "csv.delimeter", "did you mean delimiter"),
        ({"columns": {}, "csv": {"zzz": ";"}}, "csv.zzz", "known keys: encoding"),
    ],
)
def test_an_unknown_key_names_the_nearest_known_one(content: dict[str, Any], key: str, hint: str) -> None:
    with pytest.raises(ConfigError, match=f"unknown key {key}") as caught:
        parse(content)
    assert hint in (caught.value.hint or "")


@pytest.mark.parametrize(
    "csv",
    [{"encoding": "utf-99"}, {"delimiter": ";;"}, {"decimal": "/"}, {"skip_lines": -1}],
    ids=lambda c: next(iter(c)),
)
def test_csv_options_that_cannot_be(csv: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=r"utf-99|;;|/|-1"):
        mapping(csv=csv)


def test_required_columns_are_asked_for(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no source for timestamp, trip_id.*a constant will do"):
        parse({"columns": {"lon": "x"}})
    with pytest.raises(ConfigError, match="there is no mapping"):
        load(tmp_path / "none.yaml")
    broken = tmp_path / "broken.yaml"
    broken.write_text("columns: {")
    with pytest.raises(ConfigError, match="cannot read the mapping"):
        load(broken)


def test_the_units_stand_for_columns_of_the_raw_table() -> None:
    assert set(UNITS) <= {c.unit for c in RAW.columns}
    assert all(UNITS[unit][unit] == 1.0 for unit in UNITS)


leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
keys = st.sampled_from(["columns", "csv", "lon", "timestamp", "column", "unit", "zone", "invalid"]) | st.text(
    max_size=8
)
trees = st.recursive(leaves, lambda t: st.lists(t, max_size=3) | st.dictionaries(keys, t, max_size=4), max_leaves=12)


@given(trees)
def test_whatever_a_mapping_holds_it_is_a_mapping_or_a_clear_error(content: Any) -> None:
    refused: ConfigError | None = None
    try:
        assert isinstance(parse(content), Mapping)
    except ConfigError as error:
        refused = error
    assert refused is None or (refused.exit_status == 2 and refused.message.startswith("mapping: "))
