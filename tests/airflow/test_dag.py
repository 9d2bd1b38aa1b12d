"""The DAG as it is loaded: names, order, setups and teardowns, dates, and what a wrong environment tells."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from airflow_service.dags.dag_utils import batch_date, build_s3_check_cmd, build_spark_submit_cmd

from pothole.registry import OWN

DAGS = Path(__file__).parents[2] / "airflow_service" / "dags"
SEOUL = ZoneInfo("Asia/Seoul")
ENVIRONMENT = {
    "AWS_REGION": "ap-northeast-2", "S3_BUCKET": "roads", "MASTER_INSTANCE_ID": "i-0123456789abcdef0",
    "MASTER_PRIVATE_IP": "10.0.0.5", "WORKER1_INSTANCE_ID": "i-0123456789abcdef1",
}  # fmt: skip
LOAD = """
import json, socket, subprocess, sys, time
sys.path.insert(0, sys.argv[1])
import airflow.sdk
from airflow.sdk import DAG, CronDataIntervalTimetable, Param, task
def refuse(*_, **__): raise AssertionError("reading the file waits: for the network, a program or a clock")
whole = socket.socket.connect, socket.getaddrinfo, subprocess.Popen, time.sleep
socket.socket.connect = socket.getaddrinfo = subprocess.Popen = time.sleep = refuse
before = set(sys.modules)
import pothole_pipeline_dag as module
read = sorted(set(sys.modules) - before)
socket.socket.connect, socket.getaddrinfo, subprocess.Popen, time.sleep = whole
dag = module.dag

from airflow.timetables.base import DataInterval, TimeRestriction
from airflow.serialization.encoders import coerce_to_core_timetable
import pendulum
timetable, runs = coerce_to_core_timetable(dag.timetable), []
interval = DataInterval(*(pendulum.datetime(2026, 1, d, 10, tz=dag.timezone.name) for d in (1, 2)))
while len(runs) < 400:
    info = timetable.next_dagrun_info(
        last_automated_data_interval=interval, restriction=TimeRestriction(None, None, catchup=True)
    )
    interval = info.data_interval
    runs.append([info.logical_date.isoformat(), info.run_after.isoformat()])
print(json.dumps({
    "read": read, "id": dag.dag_id, "order": [t.task_id for t in dag.topological_sort()],
    "setups": [t.task_id for t in dag.tasks if t.is_setup],
    "teardowns": {t.task_id: bool(t.on_failure_fail_dagrun) for t in dag.tasks if t.is_teardown},
    "runs_to_come": runs, "runs": dag.max_active_runs, "catchup": dag.catchup,
    "limits": [t.task_id for t in dag.tasks if not t.execution_timeout],
    "callbacks": sorted(t.task_id for t in dag.tasks if t.on_failure_callback),
    "heavy": [name for name in ("boto3", "paramiko", "pyarrow", "slack_sdk", "smtplib") if name in sys.modules],
    "names": [module.SSH_CONN_ID, module.SPARK_MASTER_URI, module.JOB_DIR],
}))
"""


def without_cluster(environ: Mapping[str, str]) -> dict[str, str]:
    """An environment without what leads to a cluster: other tests' servers set it while they are up."""
    return {k: v for k, v in environ.items() if not k.startswith(("AWS", "S3_", "MASTER", "WORKER", "SPARK"))}


def load(folder: Path, environment: dict[str, str], dags: Path = DAGS) -> subprocess.CompletedProcess[str]:
    home = {"AIRFLOW_HOME": str(folder), "AIRFLOW__CORE__LOAD_EXAMPLES": "False", "PYTHONWARNINGS": "ignore"}
    own = without_cluster(os.environ)
    command = [sys.executable, "-c", LOAD, str(dags)]
    return subprocess.run(command, env=own | home | environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> dict:
    ran = load(tmp_path_factory.mktemp("airflow"), ENVIRONMENT)
    assert ran.returncode == 0, ran.stderr[-2000:]
    return json.loads(ran.stdout.splitlines()[-1])


def own_tasks() -> list[str]:
    """Tasks of stages that were made with `pothole stage new`."""
    return [task for stage in OWN for task in (f"run_{stage}", f"check_s3_{stage}_out")]


@pytest.mark.slow
def test_the_names_that_operators_use(loaded):
    named = [
        "check_s3_input", "start_cluster", "start_spark", "download_code", "run_stage1", "check_s3_stage1_out",
        "run_stage2", "check_s3_stage2_out", *own_tasks(), "stop_spark", "stop_cluster",
    ]  # fmt: skip
    assert loaded["id"] == "pothole_pipeline_spark_standalone"
    assert loaded["order"] == ["lease", *named, "verdict"]
    assert loaded["names"] == ["spark_master", "spark://10.0.0.5:7077", "/tmp/spark-job"]


@pytest.mark.slow
def test_the_shape_that_stops_machines_and_tells_the_truth(loaded):
    # download_code has no teardown: as a setup it comes along when a stage alone is cleared.
    assert set(loaded["setups"]) == {"lease", "start_cluster", "start_spark", "download_code"}
    assert loaded["teardowns"] == {"stop_spark": False, "stop_cluster": False, "verdict": True}
    assert (loaded["runs"], loaded["catchup"], loaded["limits"]) == (1, False, [])


@pytest.mark.slow
def test_reading_the_file_waits_for_nothing_and_loads_little(loaded):
    assert len(loaded["read"]) < 60
    ours = {name for name in loaded["read"] if name.partition(".")[0] == "pothole"}
    declarations = {f"pothole.{name}" for name in ("registry", "stages", "tables")} | {
        f"pothole.stages.{name}" for name in ("house", "settings", "stage")
    }
    own = {name for name in ours if OWN and name.startswith(("pothole.engines", "pothole.stages", "pothole.geo"))}
    assert ours == {"pothole", "pothole.cloud", "pothole.cloud.settings", "pothole.errors"} | declarations | own
    assert "boto3" not in loaded["heavy"] and "paramiko" not in loaded["heavy"]


@pytest.mark.slow
def test_messages_only_where_they_are_configured(loaded, tmp_path):
    assert loaded["callbacks"] == []
    ran = load(tmp_path, ENVIRONMENT | {"SLACK_CONN_ID": "slack"})
    assert len(json.loads(ran.stdout.splitlines()[-1])["callbacks"]) == 12 + len(own_tasks())


@pytest.mark.slow
def test_a_wrong_environment_names_everything_at_once(tmp_path):
    ran = load(tmp_path, {"AWS_REGION": "Seoul"})
    assert ran.returncode == 1
    assert all(n in ran.stderr for n in ("AWS_REGION is 'Seoul'", "S3_BUCKET", "MASTER_INSTANCE_ID", "WORKER1_"))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SEOUL)


