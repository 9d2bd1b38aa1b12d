"""A stopped cluster of three SSH nodes and their instances, one a test; the servers behind them are shared."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pothole.cloud.airflow_api import AirflowApi
from pothole.cloud.settings import CloudSettings, from_environment
from tests import needs
from tests.servers import day
from tests.servers.fake_airflow import FakeAirflow, environment, fake_airflow
from tests.servers.moto import moto

needs.module("asyncssh")
needs.module("boto3")

from tests.servers import nodes


@pytest.fixture(scope="session")
def aws() -> Iterator[str]:
    with moto() as endpoint:
        yield endpoint


@pytest.fixture(scope="session")
def small_lake() -> Path:
    """A day of ten trips that the embedded engine has run."""
    return day.small_lake()


@pytest.fixture
def server() -> Iterator[FakeAirflow]:
    with fake_airflow() as made:
        yield made


@pytest.fixture
def api(server: FakeAirflow) -> AirflowApi:
    return AirflowApi(environment(server))


@pytest.fixture
def cluster(tmp_path: Path, aws: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[nodes.Cluster]:
    with nodes.cluster(tmp_path, aws) as made:
        for name, value in made.environ.items():
            monkeypatch.setenv(name, value)
        yield made


@pytest.fixture
def settings(cluster: nodes.Cluster) -> CloudSettings:
    return from_environment(cluster.environ)


@pytest.fixture
def said() -> list[str]:
    """What was told on the way: pass ``said.append``."""
    return []
