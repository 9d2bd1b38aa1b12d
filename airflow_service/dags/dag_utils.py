"""What the DAG's tasks run, as command lines that also work when typed by hand; and which day a run is for."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo


def build_spark_submit_cmd(  # noqa: PLR0913 -- options of spark-submit
    spark_master_uri: str,
    job_dir: str,
    stage: str,
    main_script: str,
    py_files: Sequence[str],
    stage_args: Mapping[str, str],
    aws_region: str,
    *,
    spark_home: str = "/opt/spark",
    spark_conf: Mapping[str, str] | None = None,
    local_ip: str | None = None,
    log_format: str | None = None,
) -> str:
    """The command, for the master's shell, that runs a stage on the cluster.

    ``py_files`` lie beside the program in ``job_dir/stage``; ``stage_args`` become ``--name value``; ``local_ip`` is
    the address at which the executors find the driver; ``log_format`` (``json``) that of its log.
    """
    submit = [f"{spark_home}/bin/spark-submit", "--master", spark_master_uri, "--deploy-mode", "client"]
    for key, value in (spark_conf or {}).items():
        submit += ["--conf", f"{key}={value}"]
    if py_files:
        submit += ["--py-files", ",".join(py_files)]
    submit += [main_script, *(part for name, value in stage_args.items() for part in (f"--{name}", value))]
    environment = f"AWS_REGION={shlex.quote(aws_region)}"
    if local_ip:
        environment += f" SPARK_LOCAL_IP={shlex.quote(local_ip)}"
    if log_format:
        environment += f" POTHOLE_LOG={shlex.quote(log_format)}"
    return f"cd {shlex.quote(f'{job_dir}/{stage}')} && {environment} {shlex.join(submit)}"


def build_s3_check_cmd(
    s3_bucket: str, prefix: str, aws_region: str, partition: str, *, run_id: str | None = None
) -> str:
    """The command that checks a partition (``dt=YYYY-MM-DD``) of a dataset; exit status 0 when it is there.

    Raw data is asked for samples; every other dataset for a published manifest, of this run if ``run_id`` is given.
    """
    lake, _, dataset = prefix.strip("/").rpartition("/")
    uri = f"s3://{s3_bucket}/{lake}".rstrip("/")
    words = ["pothole", "check", dataset, partition.removeprefix("dt="), "--lake", uri]
    if run_id:
        words += ["--run-id", run_id]
    return f"AWS_REGION={shlex.quote(aws_region)} {shlex.join(words)}"


def batch_date(conf: Mapping[str, Any] | None, logical_date: datetime | None, run_after: datetime, zone: str) -> str:
    """The day that a run is for, YYYY-MM-DD in the pipeline's zone.

    ``conf["date"]`` if given (ValueError unless it is a date that has ended); else the day of the logical date, which
    for a scheduled run is the day before it starts; else, and where that day has not ended, the day before
    ``run_after``.
    """
    given = (conf or {}).get("date")
    if given:
        return checked_date(str(given), datetime.now(ZoneInfo(zone)).date())
    yesterday = run_after.astimezone(ZoneInfo(zone)).date() - timedelta(days=1)
    day = yesterday if logical_date is None else logical_date.astimezone(ZoneInfo(zone)).date()
    return min(day, yesterday).isoformat()


def checked_date(text: str, today: date) -> str:
    """A date that has ended. ValueError says what is wrong with another."""
    try:
        if len(text) != 10:
            raise ValueError
        day = date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a date, expected YYYY-MM-DD such as 2026-02-12") from None
    if day >= today:
        raise ValueError(f"{text} has not ended yet: the latest date is {today - timedelta(days=1)}")
    return text
