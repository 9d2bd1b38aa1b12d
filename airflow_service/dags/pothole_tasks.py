"""What the DAG's tasks do: thin calls of ``pothole.cloud``, with Airflow's connection, context and log around them."""

from __future__ import annotations

import dataclasses
import json
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from dag_utils import batch_date, build_s3_check_cmd, build_spark_submit_cmd

from pothole.cloud.settings import SSH_CONN_ID, CloudSettings
from pothole.errors import ConfigError, PotholeError, UserError

say = logging.getLogger("pothole").info


@contextmanager
def told() -> Iterator[None]:
    """An expected error as one line in the task's log; what the operator must mend is not tried again."""
    from airflow.sdk.exceptions import AirflowException, AirflowFailException

    try:
        yield
    except UserError as error:
        raise AirflowFailException(str(error)) from None
    except PotholeError as error:
        raise AirflowException(str(error)) from None


def open_run(settings: CloudSettings, context: Any) -> dict[str, Any]:
    """What the tasks of a run share: batch date, the run id of what they publish (new each time), the start."""
    run = context["dag_run"]
    conf = {"date": (context.get("params") or {}).get("date") or (run.conf or {}).get("date")}
    try:
        date = batch_date(conf, run.logical_date, run.run_after, settings.timezone)
    except ValueError as error:
        from airflow.sdk.exceptions import AirflowFailException

        raise AirflowFailException(str(error)) from None
    run_id = f"dag-{date.replace('-', '')}-{datetime.now(UTC):%Y%m%dT%H%M%S}"
    say("batch date %s (%s), run id %s", date, settings.timezone, run_id)
    return {"date": date, "run_id": run_id, "began": time.time()}


def check_input(settings: CloudSettings, run: dict[str, Any]) -> None:
    """Are there samples of that day?"""
    from pothole.cloud import objects
    from pothole.tables import RAW

    say("by hand: %s", build_s3_check_cmd(settings.bucket, _prefix(settings, RAW.name), settings.region, _dt(run)))
    with told():
        files, size = objects.check_input(settings.lake_uri, run["date"], region=settings.region)
    say("%d files, %.1f MB", files, size / 1e6)


def check_output(settings: CloudSettings, run: dict[str, Any], datasets: list[str]) -> None:
    """Has this run published them? An empty day is a valid result."""
    from pothole.cloud import objects

    for dataset in datasets:
        prefix = _prefix(settings, dataset)
        command = build_s3_check_cmd(settings.bucket, prefix, settings.region, _dt(run), run_id=run["run_id"])
        say("by hand: %s", command)
        with told():
            manifest = objects.check_published(
                settings.lake_uri, dataset, run["date"], run["run_id"], region=settings.region
            )
        say("%s: %d rows in %d files", dataset, manifest.rows, len(manifest.files))


def start_cluster(settings: CloudSettings) -> None:
    """All machines run and answer, or none of them runs."""
    from pothole.cloud import ec2, lease, ssh

    with told():
        reached = through_connection(settings)
        ips = ec2.start(reached, say)
        try:
            master, workers = ssh.hosts(reached, ips)
            ssh.wait_until_answers([master, *workers], reached.start_deadline_seconds, say)
            lease.renew([master, *workers], reached.lease_minutes, say)
        except PotholeError:
            ec2.stop(reached, say, wait=False)
            raise


def start_spark(settings: CloudSettings) -> None:
    """Spark's master tells every worker alive."""
    from pothole.cloud import spark_cluster

    with told():
        reached, master, workers = nodes(settings)
        spark_cluster.start_spark(master, workers, reached, say)


def download_code(settings: CloudSettings) -> str:
    """The master holds exactly the deployed version."""
    from pothole.cloud import bundle

    with told():
        reached, master, _ = nodes(settings)
        return bundle.fetch(reached, master, reached.job_dir, say)


def run_stage(settings: CloudSettings, run: dict[str, Any], stage: str, main_script: str) -> None:
    """spark-submit on the master, followed until it ends; an earlier attempt is ended first."""
    from pothole.cloud import job, lease
    from pothole.errors import PipelineFailure

    with told():
        reached, master, workers = nodes(settings)
        left = settings.budget_seconds - (time.time() - run["began"])
        if left <= 0:
            raise PipelineFailure(
                f"the run is over its budget of {settings.budget_seconds:.0f} s", hint="RUN_BUDGET_SECONDS"
            )
        command = build_spark_submit_cmd(
            reached.spark_master_uri,
            reached.job_dir,
            stage,
            main_script,
            ["pothole.zip", f"connection_{stage}.py"],
            {"env": stage, "batch-date": run["date"], "run-id": run["run_id"]},
            reached.region,
            spark_home=reached.spark_home,
            spark_conf={"spark.driver.host": reached.master_ip},
            local_ip=reached.master_ip,
        )
        say("by hand on the master: %s", command)
        job.start(master, stage, command, reached, say)
        job.follow(
            master,
            stage,
            reached,
            say,
            limit_seconds=min(settings.stage_limit_seconds, left),
            each_minute=lambda: lease.renew([master, *workers], reached.lease_minutes, say),
        )


