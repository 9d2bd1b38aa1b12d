"""A stage as a program on the cluster: what the files in ``stageN/`` call. Standard library and PySpark alone.

It reads its resolved configuration beside the program, runs one stage of one date on the session it is given, and
publishes. Exit status 0, 2 for what the operator can mend, 1 for a failure.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pothole import code_version, log, spark_ready
from pothole.errors import ConfigError, PotholeError
from pothole.lake import java_errors, new_run_id
from pothole.settings import Config, from_json, parse_date

#: Makes the Spark session from its options.
Connect = Callable[[dict[str, str]], Any]


def main(stage: str, folder: Path, connect: Connect, argv: Sequence[str] | None = None) -> int:
    """Run ``stage`` with the configuration in ``folder``; the exit status."""
    arguments = _arguments(stage, argv)
    code_version.deployed_in(folder)
    run_id = arguments.run_id or new_run_id()
    with log.bound(run_id=run_id, date=arguments.batch_date, stage=stage):
        return _main(stage, folder, connect, arguments, run_id)


def _main(stage: str, folder: Path, connect: Connect, arguments: argparse.Namespace, run_id: str) -> int:
    try:
        log.check()
        section = read_config(folder / f"config_{stage}.json", arguments.env)
        run(stage, parse_date(arguments.batch_date), section, connect, run_id)
    except PotholeError as error:
        fail(error.message, error.hint)
        return error.exit_status
    except ModuleNotFoundError as error:
        if not str(error.name).startswith("connection_"):
            raise
        fail(
            f"{error.name} not found (연결 파일 없음: {error.name}.py)",
            "the code on S3 is old, incomplete or has other file names: `pothole deploy`, then start again",
        )
        return 2
    except Exception as error:
        if not java_errors.is_javas(error):
            raise
        cause, hint = java_errors.in_one_line(error)
        fail(f"{stage} of {arguments.batch_date}: {cause}", hint, traceback.format_exc())
        return 1
    return 0


def _arguments(stage: str, argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=f"{stage} of a day, on Spark")
    parser.add_argument("--env", default=stage, help="section of the configuration")
    parser.add_argument("--batch-date", required=True, help="YYYY-MM-DD")
    parser.add_argument("--run-id", default=None, help="what the published partitions are known by")
    return parser.parse_args(argv)


def read_config(file: Path, section: str) -> dict[str, Any]:
    """A section of the resolved configuration: ``lake``, ``spark``, ``settings``. ConfigError when it is not there."""
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(
            f"no configuration: {file.name} is not in {file.parent} (설정 파일 없음: {file.with_suffix('.yaml').name})",
            hint="`pothole deploy` makes and uploads it",
        ) from None
    except ValueError as error:
        raise ConfigError(f"{file} is not valid JSON: {error}", hint="`pothole deploy` writes it anew") from None
    if section not in content:
        raise ConfigError(f"{file.name} has no section {section}", hint=f"it has {', '.join(content)}: see --env")
    return dict(content[section])


def run(stage: str, date: str, section: dict[str, Any], connect: Connect, run_id: str) -> None:
    """Run a stage of a date on the session that ``connect`` makes, and publish. Errors are those of ``run_day``."""
    config = from_json(section["settings"], "the resolved configuration")
    options = s3a_options(os.environ) | section.get("spark", {})
    spark_ready.await_master()
    session = connect({str(key): str(value) for key, value in options.items()})
    try:
        spark_ready.await_executors(session)
        _run(stage, date, section["lake"], config, session, run_id)
    finally:
        session.stop()


def s3a_options(environ: Mapping[str, str]) -> dict[str, str]:
    """Region and endpoint for Spark's S3 file system, from the variables that the AWS tools read."""
    options = {}
    if region := environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION"):
        options["spark.hadoop.fs.s3a.endpoint.region"] = region
    if endpoint := environ.get("AWS_ENDPOINT_URL_S3") or environ.get("AWS_ENDPOINT_URL"):
        options["spark.hadoop.fs.s3a.endpoint"] = endpoint
        options["spark.hadoop.fs.s3a.path.style.access"] = "true"
        options["spark.hadoop.fs.s3a.connection.ssl.enabled"] = str(endpoint.startswith("https")).lower()
    return options


def _run(stage: str, date: str, uri: str, config: Config, session: Any, run_id: str) -> None:
    from pothole import pipeline
    from pothole.engines.spark import SparkEngine
    from pothole.lake import Lake, repair
    from pothole.lake.hadoop import HadoopStorage

    lake = Lake(HadoopStorage(uri, session))
    say(f"{stage} of {date}, run {run_id}, lake {lake.uri}, {session.sparkContext.master}")
    report = pipeline.run_day(
        lake,
        date,
        config,
        lambda: SparkEngine(session, scratch=f"{lake.spark_uri}/{repair.SCRATCH}/dt={date}/{run_id}-{stage}"),
        stages=[stage],
        progress=lambda what, _: say(what),
        run_id=run_id,
    )
    for done in report.stages:
        counts = ", ".join(f"{name} {rows:,}" for name, rows in done.rows.items())
        say(f"{done.stage} of {date} is published: {counts} ({done.seconds:.0f} s)")


def say(text: str) -> None:
    """A line for the log, at once."""
    if log.as_json():
        log.write(text)
        return
    print(f"{time.strftime('%Y-%m-%dT%H:%M:%S%z')} {text}", flush=True)


def fail(message: str, hint: str | None, trace: str = "") -> None:
    """The line that tells why the stage failed, after the traceback of what was not expected."""
    if log.as_json():
        log.write(message, level="error", **{k: v for k, v in (("hint", hint), ("traceback", trace)) if v})
        return
    told = f"ERROR {message}" + (f"\n  {hint}" if hint else "")
    print(trace + told, file=sys.stderr, flush=True)
