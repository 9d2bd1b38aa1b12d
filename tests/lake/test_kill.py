"""A writer that is killed at any moment leaves one complete version, and the next run goes on at once."""

from __future__ import annotations

import os
import random
import time
from contextlib import suppress
from multiprocessing.connection import Connection

import pytest

from pothole.lake import Lake
from pothole.lake.lock import lock_path
from tests.lake.conftest import KEYS
from tests.lake.samples import BOTH, DAY, PARTS, lying_there, publish, version_of
from tests.lake.writer import writing

KILLS = {"folder": 30, "s3": 12}


def told_last(line: Connection) -> int:
    version = 0
    with suppress(EOFError):
        while line.poll():
            version = line.recv()
    return version


def kill_after(lake: Lake, first: int, seconds: float) -> int:
    """Let a writer begin, kill it so much later; the version that it was writing."""
    environment = {key: os.environ[key] for key in (*KEYS, "AWS_ENDPOINT_URL") if key in os.environ}
    with writing(lake.uri, first, environment) as (process, line):
        for version in (first, first + 1):  # the first also opens connections; from the second on all are alike
            assert line.poll(60) and line.recv() == version
        time.sleep(seconds)
        assert process.is_alive(), "the writer ended by itself"
        process.kill()
        process.join()
        return max(first + 1, told_last(line))


@pytest.mark.slow
def test_a_killed_writer_leaves_one_complete_version(lake: Lake) -> None:
    remote = lake.storage.remote
    moments = random.Random(20260212)
    leftovers, versions_seen = 0, set()
    publish(lake, 1)
    last = 1
    for _ in range(KILLS["s3" if remote else "folder"]):
        writing_now = kill_after(lake, last + 1, moments.uniform(0.0, 1.0 if remote else 0.08))
        versions = [version_of(lake, dataset) for dataset in BOTH]
        assert all(last < version <= writing_now for version in versions)
        assert versions[0] - versions[1] in (0, 1), "datasets are published one after the other"
        files = {dataset: lake.published(dataset, DAY).files for dataset in BOTH}
        removed = [path for path in lake.repair() if path != lock_path(DAY)]
        for dataset in BOTH:
            assert lying_there(lake, f"{dataset}/dt={DAY}") == {"_manifest.json", *(f.path for f in files[dataset])}
            assert len(files[dataset]) == PARTS
        assert [version_of(lake, dataset) for dataset in BOTH] == versions
        leftovers += bool(removed)
        versions_seen.add(writing_now - versions[0])
        last = writing_now
    assert leftovers > 3 and versions_seen == {0, 1}, "the moments were such that nothing was ever interrupted"


def test_the_next_run_needs_no_repair(lake: Lake) -> None:
    publish(lake, 1)
    kill_after(lake, 2, 0.02)
    publish(lake, 1000)
    assert [version_of(lake, dataset) for dataset in BOTH] == [1000, 1000]
    assert lake.repair() == []
