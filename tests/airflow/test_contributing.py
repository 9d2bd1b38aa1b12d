"""CONTRIBUTING's way to a running Airflow, line by line as it stands, in a folder that has what a clone has."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import needs
from tests.cli.test_airflow_services import at_work
from tests.docs.pages import ROOT, blocks
from tests.servers.airflow import DAG_ID
from tests.servers.moto import free_port

pytestmark = [pytest.mark.slow, pytest.mark.airflow]
PREFIXES = ("AIRFLOW", "AWS_", "MASTER_", "WORKER", "SPARK_", "S3_")


@pytest.fixture
def clone(tmp_path: Path) -> Iterator[Path]:
    """Links to the DAG files and this environment; at the end no service is left."""
    (tmp_path / "airflow_service").symlink_to(ROOT / "airflow_service")
    (tmp_path / ".venv").symlink_to(sys.prefix)
    yield tmp_path
    left = at_work(tmp_path / "out" / "airflow")
    for process in left:
        process.kill()
    assert not left, "services were left"


def test_from_a_clone_to_a_running_airflow(clone: Path):
    for program in ("bash", "ssh-keygen"):
        needs.program(program)
    (block,) = (text for text in blocks("CONTRIBUTING.md") if "pothole airflow up" in text)
    script = "set -euo pipefail\n" + block.replace("8080", str(free_port()))
    environ = {name: value for name, value in os.environ.items() if not name.startswith(PREFIXES)}
    environ |= {
        "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(free_port()),
        "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(free_port()),
        "COLUMNS": "200",
    }
    done = subprocess.run(
        ["bash", "-c", script], cwd=clone, env=environ, capture_output=True, text=True, check=False, timeout=400
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert "connection spark_master: " in done.stdout and "the user admin and its password" in done.stdout
    assert DAG_ID in done.stdout.split("Airflow is up")[1]
    assert "ended: api-server, scheduler, dag-processor, triggerer" in done.stdout
