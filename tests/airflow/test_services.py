"""`pothole airflow up`, `services` and `down` with Airflow itself; other cases: tests/cli/test_airflow_services.py."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pothole.cloud import airflow_processes
from tests.cli.test_airflow_services import ALL, at_work
from tests.servers.moto import free_port

pytestmark = [pytest.mark.slow, pytest.mark.airflow]


def test_up_one_dies_down(tmp_path: Path):
    port = free_port()
    own = {
        "AIRFLOW_HOME": str(tmp_path), "AIRFLOW_API_URL": f"http://localhost:{port}",
        "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD": "15",
        "AIRFLOW__SCHEDULER__SCHEDULER_HEARTBEAT_SEC": "3",
        "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(free_port()),
        "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(free_port()),
    }  # fmt: skip

    def pothole(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "pothole", "airflow", *arguments]
        return subprocess.run(command, env=os.environ | own, capture_output=True, text=True, check=False, timeout=300)

    def states() -> dict[str, str]:
        return {s["name"]: s["state"] for s in json.loads(pothole("services", "--json").stdout)}

    try:
        up = pothole("up", "--detach", "--port", str(port))
        assert (up.returncode, "the user admin and its password" in up.stdout) == (0, True), up.stderr
        assert states() == dict.fromkeys(ALL, "up")
        scheduler = next(p for p in airflow_processes.known(tmp_path) if p.name == "scheduler")
        os.kill(scheduler.pid, signal.SIGKILL)
        deadline = time.monotonic() + 60
        while states() != dict.fromkeys(ALL, "up") | {"scheduler": "down"}:
            assert time.monotonic() < deadline, states()
            time.sleep(1)
    finally:
        down = pothole("down")
    assert down.stdout == "ended: api-server, dag-processor, triggerer\n"
    assert not at_work(tmp_path), "the workers of a scheduler that was killed are ended too"
