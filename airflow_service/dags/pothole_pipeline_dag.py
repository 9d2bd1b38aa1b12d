"""Every day at 10:00 the day before: cluster up, stages on Spark, results checked, cluster down whatever happened.

| task | what it does | usual time | by hand |
|---|---|---|---|
| `lease` | batch date and run id; waits while another run has the cluster | 1 s | |
| `check_s3_input` | samples of that day lie on S3 | 5 s | `pothole check raw-sensor-data DATE --lake s3://BUCKET` |
| `start_cluster` | all instances run and answer on SSH, or none runs | 2 min | `aws ec2 start-instances ...` |
| `start_spark` | Spark's master tells every worker alive | 30 s | `sbin/spark-daemon.sh start ...` on each node |
| `download_code` | the master holds exactly the deployed version | 30 s | `pothole deploy` uploads it |
| `run_stage1` | spark-submit on the master, its log in this one | 5 to 20 min | the line `by hand` in its log |
| `check_s3_stage1_out` | this very run has published | 5 s | the line `by hand` in its log |
| `run_stage2` | as `run_stage1`; a stage may take an hour | 5 to 15 min | the line `by hand` in its log |
| `check_s3_stage2_out` | this very run has published | 5 s | the line `by hand` in its log |
| `stop_spark` | always runs if Spark was started | 30 s | `sbin/spark-daemon.sh stop ...` on each node |
| `stop_cluster` | always runs; machines end stopped | 10 s | `aws ec2 stop-instances ...` |
| `verdict` | record and cost into the lake; success only if every task succeeded | 1 s | |

Run a date: `pothole trigger 2026-02-12`, or trigger the DAG with the parameter `date`; again with `--force`, or clear
the run. To run from one stage on, clear that stage: the cluster and the code come along by themselves. Never clear a
stage's check alone: `lease` comes along with a new run id, of which nothing is published (`pothole rerun` knows that).

A stage of your own is a line in `pothole/registry.py`, from which the two tasks of every stage are made.

The first task and the last make the run's state true and stop the machines in every case: a teardown runs only if one
of its setups succeeded (so `lease` is one of `stop_cluster`'s), and only a leaf can fail a run.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pothole_notify
import pothole_run
import pothole_tasks as tasks
from airflow.sdk import DAG, CronDataIntervalTimetable, Param, task

from pothole.cloud.settings import SSH_CONN_ID, from_environment
from pothole.registry import STAGES

SETTINGS = from_environment()
SPARK_MASTER_URI = SETTINGS.spark_master_uri
JOB_DIR = SETTINGS.job_dir
AGAIN = timedelta(seconds=SETTINGS.retry_delay_seconds)
DATE = Param(
    None, type=["null", "string"], pattern=r"^\d{4}-\d\d-\d\d$", description="YYYY-MM-DD; empty: the day before"
)

__all__ = ["JOB_DIR", "SPARK_MASTER_URI", "SSH_CONN_ID", "dag"]


def limit(seconds: float) -> timedelta:
    """A limit on a task's time: what it may take by itself, and two minutes."""
    return timedelta(seconds=seconds + 120)


with DAG(
    dag_id="pothole_pipeline_spark_standalone",
    description="Raw samples of the day before to potholes, on a Spark cluster that lives as long as the run",
    doc_md=__doc__,
    schedule=CronDataIntervalTimetable("0 10 * * *", timezone=SETTINGS.timezone),
    start_date=datetime(2020, 1, 1, tzinfo=ZoneInfo(SETTINGS.timezone)),
    catchup=False,
    max_active_runs=1,
    params={"date": DATE},
    default_args={"retries": 0, "on_failure_callback": pothole_notify.on_failure(SETTINGS)},
    tags=["pothole"],
) as dag:

    @task(execution_timeout=limit(SETTINGS.budget_seconds + 3600), max_active_tis_per_dag=1)
    def lease(**context: Any) -> dict[str, Any]:
        return pothole_run.open_run(SETTINGS, context)

    @task(execution_timeout=limit(60), retries=2, retry_delay=AGAIN)
    def check_s3_input(run: dict[str, Any]) -> None:
        tasks.check_input(SETTINGS, run)

    @task(execution_timeout=limit(2 * SETTINGS.start_deadline_seconds))
    def start_cluster() -> None:
        tasks.start_cluster(SETTINGS)

    @task(execution_timeout=limit(600))
    def start_spark() -> None:
        tasks.start_spark(SETTINGS)

    @task(execution_timeout=limit(300))
    def download_code() -> str:
        return tasks.download_code(SETTINGS)

    def run_stage(stage: str, main_script: str) -> Any:
        @task(
            task_id=f"run_{stage}", execution_timeout=limit(SETTINGS.stage_limit_seconds), retries=1, retry_delay=AGAIN
        )
        def submit(run: dict[str, Any]) -> None:
            tasks.run_stage(SETTINGS, run, stage, main_script)

        return submit(run)

    def check_out(stage: str, *datasets: str) -> Any:
        @task(task_id=f"check_s3_{stage}_out", execution_timeout=limit(60), retries=2, retry_delay=AGAIN)
        def check(run: dict[str, Any]) -> None:
            tasks.check_output(SETTINGS, run, datasets)

        return check(run)

    @task(execution_timeout=limit(300))
    def stop_spark() -> None:
        tasks.stop_spark(SETTINGS, [name.removeprefix("run_") for name in dag.task_ids if name.startswith("run_")])

    @task(execution_timeout=limit(SETTINGS.start_deadline_seconds), retries=2, retry_delay=AGAIN)
    def stop_cluster(run: dict[str, Any]) -> dict[str, float]:
        return tasks.stop_cluster(SETTINGS, run)

    @task(execution_timeout=limit(60), on_success_callback=pothole_notify.on_success(SETTINGS))
    def verdict(run: dict[str, Any], **context: Any) -> None:
        pothole_run.judge(SETTINGS, run, context)

    run = lease()
    up, spark, code = start_cluster(), start_spark(), download_code()
    spark_down, down, judged = stop_spark(), stop_cluster(run), verdict(run)
    last = run >> check_s3_input(run) >> up >> spark >> code
    for stage in STAGES:
        last = last >> run_stage(stage.name, stage.program) >> check_out(stage.name, *(t.name for t in stage.outputs))
    last >> spark_down >> down >> judged
    code.as_setup()
    spark_down.as_teardown(setups=[spark])
    down.as_teardown(setups=[run, up])
    judged.as_teardown(setups=[run], on_failure_fail_dagrun=True)
