"""What tests share: an engine (the embedded one, or by ``--engine`` Spark), and small frames by column."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from pothole import engines
from tests.servers import s3a, shared, warden

Frame = Callable[..., Any]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--engine", choices=engines.ENGINES, default="duckdb", help="what executes the stages' functions")
    parser.addoption("--ran", type=Path, help="file to write which of the stages' functions were called")


def pytest_configure(config: pytest.Config) -> None:
    os.environ |= s3a.SHORT_LIVED
    made = shared.make()
    warden.watch(*([made] if made else []))
    if config.getoption("--ran"):
        stages, called = f"{Path('pothole', 'stages')}{os.sep}", set[str]()

        def note(frame: Any, event: str, _: Any) -> None:
            if event == "call" and stages in frame.f_code.co_filename:
                called.add(f"{Path(frame.f_code.co_filename).stem}.{frame.f_code.co_name}")

        sys.setprofile(note)
        config.add_cleanup(lambda: config.getoption("--ran").write_text("\n".join(sorted(called))))


#: Files whose tests share Airflow's services, which are dear to start.
AIRFLOWS = {f"tests/airflow/test_{name}.py" for name in ("operators_day", "run_without_tasks", "scheduler")}


def scope_of(nodeid: str) -> str:
    """Side by side (``--dist loadgroup``) the tests of one scope run on one worker, one after the other."""
    file = nodeid.partition("::")[0]
    return "airflow's services" if file in AIRFLOWS else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """By ``scope_of``: xdist 3.8 loses its own groups, since pytest 9 no longer reads the ids that it changes."""
    from xdist.scheduler import LoadScopeScheduling

    class Scopes(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return scope_of(nodeid)

    return Scopes(config, log) if config.getoption("dist") == "loadgroup" else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The scopes that take longest come first, so that one worker does not wait for the other at the end.

    Within a scope the order stays.
    """
    turns: dict[str, int] = {}
    for item in items:
        scope = scope_of(item.nodeid)
        turns[scope] = min(turns.get(scope, _LAST), _turn(scope, {mark.name for mark in item.iter_markers()}))
    items.sort(key=lambda item: (turns[scope_of(item.nodeid)], scope_of(item.nodeid)))


_LAST = 4


def _turn(scope: str, marks: set[str]) -> int:
    first = [scope == "airflow's services", {"airflow", "spark"} <= marks, "spark" in marks, "airflow" in marks]
    return first.index(True) if True in first else _LAST


@pytest.fixture(scope="session")
def engine(pytestconfig: pytest.Config) -> Iterator[engines.Engine]:
    started = started_engine(pytestconfig.getoption("--engine"))
    yield started
    started.close()


def started_engine(name: str) -> Any:
    if name == "spark":
        from pothole.engines.spark import SparkEngine, session

        small = {"spark.ui.enabled": "false", "spark.sql.shuffle.partitions": "1", "spark.default.parallelism": "1"}
        return SparkEngine(session(master="local[1]", options=small))
    engine = engines.start("duckdb", threads=2)
    engine.activate()  # type: ignore[attr-defined]
    return engine


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
