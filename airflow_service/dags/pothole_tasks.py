"""What the DAG's tasks do: thin calls of ``pothole.cloud``, each with the line that does the same by hand."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pothole_lineage
from dag_utils import build_s3_check_cmd, build_spark_submit_cmd
from pothole_expected import OverBudgetError, expected
from pothole_nodes import nodes, through_connection

from pothole.cloud.settings import CloudSettings
from pothole.errors import PipelineFailure, PotholeError

if TYPE_CHECKING:
    from pothole.cloud.ec2 import Instance

Run = Mapping[str, Any]
say = logging.getLogger("pothole").info


@expected
def check_input(settings: CloudSettings, run: Run) -> None:
    """Are there samples of that day?"""
    from pothole.cloud import objects
    from pothole.tables import RAW

    say("by hand: %s", build_s3_check_cmd(settings.bucket, _prefix(settings, RAW.name), settings.region, _dt(run)))
    files, size = objects.check_input(settings.lake_uri, run["date"], region=settings.region)
    say("%d files, %.1f MB", files, size / 1e6)


@expected
def check_output(settings: CloudSettings, run: Run, datasets: Sequence[str]) -> None:
    """Has this run published them? An empty day is a valid result."""
    from pothole.cloud import objects

    found = []
    for dataset in datasets:
        prefix = _prefix(settings, dataset)
        command = build_s3_check_cmd(settings.bucket, prefix, settings.region, _dt(run), run_id=run["run_id"])
        say("by hand: %s", command)
        manifest = objects.check_published(
            settings.lake_uri, dataset, run["date"], run["run_id"], region=settings.region
        )
        say("%s: %d rows in %d files", dataset, manifest.rows, len(manifest.files))
        found.append(manifest)
    pothole_lineage.report(settings.lake_uri, found)


@expected
def start_cluster(settings: CloudSettings) -> None:
    """All machines run and answer, or none of them runs."""
    from pothole.cloud import ec2, lease, ssh

    through_connection(settings)  # a missing one is told before anything costs money
    ips = ec2.start(settings, say)
    try:
        reached, master, workers = nodes(settings, ips)
        ssh.wait_until_answers([master, *workers], reached.start_deadline_seconds, say)
        lease.begin([master, *workers], reached.lease_minutes, say)
    except PotholeError:
        ec2.stop(settings, say, wait=False)
        raise


@expected
def start_spark(settings: CloudSettings) -> None:
    """Spark's master tells every worker alive."""
    from pothole.cloud import spark_cluster

    reached, master, workers = _leased_nodes(settings)
    spark_cluster.start_spark(master, workers, reached, say)


@expected
def download_code(settings: CloudSettings) -> str:
    """The master holds exactly the deployed version."""
    from pothole.cloud import bundle

    reached, master, _ = _leased_nodes(settings)
    return bundle.fetch(reached, master, reached.job_dir, say)


@expected
def run_stage(settings: CloudSettings, run: Run, stage: str, main_script: str) -> None:
    """spark-submit on the master, followed until it ends; an earlier attempt is ended first."""
    from pothole.cloud import job, lease

    _left(settings, run)
    reached, master, workers = _leased_nodes(settings)
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
        log_format=reached.log_format,
    )
    say("by hand on the master: %s", command)
    job.start(master, stage, command, reached, say)
    try:
        job.follow(
            master,
            stage,
            reached,
            say,
            limit_seconds=min(settings.stage_limit_seconds, _left(settings, run)),
            each_minute=lambda: lease.renew([master, *workers], reached.lease_minutes, say),
        )
    except PipelineFailure:
        _left(settings, run)
        raise


@expected
def stop_spark(settings: CloudSettings, stages: Sequence[str]) -> None:
    """What still runs of the stages is ended, then workers and master; machines that are off already are fine."""
    from pothole.cloud import job, spark_cluster, ssh

    reached, master, workers = nodes(settings)
    for stage in stages:
        try:
            job.end(master, stage, reached, say)
        except ssh.UnreachableError as error:
            say("%s: taken as ended, %s", stage, error.message)
    spark_cluster.stop_spark(master, workers, reached, say)


@expected
def stop_cluster(settings: CloudSettings, run: Run) -> dict[str, float]:
    """Every machine is stopped; how many seconds each has cost this run, by EC2's own clock."""
    from pothole.cloud import ec2

    try:
        used = {i.id: _used(i, run["began"]) for i in ec2.describe(settings).values()}
    finally:  # what is not known of one machine must not leave the others on
        ec2.stop(settings, say)
    return used


def _used(instance: Instance, began: float) -> float:
    """Seconds since the later of launch and the run's begin.

    One that is off again, but was launched in this run (a start that failed half-way, an earlier try of this task),
    counts until now: at most what it has cost.
    """
    if instance.launched is None:
        return 0.0
    launched = instance.launched.timestamp()
    if instance.state in ("pending", "running") or launched >= began:
        return round(max(0.0, datetime.now(UTC).timestamp() - max(launched, began)), 1)
    return 0.0


def _leased_nodes(settings: CloudSettings) -> tuple[CloudSettings, Any, list[Any]]:
    """``nodes``, with as much time to live as a lease gives."""
    from pothole.cloud import lease

    reached, master, workers = nodes(settings)
    lease.renew([master, *workers], reached.lease_minutes, say)
    return reached, master, workers


def _left(settings: CloudSettings, run: Run) -> float:
    """Seconds that the run may still take; OverBudgetError when there are none."""
    left = settings.budget_seconds - (time.time() - float(run["began"]))
    if left <= 0:
        raise OverBudgetError(
            f"the run is over its budget of {settings.budget_seconds:.0f} s and is stopped",
            hint="RUN_BUDGET_SECONDS sets the budget; more workers make the stages faster",
        )
    return left


def _prefix(settings: CloudSettings, dataset: str) -> str:
    return f"{settings.lake_prefix}/{dataset}".lstrip("/")


def _dt(run: Run) -> str:
    return f"dt={run['date']}"
