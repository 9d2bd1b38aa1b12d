"""Readers see the old version or the new one while a day is replaced, never a mixture."""

from __future__ import annotations

import os
import threading
import time

import pytest

from pothole.lake import Lake, open_lake
from tests.lake.conftest import KEYS
from tests.lake.samples import BOTH, publish, version_of
from tests.lake.writer import writing


class Reader(threading.Thread):
    """Reads until told to stop; what it saw, or what went wrong."""

    def __init__(self, uri: str, dataset: str, stop: threading.Event) -> None:
        super().__init__()
        self.lake, self.dataset, self.stop = open_lake(uri), dataset, stop
        self.seen: list[int] = []
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            while not self.stop.is_set():
                self.seen.append(version_of(self.lake, self.dataset))
        except BaseException as error:
            self.error = error


@pytest.mark.slow
def test_readers_see_whole_versions_in_their_order(lake: Lake) -> None:
    publish(lake, 1)
    stop = threading.Event()
    environment = {key: os.environ[key] for key in (*KEYS, "AWS_ENDPOINT_URL") if key in os.environ}
    readers = [Reader(lake.uri, dataset, stop) for dataset in (*BOTH, *BOTH)]
    with writing(lake.uri, 2, environment) as (_, line):
        assert line.poll(60)
        for reader in readers:
            reader.start()
        enough = 2 if lake.storage.remote else 10
        deadline = time.monotonic() + 120
        while any(reader.is_alive() and len(set(reader.seen)) <= enough for reader in readers):
            assert time.monotonic() < deadline, "hardly anything was replaced while it was read"
            time.sleep(0.05)
        stop.set()
        for reader in readers:
            reader.join()
    for reader in readers:
        assert reader.error is None, reader.error
        assert reader.seen == sorted(reader.seen)
        assert len(set(reader.seen)) > enough
