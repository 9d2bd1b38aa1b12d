"""What tests share: the embedded engine (one a process), and small frames by column."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pyarrow as pa
import pytest

from pothole import engines

Frame = Callable[..., Any]


@pytest.fixture(scope="session")
def engine() -> Iterator[engines.Engine]:
    started = engines.start("duckdb", threads=2)
    started.activate()
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
