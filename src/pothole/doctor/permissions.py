"""Who is asking AWS, and may they do what a run does? Dry runs and conditions that cannot hold: nothing is left."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from pothole.cloud import objects
from pothole.doctor import aws
from pothole.doctor.context import Context
from pothole.doctor.findings import Finding, ok, warning, wrong
from pothole.errors import LakeError
from pothole.tables import RAW

_SKEW_SECONDS = 60.0
_ARN = "arn:aws:s3:::"


def credentials(context: Context) -> Iterator[Finding]:
    """STS knows them, and this machine's clock is AWS's."""
    with aws.explained("ask who is asking (STS)", "renew the credentials; AWS_PROFILE chooses others"):
        answer = aws.client("sts", context.settings).get_caller_identity()
    skew = _skew_seconds(answer)
    if skew is not None and skew > _SKEW_SECONDS:
        yield wrong(f"this machine's clock is {skew:.0f} s from AWS's", "`sudo chronyc makestep`, or start chronyd")
    yield ok(f"{answer['Arn']} in account {answer['Account']}")


def _skew_seconds(answer: dict[str, Any]) -> float | None:
    from email.utils import parsedate_to_datetime

    date = answer["ResponseMetadata"].get("HTTPHeaders", {}).get("date")
    return abs((datetime.now(UTC) - parsedate_to_datetime(date)).total_seconds()) if date else None


def ec2(context: Context) -> Iterator[Finding]:
    """Instances may be described, started and stopped."""
    settings, client = context.settings, aws.client("ec2", context.settings)
    ids = list(context.instances) or list(settings.instance_ids)
    calls = {"StartInstances": client.start_instances, "StopInstances": client.stop_instances}
    refused = {name: code for name, call in calls.items() if (code := aws.refusal(call, InstanceIds=ids))}
    for name, code in refused.items():
        yield wrong(f"ec2:{name} is refused ({code})", f"allow ec2:{name} on {', '.join(ids)} in this role's policy")
    if not refused:
        yield ok("describe, start and stop are allowed (dry runs)")


def s3(context: Context) -> Iterator[Finding]:
    """The bucket may be listed, read and written where Airflow's tasks do so."""
    settings = context.settings
    client, bucket = objects.client(settings.region), settings.bucket
    odd = f".doctor-{uuid.uuid4().hex}"
    lake, code = (f"{prefix}/".lstrip("/") for prefix in (settings.lake_prefix, settings.code_prefix))
    raw, runs = f"{lake}{RAW.name}/", f"{lake}runs/"
    found = [
        *_tried("s3:ListBucket", f"s3://{bucket}", lambda: next(objects.listed(client, bucket, lake), None)),
        *_tried("s3:GetObject", f"s3://{bucket}/{raw}*", lambda: _get(client, bucket, f"{raw}{odd}")),
        *_tried("s3:PutObject", f"s3://{bucket}/{runs}*", lambda: _put(client, bucket, f"{runs}{odd}")),
        *_tried(
            *("s3:PutObject", f"s3://{bucket}/{code}*", lambda: _put(client, bucket, f"{code}{odd}")),
            only_for="`pothole deploy`",
        ),
    ]
    yield from found or [ok(f"s3://{bucket} may be listed, read and written (nothing was left there)")]


def _tried(action: str, place: str, work: Any, *, only_for: str = "") -> Iterator[Finding]:
    """What came of it if it went wrong; that it is denied is a warning where no run needs it."""
    try:
        work()
    except LakeError as error:
        found, allow = f"{action} on {place}: {error.message}", f"allow {action} on {place.replace('s3://', _ARN)}"
        if "denied" not in error.message:
            yield wrong(found, error.hint or "mend it")
        elif only_for:
            yield warning(f"{found} (needed for {only_for} alone)", f"{allow}, or run {only_for} as somebody else")
        else:
            yield wrong(found, allow)


def _get(client: Any, bucket: str, key: str) -> None:
    """S3 tells whoever may read and list that there is no such key; others are refused."""
    try:
        objects.read(client, bucket, key)
    except FileNotFoundError:
        return


def _put(client: Any, bucket: str, key: str) -> None:
    """Replace a key that is not there on a condition that cannot hold: refused before it, or because of it."""
    from botocore.exceptions import ClientError

    try:
        with objects.explained("write", f"s3://{bucket}/{key}"):
            try:
                client.put_object(Bucket=bucket, Key=key, Body=b"", IfMatch='"0"')
            except ClientError as error:
                if error.response["ResponseMetadata"]["HTTPStatusCode"] in (404, 409, 412) and not _no_bucket(error):
                    return
                raise
    except FileNotFoundError:
        return
    client.delete_object(Bucket=bucket, Key=key)  # a store that knows no conditions has written it


def _no_bucket(error: Any) -> bool:
    return bool(error.response.get("Error", {}).get("Code") == "NoSuchBucket")
