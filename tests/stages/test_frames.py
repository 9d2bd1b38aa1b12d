"""Ids of keys: no two keys have the same text."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

TEXTS = st.text(alphabet="ab|~é", max_size=4)


@pytest.mark.both_engines
def test_an_ordinary_keys_id_is_the_hash_of_its_parts_joined(frame, rows):
    from pyspark.sql import functions as F

    from pothole.stages.frames import hashed

    (row,) = rows(frame(a=["bus-7"], b=["t1"]).select(hashed(F.col("a"), F.col("b")).alias("id")))
    assert row["id"] == hashlib.sha256(b"bus-7|t1").hexdigest()[:16]


@hypothesis_settings(max_examples=40, deadline=None)
@given(keys=st.lists(st.tuples(TEXTS, TEXTS), min_size=2, max_size=20, unique=True))
@example(keys=[("a|b", "c"), ("a", "b|c")])
@example(keys=[("a|", "b"), ("a", "|b")])
@example(keys=[("a~", "b"), ("a", "~b"), ("a~|b", ""), ("a", "~|b")])
def test_two_keys_never_share_an_id(engine, keys):
    import pyarrow as pa
    from pyspark.sql import functions as F

    from pothole.stages.frames import hashed

    given_keys = engine.from_arrow(pa.table({"a": [k[0] for k in keys], "b": [k[1] for k in keys]}), "keys")
    ids = engine.to_arrow(given_keys.select(hashed(F.col("a"), F.col("b")).alias("id")))["id"].to_pylist()
    assert len(set(ids)) == len(keys)
