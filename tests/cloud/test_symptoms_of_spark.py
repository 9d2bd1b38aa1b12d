"""Symptoms of Spark's own programs: no master, a blocked driver port, no room, a path that Hadoop refuses."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from pothole.cloud import build, ec2, spark_cluster, ssh
from tests.servers import nodes
from tests.servers.day import DAY

ROOT = Path(__file__).parents[2]
NOBODY = "127.0.0.251"
pytestmark = [pytest.mark.slow, pytest.mark.spark]


@pytest.fixture
def cluster(tmp_path: Path, aws: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[nodes.Cluster]:
    with nodes.cluster(tmp_path, aws, workers=1) as made:
        made.environ["SPARK_HOME_ON_NODES"] = nodes.pyspark_home()
        for name, value in made.environ.items():
            monkeypatch.setenv(name, value)
        yield made


class Stage:
    """Stage 1 as it lies on the master, run by spark-submit; executors may take 10 s."""

    def __init__(self, folder: Path, settings) -> None:
        self.folder, self.settings = folder / "job", settings
        for name, content in build.build(ROOT, settings).files.items():
            (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / name).write_bytes(content)
        program = self.folder / "stage1" / "stage1_anomaly_detection.py"
        patient = (
            "cluster.spark_ready._MASTER_SECONDS = 1.0\n    cluster.spark_ready.EXECUTOR_SECONDS = 10.0\n    sys.exit("
        )
        program.write_text(program.read_text().replace("sys.exit(", patient))
        self.options(**{"spark.executor.memory": "512m"})

    def options(self, **options: str) -> None:
        """The options of Spark in the stage's configuration."""
        file = self.folder / "stage1" / "config_stage1.json"
        content = json.loads(file.read_text())
        content["stage1"]["spark"] = options
        file.write_text(json.dumps(content))

    def run(self, master: str, *conf: str) -> str:
        """What the stage says at its end; its exit status must be 1."""
        submit = [f"{nodes.pyspark_home()}/bin/spark-submit", "--master", master]
        submit += [word for pair in conf for word in ("--conf", pair)]
        submit += ["--py-files", "pothole.zip,connection_stage1.py", "stage1_anomaly_detection.py"]
        ran = subprocess.run(
            [*submit, "--env", "stage1", "--batch-date", DAY], cwd=self.folder / "stage1", text=True, timeout=200,
            check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env=os.environ | {"SPARK_LOCAL_IP": self.settings.master_ip},
        )  # fmt: skip
        lines = ran.stdout.splitlines()
        told = [n for n, line in enumerate(lines) if line.startswith("ERROR ")]
        assert (ran.returncode, len(told)) == (1, 1), ran.stdout[-4000:]
        return "\n".join(lines[told[0] :][:2])


@pytest.fixture
def stage(tmp_path: Path, settings) -> Stage:
    return Stage(tmp_path, settings)


def test_a_path_that_hadoop_does_not_know(stage):
    stage.options(**{"spark.eventLog.enabled": "true", "spark.eventLog.dir": "s3://roads/events"})
    told = stage.run("local[1]")
    assert 'No FileSystem for scheme "s3" (파일 시스템 없음)' in told and "s3a://" in told


def test_no_master_a_blocked_port_and_no_room(cluster, settings, stage, said):
    uri = settings.spark_master_uri
    told = stage.run(uri)
    assert f"Spark's master does not answer at {uri}: " in told and "Connection refused" in told
    assert "SSH operator error: exit status = 1" in told and "Spark was not started on it" in told

    master, workers = ssh.hosts(settings, ec2.start(settings, said.append))
    try:
        spark_cluster.start_spark(master, workers, settings, said.append)
        told = stage.run(uri, f"spark.driver.host={NOBODY}", f"spark.driver.bindAddress={settings.master_ip}")
        assert f"Failed to connect to {NOBODY}:" in told and "드라이버 포트 차단" in told
        assert "must allow all TCP from itself" in told

        stage.options(**{"spark.executor.memory": "900g"})
        told = stage.run(uri)
        assert "Initial job has not accepted any resources (자원 없음)" in told
        assert "1 workers are alive" in told and "an executor asks for 900g" in told
    finally:
        spark_cluster.stop_spark(master, workers, settings, said.append)
