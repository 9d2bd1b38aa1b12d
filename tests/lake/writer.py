"""A process that publishes a day again and again, for tests that read meanwhile or kill it."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

from pothole.lake import open_lake
from tests.lake.samples import publish


def publish_forever(uri: str, first: int, environment: dict[str, str], started: Connection) -> None:
    """Publish the versions from ``first`` on, and tell which is about to be written."""
    import os

    os.environ.update(environment)
    lake = open_lake(uri)
    for version in range(first, first + 1_000_000):
        started.send(version)
        publish(lake, version)


@contextmanager
def writing(uri: str, first: int, environment: dict[str, str]) -> Iterator[tuple[BaseProcess, Connection]]:
    """Such a process and the line on which it tells; killed at the end if it still lives.

    The processes are forked from a server that has imported what they need, so each starts within milliseconds.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.lake.writer", "pyarrow.parquet", "pandas", "s3fs"])
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=publish_forever, args=(uri, first, environment, there), daemon=True)
    process.start()
    there.close()
    try:
        yield process, here
    finally:
        process.kill()
        process.join()
