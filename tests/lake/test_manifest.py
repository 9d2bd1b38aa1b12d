"""Manifests are read as they were written, and damaged ones are refused with a reason."""

from __future__ import annotations

import json
import re
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pothole.errors import BadInputError, UserError
from pothole.lake.manifest import Manifest, PartFile, check_run_id, new_run_id, parse
from pothole.tables import SCHEMA_VERSION

TEXT = st.text(st.characters(blacklist_categories=("Cs",)), max_size=20)
COUNT = st.integers(0, 2**62)
FILES = st.builds(
    PartFile, st.from_regex(r"run-[0-9A-Za-z-]{1,9}/part-[0-9]{1,5}\.parquet", fullmatch=True), COUNT, COUNT
)
MANIFESTS = st.builds(
    Manifest,
    *(TEXT, TEXT, st.from_regex(r"[0-9A-Za-z-]{1,20}", fullmatch=True), st.just(SCHEMA_VERSION), TEXT, TEXT),
    st.lists(FILES, min_size=1, max_size=4).map(tuple),
    st.lists(st.dictionaries(TEXT, TEXT | COUNT, max_size=3), max_size=3).map(tuple),
)
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=8,
)
GOOD = Manifest("d", "2026-02-12", "r1", SCHEMA_VERSION, "1", "h", (PartFile("run-r1/part-0.parquet", 3, 9),), ())


def parsed(content: bytes) -> Manifest:
    """The manifest, or the good one in place of a clear error; pytest shows any other exception."""
    try:
        return parse(content, "here")
    except BadInputError as error:
        if not error.message.startswith("here "):
            raise
        return GOOD


@given(MANIFESTS)
def test_a_manifest_is_read_as_it_was_written(manifest: Manifest) -> None:
    assert parse(manifest.to_json(), "here") == manifest


@given(MANIFESTS, st.data())
def test_a_cut_manifest_is_refused(manifest: Manifest, data: st.DataObject) -> None:
    content = manifest.to_json()
    with pytest.raises(BadInputError, match=r"^here is not a valid manifest"):
        parse(content[: data.draw(st.integers(0, len(content) - 1))], "here")


@given(MANIFESTS, st.data())
def test_a_flipped_byte_gives_a_manifest_or_a_clear_error(manifest: Manifest, data: st.DataObject) -> None:
    content = bytearray(manifest.to_json())
    content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    assert isinstance(parsed(bytes(content)), Manifest)


@given(st.sampled_from([*json.loads(GOOD.to_json()), "files.0.path", "files.0.rows", "files.0.bytes"]), JSON)
def test_any_json_in_any_place_gives_a_manifest_or_a_clear_error(place: str, value: Any) -> None:
    tree = json.loads(GOOD.to_json())
    node: Any = tree
    *way, last = (int(step) if step.isdigit() else step for step in place.split("."))
    for step in way:
        node = node[step]
    node[last] = value
    for file in parsed(json.dumps(tree).encode()).files:
        assert file.rows >= 0 and file.bytes >= 0 and ".." not in file.path.split("/")


@given(JSON | st.binary())
def test_what_is_no_manifest_at_all(value: Any) -> None:
    content = value if isinstance(value, bytes) else json.dumps(value).encode()
    with pytest.raises(BadInputError, match=r"^here is not a valid manifest"):
        parse(content, "here")


@pytest.mark.parametrize(
    "path", ["../x/part-0.parquet", "/etc/x.parquet", "run-a/../../x.parquet", "run-a/b/c.parquet", ""]
)
def test_a_file_outside_the_partition(path: str) -> None:
    content = GOOD.to_json().replace(b"run-r1/part-0.parquet", path.encode())
    with pytest.raises(BadInputError, match=re.escape(repr(path))):
        parse(content, "here")


def test_a_manifest_of_another_schema_version() -> None:
    content = GOOD.to_json().replace(b'"schema_version": 1', b'"schema_version": 7')
    with pytest.raises(BadInputError, match=r"has schema version 7 .*, this is version 1"):
        parse(content, "here")


def test_run_ids_sort_by_time_and_differ() -> None:
    first = [new_run_id() for _ in range(50)]
    assert len(set(first)) == 50 and all(re.fullmatch(r"\d{8}T\d{6}-[0-9a-f]{6}", i) for i in first)
    time.sleep(1.1)
    assert max(first) < check_run_id(new_run_id())


@pytest.mark.parametrize("run_id", ["", "a_b", "a:b", "a/b", "..", "a b", "é", "a\n"])
def test_what_is_no_run_id(run_id: str) -> None:
    with pytest.raises(UserError, match=r"is not a run id"):
        check_run_id(run_id)
