"""Spark's standalone master and workers on the nodes: started, seen alive, stopped."""

from __future__ import annotations

import json
import shlex
import time
from collections.abc import Sequence
from typing import Any

from pothole.cloud import ssh
from pothole.cloud.say import Say
from pothole.cloud.settings import CloudSettings
from pothole.cloud.ssh import Host, UnreachableError
from pothole.errors import PipelineFailure

_MASTER, _WORKER = "org.apache.spark.deploy.master.Master", "org.apache.spark.deploy.worker.Worker"
_POLL_SECONDS = 2.0
_ALIVE_SECONDS = 180.0


def _daemon(settings: CloudSettings, host: Host, action: str, kind: str, arguments: str = "") -> str:
    """spark-daemon.sh with the node's own address and folders that its user may write."""
    folder = shlex.quote(settings.job_dir)
    return (
        f"mkdir -p {folder} && cd {folder} && mkdir -p spark && "
        f'export SPARK_PID_DIR="$PWD/spark" SPARK_LOG_DIR="$PWD/spark" SPARK_WORKER_DIR="$PWD/spark/work" '
        f"SPARK_LOCAL_IP={host.private_ip} && "
        f"{shlex.quote(settings.spark_home)}/sbin/spark-daemon.sh {action} {kind} 1 {arguments}"
    )


def start_spark(master: Host, workers: Sequence[Host], settings: CloudSettings, say: Say) -> None:
    """Start what does not run yet, and wait until the master tells every worker alive.

    Ports: 7077 the master, 7078 a worker, 8080 and 8081 their pages. PipelineFailure names the worker that is missing.
    """
    _start(settings, master, _MASTER, f"--host {master.private_ip} --port 7077 --webui-port 8080", say)
    _wait(master, lambda status: status is not None, "the master answers", say)
    for worker in workers:
        arguments = f"--host {worker.private_ip} --port 7078 --webui-port 8081 {settings.spark_master_uri}"
        _start(settings, worker, _WORKER, arguments, say)
    wanted = {w.private_ip for w in workers}
    status = _wait(master, lambda s: s is not None and wanted <= _alive(s), f"{len(wanted)} workers are alive", say)
    cores = sum(w.get("cores", 0) for w in status.get("workers", []) if w.get("state") == "ALIVE")
    say(f"Spark is up: {settings.spark_master_uri}, {len(wanted)} workers, {cores} cores")


def _start(settings: CloudSettings, host: Host, kind: str, arguments: str, say: Say) -> None:
    name = kind.rsplit(".", 1)[-1].lower()
    try:
        ssh.run(host, _daemon(settings, host, "start", kind, arguments), what=f"starting Spark's {name}")
        say(f"{name} started on {host.private_ip}")
    except UnreachableError:
        raise
    except PipelineFailure as error:
        if "Stop it first" not in error.message:
            raise
        say(f"{name} is running already on {host.private_ip}")


def _alive(status: dict[str, Any]) -> set[str]:
    return {w["host"] for w in status.get("workers", []) if w.get("state") == "ALIVE"}


def master_status(master: Host) -> dict[str, Any] | None:
    """What Spark's master tells of itself, asked on its own node; None while it does not answer."""
    command = f"curl -sf --max-time 5 http://{master.private_ip}:8080/json/ || true"
    try:
        return dict(json.loads(ssh.run(master, command, what="asking Spark's master")))
    except ValueError:
        return None


def _wait(master: Host, good: Any, what: str, say: Say) -> dict[str, Any]:
    deadline = time.monotonic() + _ALIVE_SECONDS
    say(f"waiting until {what}")
    while True:
        status = master_status(master)
        if good(status):
            return status or {}
        if time.monotonic() > deadline:
            there = sorted(_alive(status)) if status else "no answer from the master"
            raise PipelineFailure(
                f"after {_ALIVE_SECONDS:.0f} s still waiting until {what}; alive: {there}",
                hint="the security group must let the nodes talk to each other on all TCP ports; "
                "Spark's own logs lie on the nodes in SPARK_JOB_DIR/spark",
            )
        time.sleep(_POLL_SECONDS)


def stop_spark(master: Host, workers: Sequence[Host], settings: CloudSettings, say: Say) -> None:
    """Stop workers and master; what does not run, or cannot be reached, is fine."""
    for host, kind in [*((w, _WORKER) for w in workers), (master, _MASTER)]:
        name = kind.rsplit(".", 1)[-1].lower()
        try:
            said = ssh.run(host, _daemon(settings, host, "stop", kind), what=f"stopping Spark's {name}")
            say(f"{name} on {host.private_ip}: {said.strip() or 'stopped'}")
        except UnreachableError as error:
            say(f"{name} on {host.private_ip}: taken as stopped, {error.message}")
