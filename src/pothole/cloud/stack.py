"""What a CloudFormation stack of `infra/cloudformation` made, and the host keys that its machines have."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from pothole import extras
from pothole.cloud.say import Say
from pothole.errors import PipelineFailure, UserError

_READY = {
    "CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "UPDATE_ROLLBACK_COMPLETE",
    "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS", "IMPORT_COMPLETE",
}  # fmt: skip
_DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthFailure", "InvalidClientTokenId"}


@dataclass(frozen=True)
class Stack:
    """A stack that is complete, and its outputs."""

    name: str
    region: str
    outputs: Mapping[str, str]

    @property
    def bucket(self) -> str:
        """The lake's bucket."""
        return self.outputs["BucketName"]

    @property
    def master_id(self) -> str | None:
        """None as long as the stack has no machines."""
        return self.outputs.get("MasterInstanceId")

    @property
    def worker_ids(self) -> list[str]:
        """In the order of their numbers."""
        found = {int(m[1]): v for k, v in self.outputs.items() if (m := re.fullmatch(r"Worker(\d+)InstanceId", k))}
        return [found[number] for number in sorted(found)]


def read(name: str, region: str | None = None) -> Stack:
    """The stack of that name in that region, else in the one that the AWS tools use.

    UserError when there is none, or one of another template; PipelineFailure while it is being made, when making it
    has failed, without permission and without network.
    """
    _require_boto3()
    from botocore.exceptions import ClientError

    with _explained(f"read the stack {name}", "cloudformation:DescribeStacks"):
        client = _client("cloudformation", region)
        try:
            found = client.describe_stacks(StackName=name)["Stacks"][0]
        except ClientError as error:
            if "does not exist" not in str(error):
                raise
            raise UserError(
                f"there is no stack {name} in {client.meta.region_name}",
                hint="check the name and AWS_REGION; docs/infrastructure.md tells how to deploy it",
            ) from None
    _check_state(name, str(found["StackStatus"]), found.get("StackStatusReason"))
    outputs = {o["OutputKey"]: o["OutputValue"] for o in found.get("Outputs", [])}
    missing = {"BucketName", "CodePrefix", "ArtefactsPrefix"} - set(outputs)
    if missing:
        raise UserError(
            f"the stack {name} has no output {', '.join(sorted(missing))}: it is of another template",
            hint="expected a stack of infra/cloudformation/pothole.yaml",
        )
    return Stack(name, str(client.meta.region_name), outputs)


def _check_state(name: str, state: str, reason: str | None) -> None:
    if state in _READY:
        return
    if state.endswith("_IN_PROGRESS") and "DELETE" not in state and "ROLLBACK" not in state:
        kind = "create" if state.startswith(("CREATE", "REVIEW")) else "update"
        raise PipelineFailure(
            f"the stack {name} is not ready: {state}",
            hint=f"`aws cloudformation wait stack-{kind}-complete --stack-name {name}`, then again",
        )
    raise PipelineFailure(
        f"the stack {name} is {state}" + (f": {reason}" if reason else ""),
        hint=f"`aws cloudformation describe-stack-events --stack-name {name}` tells the cause; deploy it again",
    )


def host_keys(stack: Stack, say: Say) -> list[str | None]:
    """Public SSH host keys of master and workers, as they have told their consoles; None where that is not known.

    Why it is not, such as no permission to read consoles, is said and is no error.
    """
    machines = [machine for machine in (stack.master_id, *stack.worker_ids) if machine]
    try:
        with _explained("read the machines' consoles", "ec2:GetConsoleOutput"):
            client = _client("ec2", stack.region)
            return [_host_key(str(client.get_console_output(InstanceId=i).get("Output") or "")) for i in machines]
    except PipelineFailure as error:
        say(f"{error.message}; {error.hint or 'fill their host keys in by hand'}")
        return [None] * len(machines)


def _host_key(console: str) -> str | None:
    """cloud-init prints the keys when a machine first boots."""
    _, begun, told = console.rpartition("BEGIN SSH HOST KEY KEYS")
    told = told.partition("END SSH HOST KEY KEYS")[0]
    for kind in ("ssh-ed25519", r"ecdsa-sha2-\S+", "ssh-rsa"):
        if begun and (match := re.search(rf"\b({kind} [A-Za-z0-9+/]+=*)", told)):
            return match[1]
    return None


def _require_boto3() -> None:
    try:
        import boto3  # noqa: F401
    except ImportError:
        raise extras.missing("boto3") from None


def _client(service: str, region: str | None) -> Any:
    import boto3
    from botocore.config import Config

    patience = Config(connect_timeout=5, read_timeout=30, retries={"max_attempts": 4, "mode": "standard"})
    return boto3.session.Session().client(service, region_name=region, config=patience)


@contextmanager
def _explained(operation: str, permission: str) -> Iterator[None]:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        said = error.response.get("Error", {})
        hint = f"give this role {permission}, or renew its credentials" if said.get("Code") in _DENIED else None
        raise PipelineFailure(f"cannot {operation}: {said.get('Code')}: {said.get('Message')}", hint=hint) from None
    except BotoCoreError as error:
        raise PipelineFailure(
            f"cannot {operation}: {' '.join(str(error).split())}",
            hint="check the network, AWS_REGION, AWS_PROFILE and AWS_ENDPOINT_URL",
        ) from None
