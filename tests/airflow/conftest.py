"""The servers that the DAG's tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests import needs

needs.module("airflow")
needs.module("asyncssh")

from tests.servers.moto import moto
from tests.servers.pipeline import Pipeline, pipeline


@pytest.fixture(scope="session")
def aws() -> Iterator[str]:
    with moto() as endpoint:
        yield endpoint


@pytest.fixture(scope="package")
def servers(tmp_path_factory: pytest.TempPathFactory, aws: str) -> Iterator[Pipeline]:
    with pipeline(tmp_path_factory.mktemp("pipeline"), aws) as running:
        yield running


@pytest.fixture
def stage(servers: Pipeline) -> Iterator[Pipeline]:
    """The servers on a good day. Whatever the test does, all machines must be off at its end, and no stage at work."""
    servers.reset()
    yield servers
    assert set(servers.cluster.states()) == {"stopped"}, "machines were left on"
    assert not servers.at_work()
