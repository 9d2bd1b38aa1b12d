"""Repair removes what killed runs left and nothing else."""

from __future__ import annotations

import json
import os
import time

import pytest

from pothole.errors import BadInputError
from pothole.lake import Lake
from pothole.lake.lock import lock_path
from pothole.lake.process import this_process
from tests.lake.samples import BOTH, DAY, lying_there, publish, put_raw, version_of, write_parts

FOLDER = f"{BOTH[0]}/dt={DAY}"
OTHER_DAY = "2026-02-13"


def leave_behind(lake: Lake, date: str) -> list[str]:
    """What killed runs may leave; paths as repair names them."""
    folder = f"{BOTH[0]}/dt={date}"
    for path in (
        f"{folder}/run-dead/part-00000.parquet",
        f"{folder}/run-dead/.x.tmp",
        f"{folder}/._manifest.json.1.tmp",
    ):
        lake.storage.write(path, b"half")
    lake.storage.write(f"runs/dt={date}/r/.stage1.json.2.tmp", b"{")
    lake.storage.write(f"scratch/dt={date}/dead-stage1/kept-1/part-00000.parquet", b"half")
    lake.storage.write(lock_path(date), json.dumps({"run_id": "dead", "expires_at": 1.0}).encode())
    return sorted(
        [
            f"{folder}/run-dead",
            f"{folder}/._manifest.json.1.tmp",
            f"runs/dt={date}/r/.stage1.json.2.tmp",
            f"scratch/dt={date}/dead-stage1",
            lock_path(date),
        ]
    )


def test_leftovers_go_and_the_published_stays(lake: Lake) -> None:
    publish(lake, 1)
    raw = put_raw(lake, "run-me.parquet")
    before = lying_there(lake, "")
    left = leave_behind(lake, DAY)
    assert sorted(lake.repair()) == left
    assert lying_there(lake, "") == before and lake.fs.exists(raw)
    assert [version_of(lake, dataset) for dataset in BOTH] == [1, 1]
    assert lake.repair() == []


def test_half_written_raw_files_and_locks_go_once_nobody_writes_them(lake: Lake) -> None:
    raw = put_raw(lake)
    half = [f"raw-sensor-data/dt={DAY}/.a.parquet.0123abcd.tmp", f"locks/.dt={DAY}.json.0123abcd.tmp"]
    others = [f"raw-sensor-data/dt={DAY}/theirs.tmp", f"locks/.dt={OTHER_DAY}.json.0123abcd.tmp"]
    for path in half + others:
        lake.storage.write(path, b"half")
    if not lake.storage.remote:
        assert lake.repair(DAY) == [], "an ingest may be writing them"
        for path in half + others:
            os.utime(lake.storage.absolute(path), (1.0, time.time() - 3700))
    assert sorted(lake.repair(DAY)) == sorted(half)
    assert lake.fs.exists(raw) and {path for path, _ in lake.storage.files("")} > set(others)


def test_one_date_or_all(lake: Lake) -> None:
    left = {date: leave_behind(lake, date) for date in (DAY, OTHER_DAY)}
    assert sorted(lake.repair(DAY)) == left[DAY]
    assert sorted(lake.repair()) == left[OTHER_DAY]


def test_a_partition_that_was_never_published(lake: Lake) -> None:
    lake.storage.write(f"{FOLDER}/run-first/part-00000.parquet", b"half")
    assert lake.repair() == [f"{FOLDER}/run-first"]
    assert lying_there(lake, BOTH[0]) == set()


def test_scratch_is_found_by_its_own_date(lake: Lake) -> None:
    lake.storage.write(f"scratch/dt={DAY}/dead-stage1/kept-1/part-00000.parquet", b"half")
    assert lake.repair(OTHER_DAY) == []
    with lake.lock(DAY, "living"):
        assert Lake(lake.storage).repair() == [], "it may be the living run's"
    assert lake.repair() == [f"scratch/dt={DAY}/dead-stage1"]


def test_what_a_living_run_is_writing_stays(lake: Lake) -> None:
    publish(lake, 1)
    with lake.publishing("living", DAY) as publication:
        write_parts(publication.local_target(BOTH[0]), BOTH[0], 2)
        lake.storage.write(f"{FOLDER}/run-living/part-00007.parquet", b"being written")
        assert Lake(lake.storage).repair() == []
        lake.storage.delete(f"{FOLDER}/run-living/part-00007.parquet")
        publication.commit(BOTH[0], inputs=[], code_version="test", config_hash="0")
    assert version_of(lake, BOTH[0]) == 2


def test_the_lock_of_a_living_run_elsewhere_stays(lake: Lake) -> None:
    left = leave_behind(lake, DAY)
    living = {"run_id": "x", **this_process(), "host": "elsewhere", "expires_at": time.time() + 100}
    lake.storage.write(lock_path(DAY), json.dumps(living).encode())
    before = lying_there(lake, "")
    assert lake.repair() == [] and left
    assert lying_there(lake, "") - {"locks/.guard"} == before - {"locks/.guard"}


def test_the_state_of_a_date(lake: Lake) -> None:
    assert lake.states() == []
    publish(lake, 1)
    put_raw(lake)
    leave_behind(lake, DAY)
    lake.storage.write(f"{BOTH[1]}/dt={DAY}/_manifest.json", b"{}")
    (state,) = lake.states()
    assert (state.date, state.raw_files, state.lock_expired) == (DAY, 1, True)
    assert state.holder is not None and state.holder["run_id"] == "dead"
    good, damaged = state.partitions
    assert good.manifest is not None and good.manifest.run_id == "run-000001" and good.problem is None
    assert good.leftovers == (f"{FOLDER}/run-dead", f"{FOLDER}/._manifest.json.1.tmp")
    assert damaged.manifest is None and "not a valid manifest" in str(damaged.problem) and damaged.leftovers == ()
    assert lake.states("2026-03-01") == []


def test_run_records(lake: Lake) -> None:
    assert lake.run_records(DAY) == []
    for run_id, stage in (("b", "stage1"), ("a", "stage2"), ("a", "stage1")):
        lake.write_run_record(DAY, run_id, stage, {"run_id": run_id, "stage": stage, "where": "서울"})
    assert [(r["run_id"], r["stage"]) for r in lake.run_records(DAY)] == [
        ("a", "stage1"),
        ("a", "stage2"),
        ("b", "stage1"),
    ]
    assert lake.run_records(DAY)[0]["where"] == "서울"
    lake.storage.write(f"runs/dt={DAY}/c/stage1.json", b"[]")
    with pytest.raises(BadInputError, match=r"runs/dt=2026-02-12/c/stage1\.json is not a run record"):
        lake.run_records(DAY)
