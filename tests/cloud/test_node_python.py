"""A stage on a node whose ``python3`` is too old: with what spark-env.sh gives, and nothing else in the environment."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from pothole.cloud import build
from pothole.cloud.settings import from_environment
from tests import needs
from tests.servers import nodes, old_python
from tests.servers.day import DAY

ROOT = Path(__file__).parents[2]
pytestmark = [pytest.mark.slow, pytest.mark.spark]
ENVIRONMENT = {
    "AWS_REGION": "ap-northeast-2", "S3_BUCKET": "roads", "MASTER_INSTANCE_ID": "i-0123456789abcdef0",
    "MASTER_PRIVATE_IP": "10.0.0.5", "WORKER1_INSTANCE_ID": "i-0123456789abcdef1",
}  # fmt: skip
PROBE = """
import sys
from pyspark.sql import SparkSession
import pothole.cluster, pothole.pipeline, pothole.stages.stage1, pothole.stages.stage2
session = SparkSession.builder.getOrCreate()
there = session.sparkContext.parallelize([0], 1).map(lambda _: __import__("sys").executable).collect()
print("ran by", sys.executable, *there)
"""


@pytest.fixture
def node(tmp_path: Path) -> dict[str, str]:
    """The environment of such a node's shell: a PATH with the old Python first, and Spark below ``tmp_path/spark``."""
    needs.spark()
    if not old_python.real(tmp_path / "bin"):
        old_python.stand_in(tmp_path / "bin")
    old_python.tools(tmp_path / "tools")
    (tmp_path / "bin" / "python3.11").symlink_to(old_python.base())
    (tmp_path / "spark" / "conf").mkdir(parents=True)
    for part in ("bin", "jars", "python"):
        (tmp_path / "spark" / part).symlink_to(Path(nodes.pyspark_home()) / part)
    shell = {"PATH": f"{tmp_path / 'bin'}:{tmp_path / 'tools'}"}
    script = (
        f". {ROOT}/infra/spark/boot.sh; install_python\n"
        'JAVA_HOME=$(dirname "$(dirname "$(readlink -f "$(command -v java)")")")\n'
        f"write_spark_env {tmp_path}/spark/conf/spark-env.sh"
    )
    subprocess.run(["bash", "-c", script], env=shell, check=True)
    return shell


def submit(spark: Path, shell: dict[str, str], folder: Path, *words: str) -> tuple[int, str]:
    """Exit status and output of a program in a folder."""
    command = [f"{spark}/bin/spark-submit", "--master", "local[2]", "--conf", "spark.ui.enabled=false", *words]
    done = subprocess.run(command, cwd=folder, env=shell, capture_output=True, text=True, check=False, timeout=600)
    return done.returncode, done.stdout + done.stderr


def stage1(folder: Path, lake: Path) -> Path:
    """Stage 1 as it lies on the master, with a lake in a folder."""
    for name, content in build.build(ROOT, from_environment(ENVIRONMENT)).files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)
    file = folder / "stage1" / "config_stage1.json"
    content = json.loads(file.read_text())
    content["stage1"] |= {"lake": f"file://{lake}", "spark": {}}
    file.write_text(json.dumps(content))
    return file.parent


def test_driver_executors_and_a_stage_run_with_the_named_python(tmp_path, node):
    folder, named = stage1(tmp_path, tmp_path / "lake"), tmp_path / "bin" / "python3.11"
    (tmp_path / "lake").mkdir()
    (folder / "probe.py").write_text(PROBE)
    status, said = submit(tmp_path / "spark", node, folder, "--py-files", "pothole.zip", "probe.py")
    assert (status, f"ran by {named} {named}\n" in said) == (0, True), said[-3000:]

    words = ["--py-files", "pothole.zip,connection_stage1.py", "stage1_anomaly_detection.py", "--env", "stage1"]
    status, said = submit(tmp_path / "spark", node, folder, *words, "--batch-date", DAY)
    assert (status, f"ERROR no raw data for {DAY}" in said) == (2, True), (
        f"it came as far as the day's input: {said[-3000:]}"
    )
