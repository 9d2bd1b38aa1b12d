"""Layers that people write are read alike by both engines."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests import needs

pytestmark = [pytest.mark.slow, pytest.mark.spark]

#: Reads the layer of each lake, or what is wrong with it: an engine needs a process of its own.
PROGRAM = """
import json, sys
from pothole import engines
from pothole.errors import BadInputError
from pothole.lake import open_lake
from pothole.tables import SEGMENTS, SPEED_BUMPS

engine = engines.start(sys.argv[1], **({"master": "local[1]"} if sys.argv[1] == "spark" else {}))
told = []
for uri in sys.argv[2:]:
    lake = open_lake(uri)
    table = SPEED_BUMPS if lake.layer_files(SPEED_BUMPS) else SEGMENTS
    try:
        told.append(engine.to_arrow(engine.read_layer(lake, table)).to_pylist())
    except BadInputError as error:
        told.append(error.message)
engine.close()
print("told " + json.dumps(told))
"""
HEAD = "s_id,link_id,seq,start_lon,start_lat,end_lon,end_lat,road_name,road_grade\n"
GOOD = {
    "speed-bump/a.csv": "lon,lat,length_m,heading,kind\n127,37.5,NULL,90,NULL\n"
    + '127,37.6,,null,"null"\n127,37.7,4,, NULL\n',
    "speed-bump/b.csv": "lat,lon\n37.6,127\n",
    "road-network/segments.csv": HEAD + "007,01,0.0,127,37.5,127,37.5003,NULL,2.0\nb,01,1,127,37.5003,127,37.5006,,\n",
}
BAD = {  # the odd value, which both engines tell
    "abc": ("speed-bump/a.csv", "lon,lat,length_m\n127,37.5,\n127,37.5,abc\n"),
    "east": ("speed-bump/a.csv", "lon,lat\neast,37.5\n"),
    "lat": ("speed-bump/a.csv", "lon,lat\n127,nan\n"),
    "lon": ("speed-bump/a.csv", "lon,lat\n,37.5\n"),
    "main": ("road-network/segments.csv", HEAD + "a,a,0,127,37.5,127,37.5003,,main\n"),
    "road_grade": ("road-network/segments.csv", HEAD + "a,a,0,127,37.5,127,37.5003,,2.5\n"),
}


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Any]]:
    """What each engine tells of the good layers, each in a lake of its own, then of the bad ones."""
    needs.spark()
    lakes = []
    for path, text in [*GOOD.items(), *BAD.values()]:
        lake = tmp_path_factory.mktemp("lake")
        (lake / path).parent.mkdir()
        (lake / path).write_text(text)
        lakes.append(str(lake))
    told = {}
    for engine in ("duckdb", "spark"):
        command = [sys.executable, "-c", PROGRAM, engine, *lakes]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300, cwd=Path(lakes[0]))
        assert done.returncode == 0, done.stderr[-3000:]
        told[engine] = json.loads(done.stdout.rsplit("told ", 1)[1])
    return told


def test_good_layers_are_the_same_rows(read: dict[str, list[Any]]) -> None:
    duckdb, spark = (told[: len(GOOD)] for told in read.values())
    assert spark == duckdb
    assert [row["kind"] for row in duckdb[0]] == [None, None, " NULL"]
    assert [(row["s_id"], row["road_name"], row["road_grade"]) for row in duckdb[2]] == [
        ("007", None, 2),
        ("b", None, None),
    ]


def test_what_is_no_value_of_its_column_is_refused_by_both(read: dict[str, list[Any]]) -> None:
    for engine, told in read.items():
        for word, message in zip(BAD, told[len(GOOD) :], strict=True):
            assert isinstance(message, str) and word in message, (engine, word, message)
