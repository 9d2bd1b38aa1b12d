"""`pothole airflow install` and the client against Airflow itself: its database, DAG processor and API server.

No scheduler runs, so that runs stay as they were made.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from pothole.cloud import airflow_api, trigger
from pothole.cloud.airflow_api import DAG_ID, AirflowApi, AirflowApiError
from tests import needs
from tests.servers.migrated import migrated
from tests.servers.moto import free_port

needs.module("airflow")
pytestmark = [pytest.mark.slow, pytest.mark.airflow]

ROOT = Path(__file__).parents[2]
DAY = "2026-02-12"
RUN = f"batch__{DAY}"
TASKS = {
    "check_s3_input", "start_cluster", "start_spark", "download_code", "run_stage1", "check_s3_stage1_out",
    "run_stage2", "check_s3_stage2_out", "stop_spark", "stop_cluster",
}  # fmt: skip


@dataclass
class Home:
    """AIRFLOW_HOME, the environment of its services, and where the API answers."""

    environ: dict[str, str]
    url: str

    def command(self, *arguments: str, status: int = 0) -> str:
        ran = subprocess.run(
            [sys.executable, "-m", *arguments], env=self.environ, cwd=ROOT, capture_output=True, text=True,
            timeout=180, check=False, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        assert ran.returncode == status, ran.stdout[-2000:] + ran.stderr[-2000:]
        return ran.stdout + ran.stderr

    def api(self, user: str = "officer", password: str = "a-secret-word") -> AirflowApi:
        login = {"AIRFLOW_USERNAME": user, "AIRFLOW_PASSWORD": password}
        return AirflowApi({"AIRFLOW_API_URL": self.url} | login)

    def call(self, method: str, path: str, content: object) -> None:
        self.api().call(method, path, content)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    folder, port = tmp_path_factory.mktemp("airflow"), free_port()
    (folder / "key").write_text("a private key")
    (folder / "passwords.json").write_text(json.dumps({"officer": "a-secret-word", "looker": "another-word"}))
    own = {
        "AIRFLOW_HOME": str(folder / "home"), "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": "officer:op,looker:viewer",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(folder / "passwords.json"),
        "AIRFLOW__API__WORKERS": "1", "AIRFLOW__API_AUTH__JWT_SECRET": "a secret of these tests alone. " * 3,
        "AWS_REGION": "us-east-1", "S3_BUCKET": "roads", "MASTER_INSTANCE_ID": "i-0123456789abcdef0",
        "WORKER1_INSTANCE_ID": "i-0123456789abcdef1", "MASTER_PRIVATE_IP": "10.0.0.5",
        "SPARK_SSH_KEY_FILE": str(folder / "key"), "SPARK_MASTER_HOST_KEY": "ssh-ed25519 AAAA",
    }  # fmt: skip
    made = Home(os.environ | own, f"http://127.0.0.1:{port}")
    migrated(folder / "home")
    with api_server(made, port, folder / "api-server.log"):
        yield made


@contextmanager
def api_server(made: Home, port: int, log: Path) -> Iterator[None]:
    command = [sys.executable, "-m", "airflow", "api-server", "--host", "127.0.0.1", "--port", str(port)]
    with log.open("wb") as out:
        process = subprocess.Popen(command, env=made.environ, stdout=out, stderr=subprocess.STDOUT)
    try:
        deadline = time.monotonic() + 90
        while True:
            try:
                urllib.request.urlopen(f"{made.url}/api/v2/version", timeout=5).close()
                break
            except OSError:
                assert process.poll() is None and time.monotonic() < deadline, log.read_text()[-2000:]
                time.sleep(0.5)
        yield
    finally:
        process.terminate()
        process.wait(30)


@pytest.fixture(scope="module")
def installed(home: Home) -> Home:
    """The DAG is linked, its connection registered, both known to Airflow."""
    with pytest.raises(AirflowApiError, match=r"answers 404.*\n.*is the DAG loaded") as told:
        home.api().check_ready()
    assert "pothole airflow install" in str(told.value)
    said = home.command("pothole", "airflow", "install")
    assert "connection spark_master: ec2-user@10.0.0.5:22" in said and "pothole_pipeline_dag.py ->" in said
    home.command("airflow", "dag-processor", "--num-runs", "1")
    with pytest.raises(AirflowApiError, match="is paused"):
        trigger.trigger(home.api(), DAY, force=False, wait=False, say=print)
    home.call("PATCH", f"/dags/{DAG_ID}", {"is_paused": False})
    return home


def test_installed_twice_is_as_it_should_be_and_nothing_is_overwritten_unasked(installed):
    said = installed.command("pothole", "airflow", "install")
    assert "is linked already" in said and "connection spark_master is as the environment says" in said
    other = Home(installed.environ | {"MASTER_PRIVATE_IP": "10.0.0.9"}, installed.url)
    assert "with another host: replace it?" in other.command("pothole", "airflow", "install", status=2)
    assert "ec2-user@10.0.0.9:22" in other.command("pothole", "airflow", "install", "--yes")


def test_who_may_not(installed):
    with pytest.raises(AirflowApiError, match="refuses the user officer or the password"):
        installed.api(password="wrong").run_of(DAY)
    with pytest.raises(AirflowApiError, match="wants a login"):
        AirflowApi({"AIRFLOW_API_URL": installed.url}).run_of(DAY)
    with pytest.raises(AirflowApiError, match="the token has expired or is of another Airflow"):
        AirflowApi({"AIRFLOW_API_URL": installed.url, "AIRFLOW_API_TOKEN": "old"}).run_of(DAY)
    looker = installed.api("looker", "another-word")
    assert looker.run_of("2026-01-01") is None
    with pytest.raises(AirflowApiError, match=r"answers 403.*\n.*may not do that"):
        looker.trigger("2026-01-01")


def test_the_doctor_asks_airflow(installed):
    login = {"AIRFLOW_API_URL": installed.url, "AIRFLOW_USERNAME": "officer", "AIRFLOW_PASSWORD": "a-secret-word"}
    only = [part for name in ("airflow-services", "airflow-login", "dag", "connection") for part in ("--only", name)]
    installed.command("pothole", "airflow", "install", "--yes")
    asking = Home(installed.environ | login | {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}, installed.url)
    told = asking.command("pothole", "doctor", DAY, "--json", *only, status=1)
    rows = {}
    for row in json.loads(told)["checks"]:
        rows.setdefault(row["check"], []).append((row["status"], row["found"]))
    down = [found for status, found in rows["airflow-services"] if status == "wrong"]
    assert [text.split(" is down")[0] for text in down] == ["the scheduler", "the dag-processor", "the triggerer"]
    assert [status for status, _ in rows["airflow-login"] + rows["dag"]] == ["ok", "ok"]
    assert rows["connection"][0][0] == "not checked", "the instances are not known without AWS"
    other = Home(asking.environ | {"SPARK_MASTER_HOST_KEY": "ssh-ed25519 BBBB"}, installed.url)
    told = other.command("pothole", "doctor", DAY, "--json", "--only", "connection", status=1)
    assert "host_key is ssh-ed25519 AAAA, expected ssh-ed25519 BBBB" in told


def test_one_run_a_date(installed, said):
    api = installed.api()

    def go(*, force: bool = False) -> bool:
        return trigger.trigger(api, DAY, force=force, wait=False, say=said.append)

    assert go() and go()
    assert set(api.tasks(RUN)) > TASKS
    run = api.get(RUN)
    assert (run.state, run.conf, run.logical_date) == ("queued", {"date": DAY}, datetime(2026, 2, 12, 1, tzinfo=UTC))
    with pytest.raises(airflow_api.ConflictError):
        api.trigger(DAY)
    for task in api.tasks(RUN):
        installed.call("PATCH", f"/dags/{DAG_ID}/dagRuns/{RUN}/taskInstances/{task}", {"new_state": "success"})
    installed.call("PATCH", f"/dags/{DAG_ID}/dagRuns/{RUN}", {"state": "success"})
    assert (api.get(RUN).state, set(api.tasks(RUN).values())) == ("success", {"success"})
    assert go()
    assert go(force=True)
    assert api.get(RUN).state == "queued"
    assert set(api.tasks(RUN).values()) == {None}, "all tasks run again"
    assert [line.split(":")[0] for line in said] == [
        f"{DAY} is triggered", f"{DAY} is running already", f"{DAY} has run already", f"{DAY} runs again"
    ]  # fmt: skip


def test_runs_that_others_started_count(installed):
    api = installed.api()
    runs = f"/dags/{DAG_ID}/dagRuns"
    installed.call("POST", runs, {"logical_date": None, "dag_run_id": "by-parameter", "conf": {"date": "2026-01-05"}})
    installed.call("POST", runs, {"logical_date": "2026-01-06T01:00:00Z", "dag_run_id": "as-scheduled"})
    installed.call("POST", runs, {"logical_date": None, "dag_run_id": "dateless"})
    yesterday = (datetime.now(ZoneInfo("Asia/Seoul")) - timedelta(days=1)).date().isoformat()
    found = [api.run_of(day) for day in ("2026-01-05", "2026-01-06", yesterday, "2026-01-07")]
    assert [run and run.run_id for run in found] == ["by-parameter", "as-scheduled", "dateless", None]
