"""Everything that can go wrong around the stages, with Airflow's real services: the machines end stopped, the state is
true, the lake holds the old partition or the new one.

Spark's own programs are stand-ins here (``test_whole_day`` runs the real ones).
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from pothole.cloud import bundle
from pothole.cloud.settings import CloudSettings, from_environment
from pothole.lake import open_lake
from tests.servers import fake_spark, nodes
from tests.servers.airflow import DAG_ID, Airflow, airflow

ROOT = Path(__file__).parents[2]
pytestmark = [pytest.mark.slow, pytest.mark.airflow]


@dataclass
class Stage:
    """All servers, and what a test needs of them."""

    airflow: Airflow
    cluster: nodes.Cluster
    settings: CloudSettings
    spark: Path

    def plan(self, stage: str, what: str) -> None:
        (self.spark / "plan" / stage).write_text(what)

    def bring(self, date: str) -> None:
        """Something that looks like a day's raw data."""
        key = f"raw-sensor-data/dt={date}/part-0.parquet"
        nodes.client("s3", self.cluster.endpoint).put_object(Bucket=self.settings.bucket, Key=key, Body=b"samples")

    def ran(self, name: str) -> int:
        """How often a stage was started."""
        file = self.spark / "ran"
        return file.read_text().splitlines().count(name) if file.exists() else 0

    def until(self, run_id: str, task_id: str, state: str = "running", seconds: float = 120) -> None:
        deadline = time.monotonic() + seconds
        while self.airflow.states(run_id).get(task_id) != state:
            assert time.monotonic() < deadline, self.airflow.states(run_id)
            time.sleep(0.5)

    def run(self, date: str, run_id: str, seconds: float = 300) -> str:
        self.airflow.trigger(date, run_id)
        return self.airflow.wait(run_id, seconds)


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory, aws: str) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("faults")
    with pytest.MonkeyPatch.context() as patch, nodes.cluster(folder, aws) as cluster:
        spark = fake_spark.make(folder, f"s3://{cluster.environ['S3_BUCKET']}")
        cluster.environ |= {"SPARK_HOME_ON_NODES": str(spark), "RETRY_DELAY_SECONDS": "1"}
        for name, value in (cluster.environ | {"AWS_DEFAULT_REGION": "us-east-1"}).items():
            patch.setenv(name, value)
        settings = from_environment(cluster.environ)
        bundle.deploy(bundle.build(ROOT, settings), settings, print)
        with airflow(folder, cluster.environ | nodes.connection(folder, cluster)) as running:
            yield Stage(running, cluster, settings, spark)


@pytest.fixture
def stage(servers: Stage) -> Iterator[Stage]:
    for name in ("stage1", "stage2"):
        servers.plan(name, "publish")
    yield servers
    assert set(servers.cluster.states()) <= {"stopped", "terminated"}, "machines were left on"


def test_stage_1_fails(stage: Stage) -> None:
    stage.bring("2026-01-01")
    stage.plan("stage1", "fail")
    assert stage.run("2026-01-01", "fails") == "failed"
    states = stage.airflow.states("fails")
    assert (states["run_stage1"], states["run_stage2"]) == ("failed", "upstream_failed")
    assert (states["stop_spark"], states["stop_cluster"], states["verdict"]) == ("success", "success", "failed")
    log = stage.airflow.log("run_stage1")
    assert "ERROR this was to be expected" in log and "failed with exit status 1" in log


def test_no_data_starts_no_machine(stage: Stage) -> None:
    assert stage.run("2026-01-02", "empty") == "failed"
    states = stage.airflow.states("empty")
    assert (states["check_s3_input"], states["start_cluster"]) == ("failed", "upstream_failed")
    assert "입력 데이터 없음" in stage.airflow.log("check_s3_input")


def test_stage_2_ends_without_publishing(stage: Stage) -> None:
    stage.bring("2026-01-03")
    assert stage.run("2026-01-03", "first") == "success"
    before = open_lake(stage.settings.lake_uri).manifest("stage2_spatial_clustering", "2026-01-03")
    stage.plan("stage2", "silent")
    assert stage.run("2026-01-03", "silent") == "failed"
    assert stage.airflow.states("silent")["check_s3_stage2_out"] == "failed"
    assert "this run has published nothing" in stage.airflow.log("check_s3_stage2_out")
    assert open_lake(stage.settings.lake_uri).manifest("stage2_spatial_clustering", "2026-01-03") == before


