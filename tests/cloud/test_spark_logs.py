"""Spark's logs from the nodes: the driver's of the right date, the executors' of its application."""

from __future__ import annotations

import pytest

from pothole.cloud import ec2, job, spark_logs
from pothole.errors import NoDataError, PipelineFailure, UserError

pytestmark = pytest.mark.slow

DAY = "2026-02-12"
APP = "app-20260213100000-0001"
OTHER = "app-20260213110000-0002"


@pytest.fixture
def up(cluster, settings):
    ec2.start(settings, print)
    yield spark_logs.nodes(settings)
    ec2.stop(settings, print)


def stage(master, settings, script: str, day: str = DAY) -> None:
    job.start(master, "stage1", f"{script}\n: --batch-date {day}", settings, print)


def executor(node, app: str, number: int, **files: str) -> None:
    folder = node.home / f"spark-job/spark/work/{app}/{number}"
    folder.mkdir(parents=True)
    for name, text in files.items():
        (folder / name).write_text(text)


def test_driver_and_executors(up, cluster, settings, said):
    master, workers = up
    stage(master, settings, f'echo "Connected to Spark cluster with app ID {APP}"; echo "서울: done"')
    executor(cluster.nodes[1], APP, 0, stderr="out of memory\n", stdout="")
    executor(cluster.nodes[1], OTHER, 1, stderr="of another run\n")
    apps = spark_logs.driver(master, "stage1", DAY, settings, said.append, follow=True)
    assert (apps, said[-1]) == ([APP], "서울: done")
    said.clear()
    spark_logs.executors(workers, apps, settings, said.append)
    first, second = (node.ip for node in cluster.nodes[1:])
    assert said == [
        f"==> {APP}/0/stderr on {first}", "out of memory", "", f"==> no executor has run on {second}"
    ]  # fmt: skip
    said.clear()
    spark_logs.executors(workers, [], settings, said.append)
    assert said[0] == f"==> {OTHER}/1/stderr on {first}", "without a name the last one"


def test_following_leaves_the_job_alone(up, cluster, settings, said):
    master, _ = up
    stage(master, settings, "echo one; until [ -e go ]; do sleep 0.1; done; echo two")
    spark_logs.driver(master, "stage1", DAY, settings, said.append, follow=False)
    assert said in ([], ["one"])
    said.clear()

    def say(line: str) -> None:
        said.append(line)
        (cluster.master.home / "go").touch()  # the job waits until its first line was told

    spark_logs.driver(master, "stage1", DAY, settings, say, follow=True)
    assert said == ["one", "two"]


def test_a_worker_that_does_not_answer_is_said(up, cluster, settings, said):
    cluster.nodes[1].down()
    executor(cluster.nodes[2], APP, 0, stdout="fine\n")
    spark_logs.executors(up[1], [APP], settings, said.append)
    assert "does not answer" in said[0] and "fine" in said
    cluster.nodes[1].up()


def test_logs_of_another_date_or_none(up, settings, said):
    master, _ = up
    with pytest.raises(NoDataError, match="stage2 has not run on"):
        spark_logs.driver(master, "stage2", DAY, settings, said.append, follow=False)
    stage(master, settings, "echo secret of another day", "2026-02-11")
    with pytest.raises(NoDataError, match=f"is of 2026-02-11, not of {DAY}"):
        spark_logs.driver(master, "stage1", DAY, settings, said.append, follow=False)
    assert said == []


def test_machines_that_are_off(settings):
    with pytest.raises(PipelineFailure, match="is stopped: Spark's logs lie on the machines"):
        spark_logs.nodes(settings)


@pytest.mark.parametrize("task", ["lease", "stop_spark", "check_s3_stage1_out", "run_stage"])
def test_tasks_without_spark(task):
    with pytest.raises(UserError, match="runs nothing on Spark"):
        spark_logs.stage_of(task)