def stop_spark(settings: CloudSettings) -> None:
    """Workers and master are stopped; machines that are off already are fine."""
    from pothole.cloud import spark_cluster

    with told():
        reached, master, workers = nodes(settings)
        spark_cluster.stop_spark(master, workers, reached, say)


def stop_cluster(settings: CloudSettings) -> dict[str, float]:
    """Every machine is stopped; for how many seconds each has run, by EC2's own clock."""
    from pothole.cloud import ec2

    with told():
        now = datetime.now(UTC)
        ran = {
            i.id: max(0.0, (now - i.launched).total_seconds()) if i.launched and i.state == "running" else 0.0
            for i in ec2.describe(settings).values()
        }
        ec2.stop(settings, say)
    return ran


def verdict(settings: CloudSettings, run: dict[str, Any], ran: dict[str, float] | None, states: dict[str, str]) -> None:
    """Keep the run's record; fail unless every task of the run has succeeded."""
    from airflow.sdk.exceptions import AirflowFailException

    from pothole.cloud import objects

    wrong = {task: state for task, state in states.items() if state != "success"}
    seconds = sum((ran or {}).values())
    record = {
        "run_id": run["run_id"], "stage": "dag", "date": run["date"], "outcome": "failed" if wrong else "success",
        "tasks": states, "seconds": round(time.time() - run["began"], 1), "instance_seconds": ran or {},
        "cost": None if settings.price_per_hour is None else round(seconds / 3600 * settings.price_per_hour, 4),
        "currency": settings.currency,
    }  # fmt: skip
    key = f"{settings.lake_prefix}/runs/dt={run['date']}/{run['run_id']}/dag.json".lstrip("/")
    with told(), objects.explained("write", f"s3://{settings.bucket}/{key}"):
        objects.client(settings.region).put_object(
            Bucket=settings.bucket, Key=key, Body=json.dumps(record, indent=1).encode()
        )
    say("%.0f instance-seconds; record: s3://%s/%s", seconds, settings.bucket, key)
    if wrong:
        raise AirflowFailException("not every task succeeded: " + ", ".join(f"{t} {s}" for t, s in wrong.items()))


def through_connection(settings: CloudSettings) -> CloudSettings:
    """The settings with user, key, host key and address of Airflow's connection to the master."""
    from airflow.sdk import BaseHook
    from airflow.sdk.exceptions import AirflowNotFoundException

    try:
        connection = BaseHook.get_connection(SSH_CONN_ID)
    except AirflowNotFoundException:
        raise ConfigError(
            f"Airflow has no connection {SSH_CONN_ID}", hint="`pothole airflow install` makes it from the environment"
        ) from None
    extra = connection.extra_dejson
    hosts = dict(settings.host_map)
    if connection.host and settings.master_ip not in hosts:
        hosts[settings.master_ip] = (connection.host, connection.port or 22)
    return dataclasses.replace(
        settings,
        host_map=hosts,
        ssh_user=connection.login or settings.ssh_user,
        ssh_key_file=extra.get("key_file") or settings.ssh_key_file,
        master_host_key=extra.get("host_key") or settings.master_host_key,
    )


def nodes(settings: CloudSettings) -> tuple[CloudSettings, Any, list[Any]]:
    """Settings, master and workers as they are dialled, with the addresses that EC2 tells."""
    from pothole.cloud import ec2, ssh

    reached = through_connection(settings)
    ips = {i.id: str(i.private_ip) for i in ec2.describe(reached).values()}
    return (reached, *ssh.hosts(reached, ips))


def notifiers(settings: CloudSettings, text: str) -> list[Callable[..., Any]]:
    """Slack and e-mail, each where it is configured."""
    found: list[Callable[..., Any]] = []
    if settings.slack_conn_id:
        from airflow.providers.slack.notifications.slack_webhook import SlackWebhookNotifier

        found.append(SlackWebhookNotifier(slack_webhook_conn_id=settings.slack_conn_id, text=text))
    if settings.smtp_conn_id and settings.email_to:
        from airflow.providers.smtp.notifications.smtp import SmtpNotifier

        subject = text.splitlines()[0]
        found.append(
            SmtpNotifier(to=settings.email_to, subject=subject, html_content=text, smtp_conn_id=settings.smtp_conn_id)
        )
    return found


def _prefix(settings: CloudSettings, dataset: str) -> str:
    return f"{settings.lake_prefix}/{dataset}".lstrip("/")


def _dt(run: dict[str, Any]) -> str:
    return f"dt={run['date']}"
