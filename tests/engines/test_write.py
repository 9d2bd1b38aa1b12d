"""Output that cannot be written is not taken for damaged input."""

from __future__ import annotations

import subprocess
import sys

WRITE = """
import resource, sys
import pyarrow as pa
from pothole import engines
from pothole.errors import LakeError
engine = engines.start("duckdb", threads=1)
frame = engine.from_arrow(pa.table({"n": [str(i * 7919) for i in range(200_000)]}), "numbers")
resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))
try:
    engine.write_parquet(frame, sys.argv[1])
except LakeError as error:
    print(error.message)
"""


def test_a_file_that_grows_too_large_is_told_as_such(tmp_path):
    (tmp_path / "out").mkdir()
    command = [sys.executable, "-c", WRITE, str(tmp_path / "out")]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert ran.stdout.startswith("cannot write: "), ran.stderr[-2000:]
    assert str(tmp_path) in ran.stdout and "File too large" in ran.stdout
