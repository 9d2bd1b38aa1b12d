"""What tests share: the embedded engine (one a process), and small frames by column."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import pyarrow as pa
import pytest

from pothole import engines
from tests.servers import s3a, shared, warden

Frame = Callable[..., Any]


def pytest_configure() -> None:
    os.environ |= s3a.SHORT_LIVED
    made = shared.make()
    warden.watch(*([made] if made else []))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Side by side (``--dist loadgroup``) a file's tests share a worker, unless a mark says more; long groups first."""
    for item in items:
        if item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(item.nodeid.partition("::")[0]))
    items.sort(key=_turn)


def _turn(item: pytest.Item) -> tuple[int, str]:
    """What takes longest comes first, so that one worker does not wait for the other at the end."""
    group = str(item.get_closest_marker("xdist_group").args[0])  # type: ignore[union-attr]
    marks = {mark.name for mark in item.iter_markers()}
    first = [group == "airflow's services", {"airflow", "spark"} <= marks, "spark" in marks, "airflow" in marks]
    return (first.index(True) if True in first else len(first), group)


@pytest.fixture(scope="session")
def engine() -> Iterator[engines.Engine]:
    started = engines.start("duckdb", threads=2)
    yield started
    started.close()


@pytest.fixture
def frame(engine: engines.Engine) -> Frame:
    """Makes a data frame of columns: ``frame(a=[1, 2], b=["x", "y"])``."""

    def make(**columns: Any) -> Any:
        return engine.from_arrow(pa.table(columns), "test")

    return make


@pytest.fixture
def rows(engine: engines.Engine) -> Callable[[Any], list[dict[str, Any]]]:
    """A frame's rows as dictionaries."""
    return lambda frame: engine.to_arrow(frame).to_pylist()
