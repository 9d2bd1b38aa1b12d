"""Spark's own logs on the nodes: the driver's, which is the stage's job on the master, and the executors'."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

from pothole.cloud import ec2, job, ssh
from pothole.cloud.say import Say
from pothole.cloud.settings import CloudSettings
from pothole.cloud.ssh import Host
from pothole.errors import NoDataError, PipelineFailure, UserError

_STAGE = re.compile(r"run_(stage\d+)")
_APP = re.compile(r"\bapp-\d{14}-\d{4}\b")
_KEPT_BYTES = 200_000
"""Of each executor's log the last so many bytes."""


def stage_of(task_id: str) -> str:
    """The stage whose job a task runs; UserError for a task that has none."""
    match = _STAGE.fullmatch(task_id)
    if match is None:
        raise UserError(f"{task_id} runs nothing on Spark", hint="--spark goes with run_stage1, run_stage2, ...")
    return match[1]


def nodes(settings: CloudSettings) -> tuple[Host, list[Host]]:
    """Master and workers; PipelineFailure when the master is off, for the logs lie on the machines."""
    found = ec2.describe(settings)
    master = found[settings.master_id]
    if master.state != "running":
        raise PipelineFailure(
            f"the master {master.id} is {master.state}: Spark's logs lie on the machines, which run while a run does",
            hint="without --spark the task's log, which holds the driver's lines, comes from Airflow",
        )
    return ssh.hosts(settings, {i.id: str(i.private_ip) for i in found.values()})


def driver(master: Host, stage: str, day: str, settings: CloudSettings, say: Say, *, follow: bool) -> list[str]:
    """Say the driver's log, with ``follow`` until the job has ended; the Spark applications that it names.

    NoDataError when the master has no job of that stage, or one of another date.
    """
    _check_date(master, stage, day, settings)
    apps: dict[str, None] = {}

    def heard(line: str) -> None:
        apps.update(dict.fromkeys(_APP.findall(line)))
        say(line)

    job.tell(master, stage, settings, heard, follow=follow)
    return list(apps)


def _check_date(master: Host, stage: str, day: str, settings: CloudSettings) -> None:
    command = job.command_of(master, stage, settings)
    if command is None:
        raise NoDataError(f"{stage} has not run on {master.private_ip}", hint="`pothole status` shows the last runs")
    dates = re.findall(r"--batch-date (\d{4}-\d\d-\d\d)", command)
    if dates != [day]:
        raise NoDataError(
            f"the log of {stage} on {master.private_ip} is of {', '.join(dates) or 'another command'}, not of {day}",
            hint="the machines keep the last run's; `pothole logs` without --spark has all of them",
        )


def executors(workers: list[Host], apps: list[str], settings: CloudSettings, say: Say) -> None:
    """Say the end of every executor's log of these applications, or else of the last one on each worker."""
    for worker in workers:
        try:
            printed = ssh.run(worker, _script(settings, apps), what="reading the executors' logs")
        except ssh.UnreachableError as error:
            say(f"==> executors on {worker.private_ip}: {error.message}")
            continue
        if not printed.strip():
            say(f"==> no executor has run on {worker.private_ip}")
        for line in _told(printed, worker.private_ip):
            say(line)


def _script(settings: CloudSettings, apps: list[str]) -> str:
    chosen = " ".join(shlex.quote(app) for app in apps) or "$(ls -d app-* 2>/dev/null | tail -n 1)"
    return f"""cd {shlex.quote(settings.job_dir)}/spark/work 2>/dev/null || exit 0
for app in {chosen}; do
  for file in "$app"/*/stdout "$app"/*/stderr; do
    [ -s "$file" ] || continue
    echo "==> $file"
    tail -c {_KEPT_BYTES} "$file"
    echo
  done
done"""


def _told(printed: str, address: str) -> Iterator[str]:
    for line in printed.splitlines():
        yield f"{line} on {address}" if line.startswith("==> app-") else line
