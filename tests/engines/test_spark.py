"""What Spark's engine gives back."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests import needs

pytestmark = [pytest.mark.slow, pytest.mark.spark]

#: An engine needs a process of its own.
PROGRAM = """
import pyarrow as pa
from pothole import engines
from pothole.tables import IMPACTS

engine = engines.start("spark", master="local[1]")
given = pa.table({
    "big": pa.array([1, None], pa.int64()), "small": pa.array([2, 3], pa.int32()), "real": [0.5, None],
    "text": ["a", None], "yes": [True, None],
})
frame = engine.from_arrow(given, "given")
assert engine.to_arrow(frame).equals(given), engine.to_arrow(frame)
none = engine.to_arrow(frame.where("big > 5"))
assert (none.num_rows, none.schema.types) == (0, given.schema.types)
empty = engine.to_arrow(engine.empty(IMPACTS.columns))
assert (empty.num_rows, tuple(empty.column_names)) == (0, IMPACTS.names)
engine.close()
print("the same")
"""


def test_rows_come_back_as_they_were_also_booleans_and_none_at_all():
    needs.spark()
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False, timeout=300)
    assert done.stdout.strip() == "the same", done.stderr[-3000:]
