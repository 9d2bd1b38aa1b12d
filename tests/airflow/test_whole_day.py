"""The whole thing on real servers: deploy, trigger by the command line, Airflow runs every task, Spark the stages."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from pothole.cloud import bundle, objects
from pothole.cloud.settings import from_environment
from pothole.registry import OWN
from tests.same_rows import PUBLISHED, assert_same
from tests.servers import nodes, s3a
from tests.servers.airflow import DAG_ID, airflow
from tests.servers.day import DAY, small_lake
from tests.servers.memory import peak_memory

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.spark
@pytest.mark.airflow
def test_a_day_from_deploy_to_published(
    tmp_path: Path, aws: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    environment = s3a.or_skip(tmp_path)
    lake = small_lake()
    with nodes.cluster(tmp_path, aws, environment=environment) as cluster:
        cluster.environ |= {"SPARK_HOME_ON_NODES": nodes.pyspark_home(), "INSTANCE_PRICE_PER_HOUR": "0.2"}
        for name, value in cluster.environ.items():
            monkeypatch.setenv(name, value)
        nodes.upload(cluster, lake, "raw-sensor-data", "road-network", "speed-bump")
        settings = from_environment(cluster.environ)
        bundle.deploy(bundle.build(ROOT, settings), settings, print)
        dialled = nodes.connection(tmp_path, cluster)
        with peak_memory() as peak, airflow(tmp_path, cluster.environ | dialled) as running:
            began = time.monotonic()
            running.cli("dags", "trigger", DAG_ID, "-r", "first", "--conf", f'{{"date": "{DAY}"}}')
            state = running.wait("first", 900)
            states = running.states("first")
            assert state == "success", (states, running.log("run_stage1")[-3000:], running.log("run_stage2")[-3000:])
            seconds = time.monotonic() - began
            assert set(states.values()) == {"success"}
            assert len(states) == 12 + 2 * len(OWN)
            assert "stage 1: finding impacts" in running.log("run_stage1"), "the stage's lines are in the task's log"
        with capsys.disabled():
            print(f" the run took {seconds:.0f} s; Airflow, Spark and the other servers held {peak} at most ", end="")
        assert cluster.states() == ["stopped"] * 3
        run_id = objects.check_published(settings.lake_uri, "stage2_spatial_clustering", DAY).run_id
        record = objects.read(objects.client(), settings.bucket, f"runs/dt={DAY}/{run_id}/dag.json")
        assert b'"outcome": "success"' in record
        for table in PUBLISHED:
            assert_same(str(lake), settings.lake_uri, table, DAY)
