"""A file's name is a name, not a pattern: each file is read as itself, whatever it and its folder are called."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests import needs

NAMES = (
    "part-000[1].parquet", "part-0001.parquet", "*.parquet", "a?.parquet", "ab.parquet", "[ab].parquet", "[!a].parquet",
    "{a,b}.parquet", "back\\slash.parquet", "per%20cent.parquet", "plus+ and space.parquet", "it's.parquet",
    "한글.parquet",
)  # fmt: skip
FOLDERS = ("simX", "sim[X]", "sim*")
PROGRAM = """
import json, sys
from pothole import engines
from pothole.tables import Column
engine = engines.start(sys.argv[1], **({"master": "local[1]"} if sys.argv[1] == "spark" else {"threads": 1}))
told, N = {}, [Column("n", "bigint", "a number")]
for path in sys.argv[2:]:
    rows = engine.to_arrow(engine.read_parquet([path], N, source_file=True)).to_pylist()
    told[path] = [[row["n"], row["source_file"]] for row in rows]
everything = engine.read_parquet(sys.argv[2:], N, source_file=True)
told["all"] = sorted([row["n"], row["source_file"]] for row in engine.to_arrow(everything).to_pylist())
engine.close()
print("told " + json.dumps(told))
"""


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Each holds its own number; the folders are each other's patterns."""
    root = tmp_path_factory.mktemp("names")
    paths = [root / folder / name for folder in FOLDERS for name in NAMES if folder == "simX" or "\\" not in name]
    for n, path in enumerate(paths):
        path.parent.mkdir(exist_ok=True)
        pq.write_table(pa.table({"n": [n], "vehicle_id": [f"V{n}"], "trip_id": ["T"], "timestamp": [n]}), path)
    return paths


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["duckdb", pytest.param("spark", marks=pytest.mark.spark)])
def test_each_file_is_read_as_itself(files, engine):
    if engine == "spark":
        needs.spark()
    command = [sys.executable, "-c", PROGRAM, engine, *map(str, files)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    told = json.loads(done.stdout.rsplit("told ", 1)[1])
    wanted = {str(path): [[n, path.name]] for n, path in enumerate(files)}
    assert told.pop("all") == [row for rows in wanted.values() for row in rows]
    assert told == wanted


def test_what_cannot_be_told_apart_from_a_pattern_is_refused(tmp_path):
    from pothole.engines.duckdb import DuckDBEngine
    from pothole.errors import BadInputError

    with pytest.raises(BadInputError, match="both a backslash and one of"):
        DuckDBEngine(threads=1).keys_are_unique([f"{tmp_path}/sim[X]/a\\b.parquet"])


def test_batches_and_keys_are_of_the_files_themselves(engine, files):
    odd = [str(path) for path in files if path.name.startswith("[")]
    assert engine.batches(odd, [1] * len(odd), target_rows=2) == [odd[i : i + 2] for i in range(0, len(odd), 2)]
    assert all(engine.keys_are_unique([path]) for path in odd)


def test_a_partition_is_written_and_read_where_its_folder_looks_like_a_pattern(engine, frame, tmp_path):
    for name in ("laker", "lake[r]"):
        (tmp_path / name).mkdir()
        written = engine.write_parquet(frame(a=[name]), str(tmp_path / name))
        assert [row["a"] for row in written.collect()] == [name]