@pytest.mark.parametrize(
    ("conf", "logical", "after", "expected"),
    [
        ({}, at("2026-02-12T10:00"), at("2026-02-13T10:00"), "2026-02-12"),  # scheduled: the interval's start
        ({}, None, at("2026-02-13T00:30"), "2026-02-12"),  # by the command line, half past midnight in Seoul
        ({}, None, at("2026-02-12T23:59"), "2026-02-11"),
        ({}, at("2026-02-13T08:00"), at("2026-02-13T08:00"), "2026-02-12"),  # by the page, which gives now
        ({}, at("2026-02-10T00:00"), at("2026-02-13T08:00"), "2026-02-10"),  # backfilled
        ({"date": "2026-01-05"}, at("2026-02-12T10:00"), at("2026-02-13T10:00"), "2026-01-05"),
        ({"date": None}, None, at("2026-02-13T08:00"), "2026-02-12"),
        (None, None, at("2026-02-13T08:00"), "2026-02-12"),
    ],
)
def test_the_day_that_a_run_is_for(conf, logical, after, expected):
    utc = ZoneInfo("UTC")
    given = None if logical is None else logical.astimezone(utc)
    assert batch_date(conf, given, after.astimezone(utc), "Asia/Seoul") == expected


@pytest.mark.slow
@pytest.mark.parametrize("zone", ["Asia/Seoul", "Europe/Berlin"])
def test_every_scheduled_run_is_for_the_day_before_also_where_clocks_change(tmp_path, zone):
    ran = load(tmp_path, ENVIRONMENT | {"POTHOLE_TIMEZONE": zone})
    runs = json.loads(ran.stdout.splitlines()[-1])["runs_to_come"]
    assert len(runs) == 400
    for logical, after in (map(datetime.fromisoformat, run) for run in runs):
        local = after.astimezone(ZoneInfo(zone))
        assert (local.hour, local.minute) == (10, 0)
        assert batch_date({}, logical, after, zone) == (local.date() - timedelta(days=1)).isoformat()


@pytest.mark.parametrize("text", ["2026-2-1", "yesterday", "2026-02-30", "20260212", "2999-01-01"])
def test_a_date_that_is_none_or_has_not_ended(text):
    with pytest.raises(ValueError, match=text):
        batch_date({"date": text}, None, at("2026-02-13T08:00"), "Asia/Seoul")


def test_commands_that_can_be_typed():
    command = build_spark_submit_cmd(
        "spark://10.0.0.5:7077", "/tmp/spark-job", "stage1", "stage1_anomaly_detection.py",
        ["pothole.zip", "connection_stage1.py"], {"env": "stage1", "batch-date": "2026-02-12"}, "ap-northeast-2",
    )  # fmt: skip
    assert command == (
        "cd /tmp/spark-job/stage1 && AWS_REGION=ap-northeast-2 /opt/spark/bin/spark-submit --master "
        "spark://10.0.0.5:7077 --deploy-mode client --py-files pothole.zip,connection_stage1.py "
        "stage1_anomaly_detection.py --env stage1 --batch-date 2026-02-12"
    )
    assert "&& AWS_REGION=x POTHOLE_LOG=json /opt/spark" in build_spark_submit_cmd(
        "spark://m", "/j", "stage1", "a.py", [], {}, "x", log_format="json"
    )
    check = build_s3_check_cmd("roads", "seoul/quarantine", "ap-northeast-2", "dt=2026-02-12", run_id="r-1")
    assert check == (
        "AWS_REGION=ap-northeast-2 pothole check quarantine 2026-02-12 --lake s3://roads/seoul --run-id r-1"
    )
