"""The cluster's machines: all started or none, all stopped whatever happens.

``boto3`` finds credentials and endpoint as the AWS tools do.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pothole.cloud.say import Say
from pothole.cloud.settings import CloudSettings
from pothole.errors import PipelineFailure

_POLL_SECONDS = 3.0


@dataclass(frozen=True)
class Instance:
    """A machine as EC2 tells of it."""

    id: str
    state: str
    private_ip: str | None
    launched: datetime | None


def describe(settings: CloudSettings, ids: Sequence[str] | None = None) -> dict[str, Instance]:
    """The cluster's instances (or these) by id, in that order. PipelineFailure names those that do not exist."""
    client, ids = _client(settings), settings.instance_ids if ids is None else ids
    with _explained("describe instances"):
        answer = client.describe_instances(Filters=[{"Name": "instance-id", "Values": list(ids)}])
    found = [instance for reservation in answer["Reservations"] for instance in reservation["Instances"]]
    known = {i["InstanceId"]: i for i in found}
    missing = [i for i in ids if i not in known]
    if missing:
        raise PipelineFailure(
            f"there is no instance {', '.join(missing)} in {settings.region}",
            hint="check MASTER_INSTANCE_ID, WORKERn_INSTANCE_ID and AWS_REGION",
        )
    return {
        i: Instance(i, known[i]["State"]["Name"], known[i].get("PrivateIpAddress"), known[i].get("LaunchTime"))
        for i in ids
    }


def start(settings: CloudSettings, say: Say) -> dict[str, str]:
    """Start what is not running and wait until all run: private address by instance id.

    If one cannot start, those that this call has started are stopped again and PipelineFailure names it.
    """
    client, deadline = _client(settings), time.monotonic() + settings.start_deadline_seconds
    started: list[str] = []
    try:
        for instance in _settled(settings, deadline, say).values():
            if instance.state == "running":
                say(f"{instance.id} is running already")
                continue
            say(f"starting {instance.id}")
            with _explained(f"start {instance.id}"):
                client.start_instances(InstanceIds=[instance.id])
            started.append(instance.id)
        running = _wait(settings, {"running"}, {"pending", "running"}, deadline, say)
    except BaseException:
        if started:
            say(f"stopping {', '.join(started)} again")
        for instance_id in started:  # one by one: EC2 refuses all where one is terminated
            with suppress(Exception):
                client.stop_instances(InstanceIds=[instance_id])
        raise
    return {i.id: str(i.private_ip) for i in running.values()}


def stop(settings: CloudSettings, say: Say, *, wait: bool = True) -> None:
    """Stop every instance; stopped or terminated already is fine.

    Tries all and waits for those that stop, then PipelineFailure names those that would not.
    """
    client, stopping, failed = _client(settings), [], []
    for instance_id in settings.instance_ids:
        try:
            with _explained(f"stop {instance_id}"):
                client.stop_instances(InstanceIds=[instance_id])
            say(f"stopping {instance_id}")
            stopping.append(instance_id)
        except PipelineFailure as error:
            if _is_terminated(settings, instance_id):
                say(f"{instance_id} is terminated")
                continue
            say(error.message)
            failed.append(error.message)
    if wait and stopping:
        deadline = time.monotonic() + settings.start_deadline_seconds
        on_the_way = {"running", "stopping", "shutting-down", "pending"}
        _wait(settings, {"stopped", "terminated"}, on_the_way, deadline, say, stopping)
    if failed:
        raise PipelineFailure("; ".join(failed), hint="stop them in the EC2 console: they cost money while they run")


def _is_terminated(settings: CloudSettings, instance_id: str) -> bool:
    """Is it off for good, so that EC2 refuses to stop it?"""
    with suppress(PipelineFailure):
        return describe(settings, [instance_id])[instance_id].state in ("shutting-down", "terminated")
    return False


def _settled(settings: CloudSettings, deadline: float, say: Say) -> dict[str, Instance]:
    """The instances when none is on its way down: one that is stopping cannot be started."""
    return _wait(settings, {"stopped", "running", "pending"}, {"stopping"}, deadline, say)


def _wait(
    settings: CloudSettings,
    wanted: set[str],
    on_the_way: set[str],
    deadline: float,
    say: Say,
    ids: Sequence[str] | None = None,
) -> dict[str, Instance]:
    said = ""
    while True:
        instances = describe(settings, ids)
        for instance in instances.values():
            if instance.state not in wanted | on_the_way:
                raise PipelineFailure(
                    f"{instance.id} is {instance.state}, expected {' or '.join(sorted(wanted))}",
                    hint="look at its state reason in the EC2 console (capacity, quota, a terminated instance)",
                )
        waiting = {i.id: i.state for i in instances.values() if i.state not in wanted}
        if not waiting:
            return instances
        text = "waiting for " + _listed(waiting.items())
        if text != said:
            say(text)
            said = text
        if time.monotonic() > deadline:
            raise PipelineFailure(
                f"after {settings.start_deadline_seconds:.0f} s still {_listed(waiting.items())}",
                hint="raise START_DEADLINE_SECONDS if this instance type needs longer",
            )
        time.sleep(_POLL_SECONDS)


def _listed(states: Iterable[tuple[str, str]]) -> str:
    return ", ".join(f"{i} ({state})" for i, state in states)


def _client(settings: CloudSettings) -> Any:
    import boto3
    from botocore.config import Config

    patience = Config(connect_timeout=5, read_timeout=30, retries={"max_attempts": 4, "mode": "standard"})
    with _explained("use EC2"):
        return boto3.client("ec2", region_name=settings.region, config=patience)


class _explained:
    """What EC2 says, as one line with the operation and the cause."""

    def __init__(self, operation: str) -> None:
        self.operation = operation

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        from botocore.exceptions import BotoCoreError, ClientError

        if isinstance(error, ClientError):
            said = error.response.get("Error", {})
            hint = None
            if said.get("Code") in ("UnauthorizedOperation", "AccessDenied", "AuthFailure"):
                hint = "give this role ec2:DescribeInstances, StartInstances and StopInstances on the cluster"
            raise PipelineFailure(f"cannot {self.operation}: {said.get('Code')}: {said.get('Message')}", hint=hint)
        if isinstance(error, BotoCoreError):
            raise PipelineFailure(
                f"cannot {self.operation}: {error}", hint="check the network, AWS_PROFILE and AWS_ENDPOINT_URL"
            )
