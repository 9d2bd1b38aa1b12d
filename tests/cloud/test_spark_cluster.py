"""A real standalone cluster over SSH, one of whose workers dies in mid-stage: the embedded engine's rows."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from airflow_service.dags.dag_utils import build_spark_submit_cmd

from pothole.cloud import bundle, ec2, job, objects, spark_cluster, spark_logs, ssh
from pothole.cloud.settings import from_environment
from pothole.errors import PipelineFailure
from pothole.tables import IMPACTS, QUARANTINE, TRAVERSALS
from tests.same_rows import assert_same
from tests.servers import nodes, s3a
from tests.servers.day import DAY

ROOT = Path(__file__).parents[2]
ENVIRONMENT = {
    "AWS_REGION": "ap-northeast-2", "S3_BUCKET": "roads", "MASTER_INSTANCE_ID": "i-0123456789abcdef0",
    "MASTER_PRIVATE_IP": "10.0.0.5", "WORKER1_INSTANCE_ID": "i-0123456789abcdef1",
}  # fmt: skip


@pytest.fixture
def cluster(tmp_path: Path, aws: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[nodes.Cluster]:
    with nodes.cluster(tmp_path, aws, environment=s3a.or_skip(tmp_path)) as made:
        made.environ["SPARK_HOME_ON_NODES"] = nodes.pyspark_home()
        for name, value in made.environ.items():
            monkeypatch.setenv(name, value)
        yield made


def submit(settings, stage: str, main: str, run_id: str) -> str:
    return build_spark_submit_cmd(
        settings.spark_master_uri, settings.job_dir, stage, main, ["pothole.zip", f"connection_{stage}.py"],
        {"env": stage, "batch-date": DAY, "run-id": run_id}, settings.region, spark_home=settings.spark_home,
        spark_conf={"spark.driver.host": settings.master_ip, "spark.executor.memory": "1g", "spark.cores.max": "2"},
        local_ip=settings.master_ip,
    )  # fmt: skip


def test_a_master_that_does_not_answer_is_told_with_the_place_of_its_log(monkeypatch):
    monkeypatch.setattr(spark_cluster, "_ALIVE_SECONDS", 0.0)
    monkeypatch.setattr(ssh, "run", lambda *given, **named: "")
    settings = from_environment(ENVIRONMENT)
    master, workers = ssh.hosts(settings, dict.fromkeys(settings.instance_ids, "10.0.0.5"))
    with pytest.raises(PipelineFailure, match="still waiting until the master answers") as told:
        spark_cluster.start_spark(master, workers, settings, print)
    assert "logs lie on the nodes in SPARK_JOB_DIR/spark" in str(told.value)


class KillsWorker:
    """Takes a job's lines; when stage 1 is at work, kills one worker with its executor."""

    def __init__(self, node: nodes.Node) -> None:
        self.node, self.lines, self.killed = node, list[str](), 0

    def __call__(self, line: str) -> None:
        self.lines.append(line)
        if "stage 1: finding impacts" in line and not self.killed:
            for pattern in (f"deploy.worker.Worker --host {self.node.ip}", f"--hostname {self.node.ip}"):
                self.killed += subprocess.run(["pkill", "-KILL", "-f", "--", pattern], check=False).returncode == 0


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.spark
def test_a_worker_that_dies_in_mid_stage_costs_time_and_no_rows(cluster, settings, said, small_lake):
    nodes.upload(cluster, small_lake, "raw-sensor-data", "road-network", "speed-bump")
    ips = ec2.start(settings, said.append)
    master, workers = ssh.hosts(settings, ips)
    bundle.deploy(bundle.build(ROOT, settings), settings, said.append)
    bundle.fetch(settings, master, settings.job_dir, said.append)
    told = KillsWorker(cluster.nodes[2])
    try:
        spark_cluster.start_spark(master, workers, settings, said.append)
        spark_cluster.start_spark(master, workers, settings, said.append)  # on a running cluster: nothing to do
        job.start(master, "stage1", submit(settings, "stage1", "stage1_anomaly_detection.py", "run-1"), settings, told)
        job.follow(master, "stage1", settings, told, limit_seconds=400)
        logs: list[str] = []
        apps = spark_logs.driver(master, "stage1", DAY, settings, logs.append, follow=False)
        spark_logs.executors(workers, apps, settings, logs.append)
        assert len(apps) == 1
        assert any(line.startswith(f"==> {apps[0]}/") and line.endswith(workers[0].private_ip) for line in logs)
    except PipelineFailure:
        print("\n".join(told.lines[-60:]))
        raise
    finally:
        spark_cluster.stop_spark(master, workers, settings, said.append)
    assert told.killed == 2, "worker and executor"
    objects.check_published(settings.lake_uri, "stage1_traversals", DAY, "run-1")
    for table in (IMPACTS, TRAVERSALS, QUARANTINE):
        assert_same(str(small_lake), settings.lake_uri, table, DAY)
