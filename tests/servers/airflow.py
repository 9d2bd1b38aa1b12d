"""Airflow's real services (API server, scheduler, DAG processor, triggerer) in a home of their own, on a free port."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.servers.migrated import migrated
from tests.servers.moto import free_port

DAGS = Path(__file__).parents[2] / "airflow_service" / "dags"
DAG_ID = "pothole_pipeline_spark_standalone"
ENDED = ("success", "failed")
PARTS = ("metadatabase", "scheduler", "dag_processor", "triggerer")
LOGIN = {"AIRFLOW_USERNAME": "operator", "AIRFLOW_PASSWORD": "the password of these tests"}
"""What a client of the API sets in its environment."""


@dataclass
class Airflow:
    """A running Airflow: its environment, its command line, its API."""

    home: Path
    environ: dict[str, str]
    url: str
    services: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    _token: str | None = None

    def cli(self, *arguments: str, check: bool = True) -> str:
        """What an ``airflow`` command prints."""
        quiet = {"AIRFLOW__LOGGING__LOGGING_LEVEL": "ERROR", "PYTHONWARNINGS": "ignore"}
        ran = subprocess.run(
            [sys.executable, "-m", "airflow", *arguments],
            env=self.environ | quiet, capture_output=True, text=True, timeout=180, check=False,
        )  # fmt: skip
        if check and ran.returncode:
            raise AssertionError(f"airflow {' '.join(arguments)}: {ran.stdout[-1500:]} {ran.stderr[-1500:]}")
        return ran.stdout

    def start(self, service: str, *arguments: str) -> None:
        log = (self.home / f"{service}.log").open("ab")
        self.services[service] = subprocess.Popen(
            [sys.executable, "-m", "airflow", service, *arguments],
            env=self.environ, stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip

    def kill(self, service: str, how: int = signal.SIGKILL) -> None:
        """End a service with all its children."""
        process = self.services.pop(service)
        try:
            os.killpg(process.pid, how)
        except ProcessLookupError:
            return
        process.wait(30)

    def api(self, method: str, path: str, content: Any = None) -> Any:
        """A call of the public API, as an administrator."""
        if self._token is None:
            login = {"username": LOGIN["AIRFLOW_USERNAME"], "password": LOGIN["AIRFLOW_PASSWORD"]}
            self._token = str(_call("POST", f"{self.url}/auth/token", login)["access_token"])
        return _call(method, f"{self.url}/api/v2{path}", content, self._token)

    def runs(self) -> list[dict[str, Any]]:
        """All runs of the DAG, the newest last."""
        return list(self.api("GET", f"/dags/{DAG_ID}/dagRuns?limit=100&order_by=id")["dag_runs"])

    def states(self, run_id: str) -> dict[str, str]:
        """The run's tasks with their states."""
        found = self.api("GET", f"/dags/{DAG_ID}/dagRuns/{run_id}/taskInstances?limit=100")["task_instances"]
        return {t["task_id"]: str(t["state"]) for t in found}

    def kill_task(self, run_id: str, task_id: str) -> None:
        """End a running task's process as the kernel does when memory is short."""
        os.kill(self.api("GET", f"/dags/{DAG_ID}/dagRuns/{run_id}/taskInstances/{task_id}")["pid"], signal.SIGKILL)

    def trigger(self, date: str, run_id: str) -> None:
        body = {"logical_date": None, "dag_run_id": run_id, "conf": {"date": date}}
        self.api("POST", f"/dags/{DAG_ID}/dagRuns", body)

    def wait(self, run_id: str, seconds: float) -> str:
        """The run's state when it has ended."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            state = str(self.api("GET", f"/dags/{DAG_ID}/dagRuns/{run_id}")["state"])
            if state in ENDED:
                return state
            time.sleep(1)
        raise AssertionError(f"{run_id} has not ended in {seconds} s: {self.states(run_id)}")

    def log(self, task_id: str, run_id: str = "*") -> str:
        """All logs of a task, of one run or of all."""
        files = sorted(self.home.glob(f"logs/dag_id={DAG_ID}/run_id={run_id}/task_id={task_id}/attempt=*.log"))
        return "\n".join(f.read_text() for f in files)


@contextmanager
def airflow(folder: Path, environ: Mapping[str, str], dags: Path = DAGS) -> Iterator[Airflow]:
    """Started and healthy, with the DAG loaded and not paused; ended with exactly its own processes."""
    home, port = migrated(folder / "airflow"), free_port()
    own = {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(dags),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__PARALLELISM": "4",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": f"{LOGIN['AIRFLOW_USERNAME']}:admin",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(home / "passwords.json"),
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://localhost:{port}/execution/",
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__BASE_URL": f"http://localhost:{port}",
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__API_AUTH__JWT_SECRET": "a secret of these tests alone, of more than sixty-four characters......",
        "AIRFLOW__API__SECRET_KEY": "another secret of these tests",
        "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "600",  # a task reads the file itself
        "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(free_port()),
        "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(free_port()),
        "AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "10",
        "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD": "15",
        "AIRFLOW__SCHEDULER__SCHEDULER_HEARTBEAT_SEC": "3",
        "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.3",
        "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "20",
        "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "5",
    }
    made = Airflow(home, os.environ | dict(environ) | own, f"http://localhost:{port}")
    (home / "passwords.json").write_text(json.dumps({LOGIN["AIRFLOW_USERNAME"]: LOGIN["AIRFLOW_PASSWORD"]}))
    try:
        made.start("api-server", "--port", str(port))
        made.start("scheduler")
        made.start("dag-processor")
        made.start("triggerer")
        _until(lambda: _healthy(made), 90, "Airflow is healthy", made)
        _until(lambda: made.cli("dags", "unpause", "-y", DAG_ID, check=False).count(DAG_ID), 60, "the DAG loads", made)
        yield made
    finally:
        for service in list(made.services):
            made.kill(service, signal.SIGTERM if service == "api-server" else signal.SIGKILL)


def _healthy(made: Airflow) -> bool:
    try:
        health = _call("GET", f"{made.url}/api/v2/monitor/health")
    except (OSError, ValueError):
        return False
    return all(health[part]["status"] == "healthy" for part in PARTS)


def _until(good: Any, seconds: float, what: str, made: Airflow) -> None:
    deadline = time.monotonic() + seconds
    while not good():
        if time.monotonic() > deadline:
            logs = "\n".join(f"{p.name}: {p.read_text()[-1500:]}" for p in made.home.glob("*.log"))
            raise AssertionError(f"waited {seconds} s until {what}\n{made.cli('dags', 'list-import-errors')}\n{logs}")
        time.sleep(1)


def _call(method: str, url: str, content: Any = None, token: str | None = None) -> Any:
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    body = None if content is None else json.dumps(content).encode()
    request = urllib.request.Request(url, data=body, headers=headers, method=method)
    for pause_s in (1, 2, 4, 8, 0):
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            text = error.read()[:500]
            # SQLite, which the tests use, is locked now and then on a busy machine
            if error.code != 500 or b"Database error" not in text or not pause_s:
                raise AssertionError(f"{method} {url}: {error.code} {text!r}") from None
            time.sleep(pause_s)
    raise AssertionError("not reached")
