"""Whether a standalone Spark can work, asked before a stage begins: its master answers, executors come.

Without this a stage waits for an hour, or ends in a stack trace of Spark's. Standard library and PySpark alone.
"""

from __future__ import annotations

import json
import os
import re
import socket
import time
import urllib.request
from typing import Any

from pothole.errors import PipelineFailure

EXECUTOR_SECONDS = 120.0
"""How long the first executor may take."""
_MASTER_SECONDS = 10.0
_PORTS = "the security group must allow all TCP from itself: `pothole doctor --only security-group`"


def await_master() -> None:
    """The master that spark-submit was given takes connections. PipelineFailure when it does not."""
    masters = _submitted_master()
    refusals = [_refused(host, int(port)) for host, port in re.findall(r"([\w.-]+):(\d+)", masters)]
    if refusals and all(refusals):
        raise PipelineFailure(
            f"Spark's master does not answer at spark://{masters}: {refusals[0]} "
            "(SSH operator error: exit status = 1; 스파크 마스터 응답 없음)",
            hint="the master is off, or Spark was not started on it: run again from start_cluster on; "
            "Spark's own log lies in SPARK_JOB_DIR/spark on the master",
        )


def _submitted_master() -> str:
    """``host:port`` of the master of spark-submit; empty for every other master, or where no spark-submit is behind."""
    if "PYSPARK_GATEWAY_PORT" not in os.environ:
        return ""
    from pyspark import SparkConf, SparkContext

    SparkContext._ensure_initialized()
    master = str(SparkConf().get("spark.master") or "")
    return master.removeprefix("spark://") if master.startswith("spark://") else ""


def _refused(host: str, port: int) -> str | None:
    deadline = time.monotonic() + _MASTER_SECONDS
    while True:
        try:
            socket.create_connection((host, port), timeout=5).close()
            return None
        except OSError as error:
            if time.monotonic() > deadline:
                return str(error)
            time.sleep(1)


def await_executors(session: Any) -> None:
    """At least one executor has come to the session. PipelineFailure tells why none does."""
    context, master = session.sparkContext._jsc.sc(), str(session.sparkContext.master)
    if not master.startswith("spark://"):
        return
    deadline = time.monotonic() + EXECUTOR_SECONDS
    while not context.isStopped() and time.monotonic() < deadline:
        if context.getExecutorMemoryStatus().size() > 1:
            return
        time.sleep(0.5)
    raise _nobody_came(session, master, stopped=bool(context.isStopped()))


def _nobody_came(session: Any, master: str, *, stopped: bool) -> PipelineFailure:
    """Executors that end at once were started; else nobody had room for one."""
    options = dict(session.sparkContext.getConf().getAll())
    status = _status(master)
    apps = {app.get("id"): app.get("state") for app in (status or {}).get("activeapps", [])}
    if stopped or apps.get(session.sparkContext.applicationId) == "RUNNING":
        driver = f"{options.get('spark.driver.host')}:{options.get('spark.driver.port')}"
        return PipelineFailure(
            f"executors end as soon as they begin: Failed to connect to {driver}, the driver (드라이버 포트 차단)",
            hint=f"{_PORTS}; the executors' own words lie in SPARK_JOB_DIR/spark/work on the workers",
        )
    return PipelineFailure(
        f"Initial job has not accepted any resources (자원 없음): no executor within {EXECUTOR_SECONDS:.0f} s; "
        + _room(status, options.get("spark.executor.memory", "1g")),
        hint=f"start Spark's workers, or lower spark.executor.memory in config_stageN.yaml; {_PORTS}",
    )


def _status(master: str) -> dict[str, Any] | None:
    """What the master's page tells; None where it does not answer."""
    host = master.removeprefix("spark://").split(",")[0].rsplit(":", 1)[0]
    try:
        with urllib.request.urlopen(f"http://{host}:8080/json/", timeout=5) as answer:
            return dict(json.loads(answer.read()))
    except (OSError, ValueError):
        return None


def _room(status: dict[str, Any] | None, memory: str) -> str:
    if status is None:
        return f"an executor asks for {memory}; the master's page does not answer"
    alive = [w for w in status.get("workers", []) if w.get("state") == "ALIVE"]
    if not alive:
        return "the master knows no living worker"
    free = max(int(w.get("memoryfree", 0)) for w in alive)
    return f"{len(alive)} workers are alive with at most {free} MB free, an executor asks for {memory}"
