"""An operator's day by commands alone, with Airflow's real services: a range of dates, where it is, its logs, again."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time

import pytest

from tests.docs.guide import ENGLISH, SCHEDULED, commands
from tests.servers.airflow import LOGIN
from tests.servers.pipeline import Pipeline

pytestmark = [pytest.mark.slow, pytest.mark.airflow]
FIRST, SECOND = "2026-04-01", "2026-04-02"


def start(stage: Pipeline, *arguments: str) -> subprocess.Popen[str]:
    environ = os.environ | stage.cluster.environ | LOGIN | {"AIRFLOW_API_URL": stage.airflow.url, "COLUMNS": "200"}
    command = [sys.executable, "-m", "pothole", *arguments]
    return subprocess.Popen(command, env=environ, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def said(process: subprocess.Popen[str], status: int = 0, seconds: float = 400) -> str:
    out, err = process.communicate(timeout=seconds)
    assert process.returncode == status, out[-3000:] + err[-3000:]
    assert "Traceback" not in err
    return out


def of_the_cluster(stage: Pipeline, *arguments: str) -> str:
    """What ``logs --spark`` says; a task runs for a moment before its job has begun on the master."""
    for _ in range(60):
        process = start(stage, *arguments)
        out, err = process.communicate(timeout=400)
        if process.returncode == 0 or ", not of " not in out + err:
            break
        time.sleep(1)
    assert process.returncode == 0, out[-3000:] + err[-3000:]
    return out


def test_backfill_status_logs_rerun(stage: Pipeline) -> None:
    for date in (FIRST, SECOND):
        stage.bring(date)
    stage.plan("stage1", "slow")
    filling = start(stage, "backfill", FIRST, SECOND)
    until_started(stage, f"batch__{FIRST}")
    stage.until_at_work(200)
    followed = start(stage, "logs", "run_stage1", FIRST, "--follow")
    following = start(stage, "logs", "run_stage1", FIRST, "--spark", "--follow")
    spark = of_the_cluster(stage, "logs", "run_stage1", FIRST, "--spark")
    assert "==> driver of stage1 on" in spark, "in mid-stage"
    stage.go()
    spark = said(following)
    assert "==> driver of stage1 on" in spark and "stage1 works: slow" in spark
    assert spark.count("==> no executor has run on") == 2, "the stand-in for Spark starts none"
    lines = said(followed).splitlines()
    works = [line for line in lines if "stage1 works: slow" in line]
    assert len(works) == 1 and any("stage1 has ended well" in line for line in lines), lines
    done = said(filling)
    assert f"{FIRST} to {SECOND}: 2 run" in done
    assert done.index(f"run batch__{FIRST}: success") < done.index(f"{SECOND} is triggered")
    assert f"{FIRST} to {SECOND}: 2 done before" in said(start(stage, "backfill", FIRST, SECOND))
    check_status(stage)
    shutil.rmtree(stage.cluster.master.home / "spark-job")  # a node's temporary folder is empty after a reboot
    again = said(start(stage, "rerun", "--from", "run_stage2", FIRST, "--wait"))
    brought = again.split("again: ", 1)[1].splitlines()[0].split(", ")
    assert {"lease", "start_cluster", "start_spark", "download_code", "stop_spark", "stop_cluster"} < set(brought)
    assert "run_stage1" not in brought and "check_s3_input" not in brought
    assert stage.ran(FIRST) == ["stage1", "stage2", "stage2"]
    lines = (stage.spark / "ran").read_text().splitlines()
    first, second = {line.split()[1] for line in lines if FIRST.replace("-", "") in line}
    assert first != second, "what is published again has another run id"


def until_started(stage: Pipeline, run_id: str) -> None:
    deadline = time.monotonic() + 60
    while run_id not in [run["dag_run_id"] for run in stage.airflow.runs()]:
        assert time.monotonic() < deadline
        time.sleep(0.5)


def check_status(stage: Pipeline) -> None:
    told = json.loads(said(start(stage, "status", SECOND, "--json")))
    names = [task["task"] for task in told["tasks"]]
    assert (names[0], names[-3:]) == ("lease", ["stop_spark", "stop_cluster", "verdict"])
    assert {task["state"] for task in told["tasks"]} == {"success"}
    stage1 = next(task for task in told["tasks"] if task["task"] == "run_stage1")
    assert stage1["seconds"] > 0 and stage1["usual_seconds"] > 0 and stage1["tries"] == 1
    assert told["run"]["cost"] > 0 and told["run"]["currency"] == "USD"
    shown = said(start(stage, "status", "--last", "2"))
    assert FIRST in shown and SECOND in shown and "success" in shown
    assert said(start(stage, "status", SECOND, "--watch")).count("run_stage1") == 1, "it has ended: shown once"


def test_the_guides_commands(stage: Pipeline) -> None:
    """In its order; what it says of the machines' logs holds while the machines run, so this is asked in mid-stage."""
    asked = [arguments for arguments in commands(ENGLISH) if arguments[0] in SCHEDULED]
    assert {arguments[0] for arguments in asked} == SCHEDULED
    for date in sorted(set(re.findall(r"\d{4}-\d\d-\d\d", str(asked)))):
        stage.bring(date)
    stage.plan("stage1", "slow")
    (spark,) = (arguments for arguments in asked if "--spark" in arguments)
    for arguments in asked:
        if arguments == spark:
            continue
        running = start(stage, *(word.replace("$S3_BUCKET", stage.settings.bucket) for word in arguments))
        if arguments[0] == "trigger" and "--wait" in arguments:
            run_id = f"batch__{arguments[1]}"
            until_started(stage, run_id)
            stage.until(run_id, "run_stage1", seconds=200)
            assert "==> driver of stage1 on" in of_the_cluster(stage, *spark)
            stage.go()
        assert re.search(PRINTED[arguments[0]], said(running)), arguments


PRINTED = {
    "trigger": "is triggered: run batch__.*\n(.*\n)*.*: success; http|runs again: run batch__.*was success",
    "backfill": "2 run|1 run, 1 done before",
    "rerun": "runs again from run_stage2: (.*\n)*.*: success",
    "status": "success",
    "logs": "stage1 works: slow",
    "metrics": "pothole_(.*\n)*# EOF",
    "check": "[0-9]+ rows in [0-9]+ files",
}
"""What an operator then sees, by the command."""
