"""The nine symptoms of docs/troubleshooting.md, each produced: what the operator then reads names cause and fix.

Each message holds the text that people search for, in English and Korean. (1), (6) and (9) come again in the tests
with Airflow's and Spark's own services: test_run_without_tasks, test_symptoms_of_spark, test_real_airflow.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from pothole.cloud import airflow_api, build, job, objects, ssh, trigger
from pothole.cloud.airflow_api import AirflowApi, AirflowApiError
from pothole.errors import ConfigError, NoDataError, PipelineFailure, PotholeError
from pothole.lake.java_errors import as_python, in_one_line
from tests.lake.test_java_errors import FromJavaError

ROOT = Path(__file__).parents[2]
DAY = "2026-02-12"
TABLE = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")


def go(api: AirflowApi, *, force: bool = False) -> bool:
    return trigger.trigger(api, DAY, force=force, wait=False, say=lambda line: None)


# ---- 1: a run that is a success at once, without tasks ----


@pytest.mark.parametrize("force", [False, True])
def test_a_run_that_was_a_success_without_tasks_is_no_success(api, server, force):
    server.add("x", "success", logical_date=None, run_after="2026-03-01T00:00:00Z", conf={"date": DAY})
    server.tasks = {}
    with pytest.raises(AirflowApiError, match="success at once, without tasks") as told:
        go(api, force=force)
    assert "태스크 없이 바로 성공" in str(told.value) and "the DAG's start_date" in str(told.value)


def test_a_run_that_gets_no_tasks_is_told_when_it_is_triggered(api, server, monkeypatch):
    monkeypatch.setattr(airflow_api, "_TASKS_SECONDS", 0.6)
    server.tasks = {}
    with pytest.raises(AirflowApiError, match=r"is without tasks .태스크 없는 실행.") as told:
        go(api)
    assert "delete the run in Airflow" in str(told.value)


# ---- 2, 3: configuration and connection are not where the stage looks ----


@pytest.fixture
def stage1(tmp_path, settings) -> Path:
    """Stage 1 as it lies on the master."""
    for name, content in build.build(ROOT, settings).files.items():
        (tmp_path / "job" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "job" / name).write_bytes(content)
    return tmp_path / "job" / "stage1"


def run_program(stage1: Path) -> tuple[int, str]:
    command = [sys.executable, "stage1_anomaly_detection.py", "--batch-date", DAY]
    ran = subprocess.run(
        command, cwd=stage1, env={"PYTHONPATH": "pothole.zip"}, capture_output=True, text=True, check=False
    )
    return ran.returncode, ran.stderr


def test_a_configuration_that_is_not_uploaded(stage1):
    (stage1 / "config_stage1.json").unlink()
    status, told = run_program(stage1)
    assert (status, "설정 파일 없음: config_stage1.yaml" in told, "no configuration" in told) == (2, True, True), told
    assert "`pothole deploy`" in told and "Traceback" not in told


def test_a_configuration_that_is_not_in_the_repository(tmp_path, settings, stage1):
    (stage1 / "config_stage1.yaml").unlink()
    with pytest.raises(PotholeError, match=r"config_stage1\.yaml not found in .*stage1 .설정 파일 없음"):
        build.build(stage1.parent, settings)


def test_a_connection_under_an_old_name(stage1):
    (stage1 / "connection_stage1.py").rename(stage1 / "connection.py")
    status, told = run_program(stage1)
    assert (status, "connection_stage1 not found" in told) == (2, True), told
    assert "연결 파일 없음: connection_stage1.py" in told and "`pothole deploy`" in told and "Traceback" not in told


# ---- 4, 5: what Java throws (Spark's own in test_symptoms_of_spark) ----


def test_a_path_that_hadoop_does_not_know():
    said = 'No FileSystem for scheme "s3"'
    with pytest.raises(ConfigError, match=said) as told, as_python():
        raise FromJavaError("org.apache.hadoop.fs.UnsupportedFileSystemException", said)
    assert "파일 시스템 없음" in str(told.value) and "s3a://" in str(told.value)
    cause, hint = in_one_line(Exception(f"x\n: org.apache.hadoop.fs.UnsupportedFileSystemException: {said}\n\tat y"))
    assert (said in cause, "s3a://" in hint) == (True, True)


def test_a_spark_without_the_jars_of_s3():
    said = "java.lang.ClassNotFoundException: Class org.apache.hadoop.fs.s3a.S3AFileSystem not found"
    cause, hint = in_one_line(Exception(f"x\n: java.lang.RuntimeException: {said}\n\tat y\nCaused by: {said}"))
    assert ('No FileSystem for scheme "s3a"' in cause, "infra/spark/s3a" in hint) == (True, True)


def test_a_port_that_is_blocked_in_mid_stage():
    said = "java.io.IOException: Failed to connect to /10.0.0.6:38111"
    cause, hint = in_one_line(Exception(f"Job aborted\norg.apache.spark.SparkException: x\n\tat y\nCaused by: {said}"))
    assert cause == "Failed to connect to /10.0.0.6:38111 (포트 차단)"
    assert "must allow all TCP from itself" in hint and "pothole doctor --only security-group" in hint


# ---- 7: the master is off, or Spark is not started on it ----


@pytest.fixture
def master(cluster, settings):
    ips = dict(zip(cluster.instance_ids, [n.ip for n in cluster.nodes], strict=True))
    return ssh.hosts(settings, ips)[0]


def test_a_master_that_is_off(cluster, master):
    cluster.master.down()
    with pytest.raises(ssh.UnreachableError, match="does not answer") as told:
        ssh.run(master, "true")
    assert "SSH operator error (SSH 연결 실패): is the instance running" in str(told.value)


def test_a_command_and_a_job_that_end_with_1(master, settings, said):
    expected = r"(?s)exit status 1: no Spark here.*SSH operator error: exit status = 1"
    with pytest.raises(PipelineFailure, match=expected):
        ssh.run(master, "echo no Spark here >&2; exit 1", what="starting Spark's master")
    job.start(master, "stage1", "echo 'no Spark here'; exit 1", settings, said.append)
    with pytest.raises(PipelineFailure, match=expected) as told:
        job.follow(master, "stage1", settings, said.append, limit_seconds=30)
    assert f"its whole log is {settings.job_dir}/jobs/stage1/log on {master.private_ip}" in str(told.value)


# ---- 8, 9 ----


def test_a_day_without_raw_data(settings):
    with pytest.raises(NoDataError, match=rf"입력 데이터 없음: s3://.*/dt={DAY}") as told:
        objects.check_input(settings.lake_uri, DAY)
    assert "no raw data" in str(told.value) and "the fleet's upload of that day is missing" in str(told.value)


def test_the_same_date_a_second_time(api, server):
    api.trigger(DAY)
    with pytest.raises(airflow_api.ConflictError, match="UNIQUE constraint") as told:
        api.trigger(DAY)
    assert "이미 실행된 날짜" in str(told.value) and "--force" in str(told.value)
    assert go(api), "the command skips it"


# ---- the table ----


@pytest.mark.parametrize(
    "text",
    [
        "태스크 없이 바로 성공", "설정 파일 없음: config_stage1.yaml", "connection_stage1 not found",
        'No FileSystem for scheme "s3"', "Failed to connect to ...<port>", "Initial job has not accepted any resources",
        "SSH operator error: exit status = 1", "입력 데이터 없음: .../dt=YYYY-MM-DD", "UNIQUE constraint",
    ],
)  # fmt: skip
def test_each_stands_in_the_table_with_cause_and_fix(text):
    (line,) = [line for line in TABLE.splitlines() if line.startswith("|") and text in line.split("|")[2]]
    number, _, cause, fix = (part.strip() for part in line.strip("|").split("|"))
    assert re.fullmatch(r"\d", number) and len(cause) > 20 and len(fix) > 10
