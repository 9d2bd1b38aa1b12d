"""Everything that can go wrong around the stages, on servers of their own: the machines end stopped, the state is true,
the lake holds the old partition or the new one.

The DAG runs without a scheduler here; what needs one is in ``test_scheduler``. Spark's own programs are stand-ins
(``test_whole_day`` runs the real ones).
"""

from __future__ import annotations

import json
import time

import pytest

from pothole.cloud import bundle, objects
from pothole.lake import open_lake
from tests.servers import nodes
from tests.servers.pipeline import ROOT, Pipeline

pytestmark = [pytest.mark.slow, pytest.mark.airflow]


def test_stage_1_fails(stage: Pipeline) -> None:
    stage.bring("2026-01-01")
    stage.plan("stage1", "fail")
    played = stage.play("2026-01-01")
    states = played.states
    assert (played.state, states["run_stage1"], states["run_stage2"]) == ("failed", "failed", "upstream_failed")
    assert (states["stop_spark"], states["stop_cluster"], states["verdict"]) == ("success", "success", "failed")
    log = played.log("run_stage1")
    assert "ERROR this was to be expected" in log and "failed with exit status 1" in log


def test_no_data_starts_no_machine(stage: Pipeline) -> None:
    played = stage.play("2026-01-02")
    states = played.states
    assert (played.state, states["check_s3_input"], states["start_cluster"]) == ("failed", "failed", "upstream_failed")
    assert "입력 데이터 없음" in played.log("check_s3_input")


def test_stage_2_ends_without_publishing(stage: Pipeline) -> None:
    stage.bring("2026-01-03")
    assert stage.play("2026-01-03").state == "success"
    before = open_lake(stage.settings.lake_uri).manifest("stage2_spatial_clustering", "2026-01-03")
    stage.plan("stage2", "silent")
    played = stage.play("2026-01-03")
    assert (played.state, played.states["check_s3_stage2_out"]) == ("failed", "failed")
    assert "this run has published nothing" in played.log("check_s3_stage2_out")
    assert open_lake(stage.settings.lake_uri).manifest("stage2_spatial_clustering", "2026-01-03") == before


def test_the_connection_is_cut_in_mid_stage(stage: Pipeline) -> None:
    stage.bring("2026-01-04")
    stage.plan("stage1", "slow")
    run = stage.player.begin("2026-01-04")
    stage.until_at_work()
    stage.cluster.master.down()
    until_said(run / "log", "trying again, the job goes on")
    stage.cluster.master.up()
    stage.go()
    assert stage.player.end(run).state == "success"
    assert stage.ran("2026-01-04") == ["stage1", "stage2"], "each stage ran once"


def until_said(log, words: str) -> None:
    deadline = time.monotonic() + 120
    while words not in log.read_text():
        assert time.monotonic() < deadline, log.read_text()[-3000:]
        time.sleep(0.1)


def test_the_bundle_is_corrupted(stage: Pipeline) -> None:
    stage.bring("2026-01-06")
    key = f"{stage.settings.code_prefix}/stage1/stage1_anomaly_detection.py"
    nodes.client("s3", stage.cluster.endpoint).put_object(Bucket=stage.settings.bucket, Key=key, Body=b"something else")
    played = stage.play("2026-01-06")
    assert (played.state, played.states["download_code"]) == ("failed", "failed")
    assert "stage1/stage1_anomaly_detection.py is not the deployed one" in played.log("download_code")
    bundle.deploy(bundle.build(ROOT, stage.settings), stage.settings, print)


def test_an_instance_is_gone_for_good(stage: Pipeline) -> None:
    stage.bring("2026-01-09")
    ec2 = nodes.client("ec2", stage.cluster.endpoint)
    gone = ec2.run_instances(ImageId="ami-12c6146b", MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]
    ec2.terminate_instances(InstanceIds=[gone])
    stage.limit(worker_ids=[stage.cluster.instance_ids[1], gone])
    played = stage.play("2026-01-09")
    assert (played.state, played.states["start_cluster"]) == ("failed", "failed")
    assert f"{gone} is terminated" in played.log("start_cluster")


def test_a_node_that_never_answers_is_named_and_the_others_are_stopped(stage: Pipeline) -> None:
    stage.bring("2026-01-11")
    stage.limit(start_deadline_seconds=5)
    deaf = stage.cluster.nodes[2]
    deaf.down()
    try:
        played = stage.play("2026-01-11")
    finally:
        deaf.up()
    states = played.states
    assert (played.state, states["start_cluster"], states["start_spark"], states["stop_cluster"]) == (
        "failed", "failed", "upstream_failed", "success",
    )  # fmt: skip
    assert f"{deaf.ip} runs but took no command within 5 s" in played.log("start_cluster")


def test_a_teardown_fails(stage: Pipeline) -> None:
    stage.bring("2026-01-13")
    stage.plan("daemon", "stays")
    played = stage.play("2026-01-13")
    states = played.states
    assert (played.state, states["stop_spark"], states["stop_cluster"]) == ("failed", "failed", "success")
    assert states["run_stage2"] == states["check_s3_stage2_out"] == "success"
    stage.spark_off()


def test_a_task_takes_too_long(stage: Pipeline) -> None:
    stage.bring("2026-03-01")
    stage.plan("stage1", "hang")
    stage.limit(tasks={"run_stage1": 5})
    played = stage.play("2026-03-01")
    assert stage.ran("2026-03-01") == ["stage1", "stage1"], "tried twice"
    assert "an earlier attempt was still running and was ended" in played.log("run_stage1")
    states = played.states
    assert (played.state, states["run_stage1"], states["stop_spark"], states["stop_cluster"]) == (
        "failed", "failed", "success", "success",
    )  # fmt: skip


def test_a_run_over_its_budget_is_stopped_and_not_tried_again(stage: Pipeline) -> None:
    stage.bring("2026-03-02")
    stage.plan("stage1", "hang")
    stage.limit(budget_seconds=20)
    played = stage.play("2026-03-02")
    assert (played.state, stage.ran("2026-03-02")) == ("failed", ["stage1"])
    assert "the run is over its budget of 20 s and is stopped" in played.log("run_stage1")
    (file,) = [key for key, _ in objects.listed(objects.client(), stage.settings.bucket, "runs/dt=2026-03-02/")]
    record = json.loads(objects.read(objects.client(), stage.settings.bucket, file))
    assert record["outcome"] == "failed" and len(record["instance_seconds"]) == 3
    assert 0 < min(record["instance_seconds"].values()) < record["seconds"]
    assert record["cost"] == pytest.approx(sum(record["instance_seconds"].values()) / 3600 * 0.2, abs=1e-4)
