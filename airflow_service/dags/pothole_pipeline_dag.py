"""Every day at 10:00 the day before: cluster up, stages on Spark, results checked, cluster down whatever happened.

| task | what it does | by hand |
|---|---|---|
| lease | opens the run: batch date, run id | |
| check_s3_input | samples of that day lie on S3 | `pothole check raw-sensor-data DATE --lake s3://BUCKET` |
| start_cluster | all instances run and answer on SSH, or none runs | |
| start_spark | Spark's master tells every worker alive | |
| download_code | the master holds exactly the deployed version | `pothole deploy` uploads it |
| run_stage1, run_stage2 | spark-submit on the master, its log in this one | the line `by hand` in the log |
| check_s3_stage1_out, check_s3_stage2_out | this run has published | the line `by hand` in the log |
| stop_spark, stop_cluster | always run; machines end stopped | |
| verdict | the run's record and cost; success only if every task succeeded | |

The first and the last are what makes the run's state true and stop the machines in every case: a teardown runs only if
one of its setups succeeded (so `lease`, which always does, is one of `stop_cluster`'s), and only a leaf can fail a run.
Trigger a date: `pothole trigger 2026-02-12`, or with the parameter `date`.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pothole_tasks as tasks
from airflow.sdk import DAG, CronDataIntervalTimetable, Param, task

from pothole.cloud.settings import SSH_CONN_ID, from_environment

SETTINGS = from_environment()
SPARK_MASTER_URI = SETTINGS.spark_master_uri
JOB_DIR = SETTINGS.job_dir
AGAIN = timedelta(seconds=SETTINGS.retry_delay_seconds)
STAGE1_OUT = ["stage1_anomaly_detected", "stage1_traversals", "quarantine"]
STAGE2_OUT = ["stage2_spatial_clustering", "stage2_segment_condition"]

__all__ = ["JOB_DIR", "SPARK_MASTER_URI", "SSH_CONN_ID", "dag"]

FAILED = (
    "pothole pipeline: {{ ti.task_id }} of {{ (dag_run.conf or {}).get('date') or dag_run.run_id }} failed\n"
    "{{ exception }}\n{{ ti.log_url }}"
)
DONE = "pothole pipeline: {{ dag_run.run_id }} succeeded\n{{ ti.log_url }}"


def minutes(seconds: float) -> timedelta:
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
    params={"date": Param(None, type=["null", "string"], description="Batch date YYYY-MM-DD; empty: the day before")},
    default_args={"retries": 0, "on_failure_callback": tasks.notifiers(SETTINGS, FAILED)},
    tags=["pothole"],
) as dag:

    @task(execution_timeout=minutes(60))
    def lease(**context: Any) -> dict[str, Any]:
        return tasks.open_run(SETTINGS, context)

    @task(execution_timeout=minutes(180))
    def check_s3_input(run: dict[str, Any]) -> None:
        tasks.check_input(SETTINGS, run)

    @task(execution_timeout=minutes(2 * SETTINGS.start_deadline_seconds))
    def start_cluster() -> None:
        tasks.start_cluster(SETTINGS)

    @task(execution_timeout=minutes(600))
    def start_spark() -> None:
        tasks.start_spark(SETTINGS)

    @task(execution_timeout=minutes(300))
    def download_code() -> str:
        return tasks.download_code(SETTINGS)

    @task(execution_timeout=minutes(SETTINGS.stage_limit_seconds), retries=1, retry_delay=AGAIN)
    def run_stage1(run: dict[str, Any]) -> None:
        tasks.run_stage(SETTINGS, run, "stage1", "stage1_anomaly_detection.py")

    @task(execution_timeout=minutes(180))
    def check_s3_stage1_out(run: dict[str, Any]) -> None:
        tasks.check_output(SETTINGS, run, STAGE1_OUT)

    @task(execution_timeout=minutes(SETTINGS.stage_limit_seconds), retries=1, retry_delay=AGAIN)
    def run_stage2(run: dict[str, Any]) -> None:
        tasks.run_stage(SETTINGS, run, "stage2", "stage2_spatial_clustering.py")

    @task(execution_timeout=minutes(180))
    def check_s3_stage2_out(run: dict[str, Any]) -> None:
        tasks.check_output(SETTINGS, run, STAGE2_OUT)

    @task(execution_timeout=minutes(300))
    def stop_spark() -> None:
        tasks.stop_spark(SETTINGS)

    @task(execution_timeout=minutes(SETTINGS.start_deadline_seconds), retries=2, retry_delay=AGAIN)
    def stop_cluster() -> dict[str, float]:
        return tasks.stop_cluster(SETTINGS)

    @task(execution_timeout=minutes(180), on_success_callback=tasks.notifiers(SETTINGS, DONE))
    def verdict(run: dict[str, Any], **context: Any) -> None:
        ti = context["ti"]
        found = ti.get_task_states(dag_id=ti.dag_id, run_ids=[ti.run_id])[ti.run_id]
        ran = ti.xcom_pull(task_ids="stop_cluster")
        tasks.verdict(SETTINGS, run, ran, {name: str(s) for name, s in found.items() if name != ti.task_id})

    run = lease()
    up, spark = start_cluster(), start_spark()
    spark_down, down, judged = stop_spark(), stop_cluster(), verdict(run)
    (
        run
        >> check_s3_input(run)
        >> up
        >> spark
        >> download_code()
        >> run_stage1(run)
        >> check_s3_stage1_out(run)
        >> run_stage2(run)
        >> check_s3_stage2_out(run)
        >> spark_down
        >> down
        >> judged
    )
    spark_down.as_teardown(setups=[spark])
    down.as_teardown(setups=[run, up])
    judged.as_teardown(setups=[run], on_failure_fail_dagrun=True)
