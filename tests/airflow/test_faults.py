"""Everything that can go wrong around the stages, with Airflow's real services: the machines end stopped, the state is
true, the lake holds the old partition or the new one.

Spark's own programs are stand-ins here (``test_whole_day`` runs the real ones).
"""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from pothole.cloud import bundle
from pothole.lake import open_lake
from tests.servers import nodes
from tests.servers.airflow import DAG_ID, LOGIN
from tests.servers.pipeline import ROOT, Pipeline

pytestmark = [pytest.mark.slow, pytest.mark.airflow]


def test_stage_1_fails(stage: Pipeline) -> None:
    stage.bring("2026-01-01")
    stage.plan("stage1", "fail")
    assert stage.run("2026-01-01", "fails") == "failed"
    states = stage.airflow.states("fails")
    assert (states["run_stage1"], states["run_stage2"]) == ("failed", "upstream_failed")
    assert (states["stop_spark"], states["stop_cluster"], states["verdict"]) == ("success", "success", "failed")
    log = stage.airflow.log("run_stage1")
    assert "ERROR this was to be expected" in log and "failed with exit status 1" in log


def test_no_data_starts_no_machine(stage: Pipeline) -> None:
    assert stage.run("2026-01-02", "empty") == "failed"
    states = stage.airflow.states("empty")
    assert (states["check_s3_input"], states["start_cluster"]) == ("failed", "upstream_failed")
    assert "입력 데이터 없음" in stage.airflow.log("check_s3_input")


def test_stage_2_ends_without_publishing(stage: Pipeline) -> None:
    stage.bring("2026-01-03")
    assert stage.run("2026-01-03", "first") == "success"
    before = open_lake(stage.settings.lake_uri).manifest("stage2_spatial_clustering", "2026-01-03")
    stage.plan("stage2", "silent")
    assert stage.run("2026-01-03", "silent") == "failed"
    assert stage.airflow.states("silent")["check_s3_stage2_out"] == "failed"
    assert "this run has published nothing" in stage.airflow.log("check_s3_stage2_out")
    assert open_lake(stage.settings.lake_uri).manifest("stage2_spatial_clustering", "2026-01-03") == before


def test_the_connection_is_cut_in_mid_stage(stage: Pipeline) -> None:
    stage.bring("2026-01-04")
    stage.plan("stage1", "slow")
    stage.airflow.trigger("2026-01-04", "cut")
    stage.until_at_work()
    time.sleep(2)
    stage.cluster.master.down()
    time.sleep(4)
    stage.cluster.master.up()
    assert stage.airflow.wait("cut", 200) == "success"
    assert stage.ran("2026-01-04") == ["stage1", "stage2"], "each stage ran once"


def test_the_run_is_marked_failed_by_hand(stage: Pipeline) -> None:
    stage.bring("2026-01-05")
    stage.plan("stage1", "hang")
    stage.airflow.trigger("2026-01-05", "marked")
    stage.until_at_work()
    stage.airflow.api("PATCH", f"/dags/{DAG_ID}/dagRuns/marked", {"state": "failed"})
    deadline = time.monotonic() + 120
    while set(stage.cluster.states()) != {"stopped"}:
        assert time.monotonic() < deadline, stage.airflow.states("marked")
        time.sleep(1)
    stage.until("marked", "verdict", "failed")
    time.sleep(5)
    assert stage.airflow.wait("marked", 60) == "failed"


def test_the_bundle_is_corrupted(stage: Pipeline) -> None:
    stage.bring("2026-01-06")
    key = f"{stage.settings.code_prefix}/stage1/stage1_anomaly_detection.py"
    nodes.client("s3", stage.cluster.endpoint).put_object(Bucket=stage.settings.bucket, Key=key, Body=b"something else")
    assert stage.run("2026-01-06", "corrupted") == "failed"
    assert stage.airflow.states("corrupted")["download_code"] == "failed"
    assert "stage1/stage1_anomaly_detection.py is not the deployed one" in stage.airflow.log("download_code")
    bundle.deploy(bundle.build(ROOT, stage.settings), stage.settings, print)