def test_the_connection_is_cut_in_mid_stage(stage: Stage) -> None:
    stage.bring("2026-01-04")
    stage.plan("stage1", "slow")
    stage.airflow.trigger("2026-01-04", "cut")
    stage.until("cut", "run_stage1")
    time.sleep(4)
    stage.cluster.master.down()
    time.sleep(4)
    stage.cluster.master.up()
    assert stage.airflow.wait("cut", 200) == "success"
    run_ids = [line for line in (stage.spark / "ran").read_text().splitlines() if "20260104" in line]
    assert len(run_ids) == 2, "each stage ran once"


def test_the_run_is_marked_failed_by_hand(stage: Stage) -> None:
    stage.bring("2026-01-05")
    stage.plan("stage1", "slow")
    stage.airflow.trigger("2026-01-05", "marked")
    stage.until("marked", "run_stage1")
    stage.airflow.api("PATCH", f"/dags/{DAG_ID}/dagRuns/marked", {"state": "failed"})
    deadline = time.monotonic() + 120
    while set(stage.cluster.states()) != {"stopped"}:
        assert time.monotonic() < deadline, stage.airflow.states("marked")
        time.sleep(1)
    stage.until("marked", "verdict", "failed")
    time.sleep(5)
    assert stage.airflow.wait("marked", 60) == "failed"


def test_the_bundle_is_corrupted(stage: Stage) -> None:
    stage.bring("2026-01-06")
    key = f"{stage.settings.code_prefix}/stage1/stage1_anomaly_detection.py"
    nodes.client("s3", stage.cluster.endpoint).put_object(Bucket=stage.settings.bucket, Key=key, Body=b"something else")
    assert stage.run("2026-01-06", "corrupted") == "failed"
    assert stage.airflow.states("corrupted")["download_code"] == "failed"
    assert "stage1/stage1_anomaly_detection.py is not the deployed one" in stage.airflow.log("download_code")
    bundle.deploy(bundle.build(ROOT, stage.settings), stage.settings, print)


def test_the_same_date_twice_at_once_is_run_one_after_the_other(stage: Stage) -> None:
    stage.bring("2026-01-07")
    stage.airflow.trigger("2026-01-07", "one")
    stage.airflow.trigger("2026-01-07", "two")
    assert stage.airflow.wait("one", 200) == "success"
    assert stage.airflow.wait("two", 200) == "success"
    times = [stage.airflow.api("GET", f"/dags/{DAG_ID}/dagRuns/{run}") for run in ("one", "two")]
    first, second = sorted((t["start_date"], t["end_date"]) for t in times)
    assert second[0] >= first[1], "the second run would have stopped the first one's cluster"


def test_the_scheduler_is_killed_in_mid_run_and_started_again(stage: Stage) -> None:
    stage.bring("2026-01-08")
    stage.plan("stage1", "slow")
    stage.airflow.trigger("2026-01-08", "killed")
    stage.until("killed", "run_stage1")
    stage.airflow.kill("scheduler")
    time.sleep(2)
    stage.airflow.start("scheduler")
    assert stage.airflow.wait("killed", 500) == "success"


def test_the_command_triggers_skips_and_forces(stage: Stage) -> None:
    stage.bring("2026-01-10")

    def trigger(*options: str) -> str:
        command = [sys.executable, "-m", "pothole", "trigger", "2026-01-10", *options]
        environment = stage.airflow.environ | {"AIRFLOW_API_URL": stage.airflow.url}
        ran = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return ran.stdout

    assert "is triggered: run batch__2026-01-10" in trigger()
    assert "is running already" in trigger()
    assert stage.airflow.wait("batch__2026-01-10", 200) == "success"
    assert "has run already" in trigger()
    assert "verdict: success" in trigger("--force", "--wait")


def test_an_instance_never_starts(stage: Stage) -> None:
    stage.bring("2026-01-09")
    ids = stage.cluster.instance_ids
    nodes.client("ec2", stage.cluster.endpoint).terminate_instances(InstanceIds=ids[2:])
    assert stage.run("2026-01-09", "terminated") == "failed"
    assert stage.airflow.states("terminated")["start_cluster"] == "failed"
    assert f"{ids[2]} is terminated" in stage.airflow.log("start_cluster")
