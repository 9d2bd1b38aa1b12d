"""A suite that is ended from outside leaves no process behind: Airflow's services, Spark, moto, jobs on nodes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests import needs
from tests.servers import warden

ROOT = Path(__file__).parents[1]
JOB = '"setsid sleep 1000 > /dev/null 2>&1 < /dev/null &"'
CLUSTER = f"""
import os, time
from pathlib import Path
import pytest
from pothole.cloud import ssh
from pothole.cloud.settings import from_environment
from tests.servers import nodes, pipeline
from tests.servers.moto import moto
from tests.servers.warden import VARIABLE

def test_it(servers, tmp_path):
    (Path(os.environ["READY"]).with_suffix(".new")).write_text(os.environ[VARIABLE])
    os.rename(Path(os.environ["READY"]).with_suffix(".new"), os.environ["READY"])
    time.sleep(1000)

def job(cluster):
    settings = from_environment(cluster.environ)
    ips = dict(zip(cluster.instance_ids, [node.ip for node in cluster.nodes]))
    ssh.run(ssh.hosts(settings, ips)[0], {JOB})
"""
SMALL = """
@pytest.fixture
def servers(tmp_path):
    with moto() as aws, nodes.cluster(tmp_path, aws) as cluster:
        job(cluster)
        yield
"""
ALL = """
@pytest.fixture
def servers(tmp_path):
    from pyspark.sql import SparkSession
    with moto() as aws, pipeline.pipeline(tmp_path, aws) as made:
        job(made.cluster)
        spark = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false").getOrCreate()
        assert made.airflow.runs() is not None
        yield
        spark.stop()
"""


def suite(folder: Path, text: str, *options: str) -> tuple[subprocess.Popen[bytes], str]:
    """A run of pytest that is in the middle of its only test, and the mark of what it has started."""
    ready = folder / "ready"
    (folder / "test_inner.py").write_text(CLUSTER + text)
    command = [sys.executable, "-m", "pytest", "-c", str(ROOT / "pyproject.toml"), "--rootdir", str(ROOT)]
    command += ["-p", "tests.conftest", "-p", "no:cacheprovider", "--basetemp", str(folder / "tmp"), *options]
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    process = subprocess.Popen(
        [*command, str(folder / "test_inner.py")], cwd=ROOT, env=environ | {"READY": str(ready)},
        stdout=(folder / "out").open("wb"), stderr=subprocess.STDOUT,
    )  # fmt: skip
    deadline = time.monotonic() + 300
    while not ready.exists():
        assert process.poll() is None and time.monotonic() < deadline, (folder / "out").read_text()[-3000:]
        time.sleep(0.1)
    return process, ready.read_text()


def programs(mark: str) -> str:
    return "\n".join(Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ") for pid in warden.marked(mark))


def none_is_left(mark: str) -> None:
    deadline = time.monotonic() + 60
    while list(warden.marked(mark)):
        assert time.monotonic() < deadline, programs(mark)
        time.sleep(0.1)


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_moto_and_a_nodes_job(tmp_path: Path, how: signal.Signals) -> None:
    process, mark = suite(tmp_path, SMALL)
    running = programs(mark)
    assert "moto.server" in running and "sleep 1000" in running
    process.send_signal(how)
    process.wait(60)
    none_is_left(mark)


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.spark
@pytest.mark.airflow
def test_all_servers_of_a_suite_that_runs_side_by_side(tmp_path: Path) -> None:
    needs.spark()
    process, mark = suite(tmp_path, ALL, "-n", "2", "--dist", "loadgroup")
    running = programs(mark)
    for name in ("moto.server", "sleep 1000", "airflow scheduler", "airflow triggerer", "api", "java"):
        assert name in running, running
    process.send_signal(signal.SIGTERM)
    process.wait(60)
    none_is_left(mark)
