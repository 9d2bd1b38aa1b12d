"""The servers that the DAG's tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

pytest.importorskip("airflow")
pytest.importorskip("asyncssh")

from tests.servers.moto import moto


@pytest.fixture(scope="session")
def aws() -> Iterator[str]:
    with moto() as endpoint:
        yield endpoint
