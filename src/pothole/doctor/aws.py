"""What EC2 and STS tell, with little patience; errors in one line with the fix."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from pothole import extras
from pothole.cloud.settings import CloudSettings
from pothole.errors import PipelineFailure

_DENIED = ("UnauthorizedOperation", "AccessDenied", "AuthFailure")


def client(service: str, settings: CloudSettings) -> Any:
    """A client of the settings' region that asks twice at most."""
    with explained(f"use {service}", "check AWS_PROFILE and AWS_ENDPOINT_URL"):
        import boto3
        from botocore.config import Config

        patience = Config(connect_timeout=5, read_timeout=10, retries={"total_max_attempts": 2, "mode": "standard"})
        return boto3.session.Session().client(service, region_name=settings.region, config=patience)


@contextmanager
def explained(operation: str, hint: str) -> Iterator[None]:
    """What AWS says, as one PipelineFailure; ``hint`` is for a refusal."""
    try:
        from botocore.exceptions import BotoCoreError, ClientError
    except ImportError:
        raise extras.missing("boto3") from None
    try:
        yield
    except ClientError as error:
        said, answer = error.response.get("Error", {}), error.response.get("ResponseMetadata", {})
        code = said.get("Code") or f"HTTP {answer.get('HTTPStatusCode')}"
        raise PipelineFailure(f"cannot {operation}: {code}: {said.get('Message')}", hint=hint) from None
    except (BotoCoreError, ValueError) as error:
        text = " ".join(str(error).split())
        raise PipelineFailure(
            f"cannot {operation}: {text}", hint="check the network, AWS_PROFILE and AWS_ENDPOINT_URL"
        ) from None


def instances(settings: CloudSettings) -> dict[str, dict[str, Any]]:
    """The instances that exist, by id, in the settings' order."""
    wanted = [{"Name": "instance-id", "Values": list(settings.instance_ids)}]
    with explained("describe instances", "give this role ec2:DescribeInstances"):
        pages = client("ec2", settings).get_paginator("describe_instances").paginate(Filters=wanted)
        found = {i["InstanceId"]: i for page in pages for r in page["Reservations"] for i in r["Instances"]}
    return {i: found[i] for i in settings.instance_ids if i in found}


def groups(settings: CloudSettings, found: Iterable[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The security groups of these instances, by id."""
    ids = sorted({group["GroupId"] for instance in found for group in instance.get("SecurityGroups", [])})
    if not ids:
        return {}
    with explained("describe security groups", "give this role ec2:DescribeSecurityGroups"):
        answer = client("ec2", settings).describe_security_groups(GroupIds=ids)
    return {group["GroupId"]: group for group in answer["SecurityGroups"]}


def refusal(operation: Any, **arguments: Any) -> str | None:
    """Make a call of EC2 as a dry run: None where it would have been allowed, else EC2's own code.

    PipelineFailure where EC2 does not answer, or says something else.
    """
    from botocore.exceptions import ClientError

    name = operation.__name__
    with explained(f"try {name}", "look at the call in CloudTrail"):
        try:
            operation(DryRun=True, **arguments)
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code"))
            if code == "DryRunOperation":
                return None
            if code in _DENIED:
                return code
            raise
    raise PipelineFailure(f"{name} took no notice of DryRun", hint="check AWS_ENDPOINT_URL: is it EC2?")
