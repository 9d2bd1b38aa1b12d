"""Both engines in one process."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from pothole.engines.duckdb import DuckDBEngine
from pothole.engines.sql import modules
from tests import needs
from tests.engines import both


@pytest.fixture(scope="module")
def on_duckdb() -> Iterator[SimpleNamespace]:
    engine = DuckDBEngine(threads=1)
    yield both.embedded(engine)
    engine.close()


@pytest.fixture(scope="module")
def on_spark() -> Iterator[SimpleNamespace]:
    needs.program("java")
    active = modules.is_active()
    modules.deactivate()
    needs.module("pyspark")
    from pothole.engines.spark import session

    quiet = {"spark.ui.enabled": "false", "spark.sql.shuffle.partitions": "2", "spark.default.parallelism": "1"}
    started = session(master="local[1]", options=quiet)
    yield both.spark(started)
    started.stop()
    if active:
        modules.activate()
