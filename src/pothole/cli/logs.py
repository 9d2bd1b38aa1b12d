"""``pothole logs``: a task's log, or Spark's."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from pothole.cli import app

EXAMPLE = "Example: pothole logs run_stage1 2026-02-12 --follow"


@app.command(epilog=EXAMPLE)
def logs(
    task: Annotated[str, typer.Argument(help="A task of the DAG, such as run_stage1.")],
    date: Annotated[str | None, typer.Argument(help="Batch date, YYYY-MM-DD; by default yesterday.")] = None,
    attempt: Annotated[int | None, typer.Option("--try", min=1, help="Which try; by default the last.")] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until the task has ended.")] = False,
    spark: Annotated[
        bool, typer.Option("--spark", help="The driver's and the executors' logs, from the nodes.")
    ] = False,
) -> None:
    """A task's log through Airflow; with --spark the driver's and the executors' from the machines, while they run.

    Airflow is asked as `pothole trigger` asks it; the machines as the environment of env.sh says.
    """
    from pothole.cloud import trigger as triggers

    zone = triggers.zone(os.environ)
    day = triggers.batch_day(date, zone)
    if spark:
        _spark(task, day, attempt, follow=follow)
        return
    from pothole.cloud import task_instances, task_logs
    from pothole.cloud.airflow_api import AirflowApi

    api = AirflowApi(os.environ, zone)
    task_instances.check_name(api, task)
    run = task_instances.run_of(api, day)
    for line in task_logs.log(api, run.run_id, task, attempt=attempt, follow=follow):
        typer.echo(line)


def _spark(task: str, day: str, attempt: int | None, *, follow: bool) -> None:
    from pothole.cloud import spark_logs
    from pothole.cloud.settings import from_environment
    from pothole.errors import UserError

    if attempt is not None:
        raise UserError("--try and --spark exclude each other", hint="the machines keep the last try's logs alone")
    stage, settings = spark_logs.stage_of(task), from_environment()
    master, workers = spark_logs.nodes(settings)
    typer.echo(f"==> driver of {stage} on {master.private_ip}")
    apps = spark_logs.driver(master, stage, day, settings, typer.echo, follow=follow)
    spark_logs.executors(workers, apps, settings, typer.echo)
