"""``pothole airflow up``, ``down`` and ``services``, with small programs in place of Airflow's.

With Airflow itself: tests/airflow/test_services.py.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from pothole.cloud import airflow_health, airflow_processes, sessions
from tests.servers.fake_airflow import fake_airflow
from tests.servers.moto import free_port

FAKES = Path(__file__).parents[1] / "servers" / "fake_services"
pytestmark = pytest.mark.slow
ALL = ["api-server", "scheduler", "dag-processor", "triggerer"]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """AIRFLOW_HOME of the stand-ins; none of them may be left at the end."""
    (tmp_path / "plan").mkdir()
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", str(FAKES))
    monkeypatch.setenv("COLUMNS", "200")
    yield tmp_path
    left = at_work(tmp_path)
    for process in left:
        process.kill()
    assert not left, "processes were left"


def at_work(home: Path) -> list[psutil.Process]:
    """Processes that were started with this home, the test's own excepted."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.pid != os.getpid() and process.environ().get("AIRFLOW_HOME") == str(home):
                found.append(process)
        except psutil.Error:
            continue
    return [process for process in found if process.is_running() and process.status() != psutil.STATUS_ZOMBIE]


@pytest.fixture
def pothole(home: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    def go(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "pothole", *arguments]
        return subprocess.run(
            command, env=os.environ | environ, capture_output=True, text=True, check=False, timeout=60
        )

    return go


def foreground(*arguments: str) -> subprocess.Popen[str]:
    """`pothole airflow up`, when it has said that all is up.

    As at a terminal: tests that a shell has put into the background would hand on that Ctrl-C is ignored.
    """
    command = [sys.executable, "-m", "pothole", "airflow", "up", *arguments]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    assert process.stdout
    for line in process.stdout:
        if "Ctrl-C ends it" in line:
            return process
    raise AssertionError(f"up has ended with {process.wait()}")


def test_in_the_background_until_down(pothole, home):
    port = str(free_port())
    up = pothole("airflow", "up", "--detach", "--port", port)
    assert up.returncode == 0, up.stderr
    assert [line for line in up.stdout.splitlines() if line.endswith(" is up")] == [f"{name} is up" for name in ALL]
    assert f"Airflow is up: http://localhost:{port}" in up.stdout
    assert len(at_work(home)) == 4
    told = pothole("airflow", "services", "--json", AIRFLOW_API_URL=f"http://localhost:{port}")
    assert (told.returncode, {s["name"]: s["state"] for s in json.loads(told.stdout)}) == (0, dict.fromkeys(ALL, "up"))
    again = pothole("airflow", "up", "--port", port)
    assert (again.returncode, "is running already" in again.stderr) == (2, True)
    down = pothole("airflow", "down")
    assert (down.returncode, down.stdout) == (0, f"ended: {', '.join(ALL)}\n")
    assert not at_work(home)
    assert "nothing was running" in pothole("airflow", "down").stdout


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_in_the_foreground_until_a_signal(home, how):
    up = foreground("--port", str(free_port()))
    bystander = subprocess.Popen(["sleep", "60"], env={"PATH": os.environ["PATH"]}, start_new_session=True)
    up.send_signal(how)
    said, _ = up.communicate(timeout=40)
    assert (up.returncode, "ending Airflow's services" in said, "Traceback" in said) == (0, True, False)
    assert (at_work(home), bystander.poll()) == ([], None)
    bystander.kill()
    bystander.wait()


def test_down_ends_one_in_the_foreground_too(pothole, home):
    up = foreground("--port", str(free_port()))
    assert pothole("airflow", "down").returncode == 0
    assert up.wait(20) == 0


def test_a_service_that_dies_is_told_and_the_others_are_ended(home):
    up = foreground("--port", str(free_port()))
    scheduler = next(p for p in airflow_processes.known(home) if p.name == "scheduler")
    os.kill(scheduler.pid, signal.SIGKILL)
    said, _ = up.communicate(timeout=40)
    assert (up.returncode, "scheduler has ended" in said) == (1, True), said
    assert not at_work(home)


def test_one_that_cannot_start(pothole, home):
    (home / "plan" / "dag-processor").write_text("fail")
    up = pothole("airflow", "up", "--detach", "--port", str(free_port()))
    assert (up.returncode, "dag-processor has ended: cannot reach the database" in up.stderr) == (1, True), up.stderr
    assert str(home / "logs/services/dag-processor.log") in up.stderr.replace("\n", "")
    assert not at_work(home) and not (home / "pothole-services.json").exists()


def test_one_that_never_gets_healthy(home, monkeypatch):
    (home / "plan" / "triggerer").write_text("silent")
    monkeypatch.setattr(airflow_processes, "_HEALTHY_SECONDS", 2.0)
    environ = airflow_processes.environment(os.environ, free_port())
    with pytest.raises(airflow_processes.PipelineFailure, match="after 2 s not healthy: triggerer"):
        airflow_processes.start(environ, print)
    assert not at_work(home)


def test_children_that_do_not_listen_are_ended_too(pothole, home, monkeypatch):
    (home / "plan" / "scheduler").write_text("stubborn")
    assert pothole("airflow", "up", "--detach", "--port", str(free_port())).returncode == 0
    assert len(at_work(home)) == 5
    monkeypatch.setattr(sessions, "_END_SECONDS", 1.0)
    airflow_processes.end(airflow_processes.known(home), home)
    assert not at_work(home)


def test_a_port_that_is_taken(pothole, home):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        up = pothole("airflow", "up", "--port", port)
    assert (up.returncode, f"port {port} cannot be had" in up.stderr, "--port" in up.stderr) == (2, True, True)


def test_an_id_that_was_used_again_is_left_alone(pothole, home):
    other = subprocess.Popen(["sleep", "60"], env={"PATH": os.environ["PATH"]}, start_new_session=True)
    left = [{"name": "scheduler", "pid": other.pid, "started": "1"}]
    (home / "pothole-services.json").write_text(json.dumps(left))
    assert "nothing was running" in pothole("airflow", "down").stdout
    assert other.poll() is None
    other.kill()
    other.wait()


def test_a_damaged_record(pothole, home):
    (home / "pothole-services.json").write_text("{")
    down = pothole("airflow", "down")
    assert (down.returncode, "is damaged" in down.stderr) == (2, True)


def test_what_the_operator_has_set_is_left(home):
    environ = airflow_processes.environment({"AIRFLOW__API__BASE_URL": "https://airflow.example", "PATH": "/bin"}, 8081)
    assert (environ["AIRFLOW__API__BASE_URL"], environ["AIRFLOW__API__PORT"]) == ("https://airflow.example", "8081")
    assert environ["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"] == "http://localhost:8081/execution/"


def test_services_that_are_down_and_how_to_start_them(pothole, home, tmp_path):
    port = free_port()
    environ = airflow_processes.environment(os.environ, port)
    (home / "plan" / "triggerer").write_text("silent")
    log = tmp_path / "log"
    made = [
        sessions.spawn(name, [sys.executable, "-m", "airflow", name], environ, log)
        for name in ("api-server", "scheduler", "triggerer")
    ]
    url = f"http://localhost:{port}"
    try:
        deadline = time.monotonic() + 20
        while [s.state for s in airflow_health.services({"AIRFLOW_API_URL": url})] != ["up", "up", "down", "down"]:
            assert time.monotonic() < deadline, airflow_health.services({"AIRFLOW_API_URL": url})
            time.sleep(0.2)
        (tmp_path / "airflow@.service").touch()
        found = {s.name: s.start for s in airflow_health.services({"AIRFLOW_API_URL": url}, tmp_path)}
        told = pothole("airflow", "services", AIRFLOW_API_URL=url)
    finally:
        sessions.end(made)
    assert found == {
        "api-server": None, "scheduler": None,
        "dag-processor": "systemctl restart airflow@dag-processor", "triggerer": "systemctl restart airflow@triggerer",
    }  # fmt: skip
    assert (told.returncode, "last heard of at 2026-02-12 01:02:03 UTC" in told.stdout) == (1, True), told.stdout
    assert "never heard of" in told.stdout and "pothole airflow up" in told.stdout


def test_without_an_api_server_the_others_are_not_known(run, monkeypatch):
    monkeypatch.setenv("AIRFLOW_API_URL", f"http://localhost:{free_port()}")
    done = run("airflow", "services", "--json")
    assert (done.status, [s["state"] for s in json.loads(done.text)]) == (1, ["down", *["unknown"] * 3])


def test_something_else_that_answers(run, monkeypatch):
    with fake_airflow() as server:
        server.broken = [(200, b"<html>")]
        monkeypatch.setenv("AIRFLOW_API_URL", server.url)
        done = run("airflow", "services")
    assert (done.status, "is not Airflow" in done.text) == (1, True)


def test_processes_that_down_has_just_ended_have_not_died(home, monkeypatch):
    from pothole.cli.airflow_services import _follow

    gone = sessions.Process("scheduler", 2**22 + 1, "1")
    told = iter([[gone], []])
    monkeypatch.setattr(airflow_processes, "known", lambda _: next(told, []))
    airflow_processes.log(home, "").parent.mkdir(parents=True)
    airflow_processes.log(home, "scheduler").touch()
    _follow([gone], home)