def test_the_same_date_twice_at_once_is_run_one_after_the_other(stage: Pipeline) -> None:
    stage.bring("2026-01-07")
    stage.airflow.trigger("2026-01-07", "one")
    stage.airflow.trigger("2026-01-07", "two")
    assert stage.airflow.wait("one", 200) == "success"
    assert stage.airflow.wait("two", 200) == "success"
    times = [stage.airflow.api("GET", f"/dags/{DAG_ID}/dagRuns/{run}") for run in ("one", "two")]
    first, second = sorted((t["start_date"], t["end_date"]) for t in times)
    assert second[0] >= first[1], "the second run would have stopped the first one's cluster"


def test_the_scheduler_is_killed_in_mid_run_and_started_again(stage: Pipeline) -> None:
    stage.bring("2026-01-08")
    stage.plan("stage1", "slow")
    stage.airflow.trigger("2026-01-08", "killed")
    stage.until_at_work()
    stage.airflow.kill("scheduler")
    time.sleep(2)
    stage.airflow.start("scheduler")
    assert stage.airflow.wait("killed", 500) == "success"


def test_the_command_triggers_skips_and_forces(stage: Pipeline) -> None:
    stage.bring("2026-01-10")

    def trigger(*options: str) -> str:
        command = [sys.executable, "-m", "pothole", "trigger", "2026-01-10", *options]
        environment = stage.airflow.environ | {"AIRFLOW_API_URL": stage.airflow.url} | LOGIN
        ran = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return ran.stdout

    assert "is triggered: run batch__2026-01-10" in trigger()
    assert "is running already" in trigger()
    assert stage.airflow.wait("batch__2026-01-10", 200) == "success"
    assert "has run already" in trigger()
    assert "verdict: success" in trigger("--force", "--wait")


def test_an_instance_is_gone_for_good(stage: Pipeline) -> None:
    stage.bring("2026-01-09")
    ec2 = nodes.client("ec2", stage.cluster.endpoint)
    gone = ec2.run_instances(ImageId="ami-12c6146b", MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]
    ec2.terminate_instances(InstanceIds=[gone])
    stage.limit(worker_ids=[stage.cluster.instance_ids[1], gone])
    assert stage.run("2026-01-09", "terminated") == "failed"
    assert stage.airflow.states("terminated")["start_cluster"] == "failed"
    assert f"{gone} is terminated" in stage.airflow.log("start_cluster", "terminated")


def test_a_node_that_never_answers_is_named_and_the_others_are_stopped(stage: Pipeline) -> None:
    stage.bring("2026-01-11")
    stage.limit(start_deadline_seconds=5)
    deaf = stage.cluster.nodes[2]
    deaf.down()
    try:
        assert stage.run("2026-01-11", "deaf") == "failed"
    finally:
        deaf.up()
    states = stage.airflow.states("deaf")
    assert (states["start_cluster"], states["start_spark"], states["stop_cluster"]) == (
        "failed", "upstream_failed", "success",
    )  # fmt: skip
    assert f"{deaf.ip} runs but took no command within 5 s" in stage.airflow.log("start_cluster", "deaf")


def test_a_start_that_is_killed_half_way(stage: Pipeline) -> None:
    stage.bring("2026-01-12")
    deaf = stage.cluster.nodes[2]
    deaf.down()
    try:
        stage.airflow.trigger("2026-01-12", "half")
        deadline = time.monotonic() + 120
        while set(stage.cluster.states()) != {"running"}:
            assert time.monotonic() < deadline, stage.airflow.states("half")
            time.sleep(0.5)
        stage.airflow.kill_task("half", "start_cluster")
        assert stage.airflow.wait("half", 200) == "failed"
    finally:
        deaf.up()
    states = stage.airflow.states("half")
    assert (states["start_cluster"], states["stop_cluster"], states["verdict"]) == ("failed", "success", "failed")
    assert any("2026-01-12: verdict failed" in text for text in stage.messages.slack)


def test_a_teardown_fails(stage: Pipeline) -> None:
    stage.bring("2026-01-13")
    stage.plan("daemon", "stays")
    assert stage.run("2026-01-13", "stays") == "failed"
    states = stage.airflow.states("stays")
    assert (states["stop_spark"], states["stop_cluster"]) == ("failed", "success")
    assert states["run_stage2"] == states["check_s3_stage2_out"] == "success"
    stage.spark_off()
