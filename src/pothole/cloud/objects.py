"""What lies on S3: the day's input, what a stage has published. No data, no permission, no network: three errors."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pothole import extras
from pothole.cloud.s3_errors import explained
from pothole.errors import LakeError, NoDataError, UserError
from pothole.lake.manifest import NAME, Manifest, parse
from pothole.tables import RAW

__all__ = ["check_input", "check_published", "client", "explained", "listed", "read", "split"]


def client(region: str | None = None) -> Any:
    """An S3 client with short patience; credentials and endpoint as the AWS tools find them.

    Without an endpoint of one's own, what it asks and signs goes to the region's host, never to S3's global one, which
    a private network has no way to; the bucket is part of the host's name unless it has a dot (no certificate fits
    then). With one, the bucket is part of the path: a host's name alone need not resolve with a bucket before it.
    """
    try:
        import boto3
    except ImportError:
        raise extras.missing("boto3") from None
    with explained("use", "S3"):
        try:
            session = boto3.session.Session()
            own = session.client("s3", region_name=region, config=_config("path"))
            regional = session.client(
                "s3", region_name=region, config=_config("virtual", ignore_configured_endpoint_urls=True)
            )
        except ValueError as error:
            raise UserError(f"cannot use S3: {error}", hint="check AWS_REGION and AWS_ENDPOINT_URL") from None
    return regional if own.meta.endpoint_url == regional.meta.endpoint_url else own


def _config(addressing: str, **more: Any) -> Any:
    from botocore.config import Config

    return Config(
        connect_timeout=5,
        read_timeout=30,
        retries={"total_max_attempts": 4, "mode": "standard"},
        signature_version="s3v4",
        s3={"addressing_style": addressing, "us_east_1_regional_endpoint": "regional"},
        **more,
    )


def split(uri: str) -> tuple[str, str]:
    """Bucket and prefix of ``s3://bucket[/prefix]`` (``s3a://`` means the same)."""
    for scheme in ("s3://", "s3a://"):
        if uri.startswith(scheme) and uri.removeprefix(scheme).strip("/"):
            bucket, _, prefix = uri.removeprefix(scheme).strip("/").partition("/")
            return bucket, prefix
    raise UserError(f"{uri!r} is not on S3", hint="expected s3://bucket[/prefix]")


def listed(s3: Any, bucket: str, prefix: str) -> Iterator[tuple[str, int]]:
    """Keys below a prefix with their sizes in bytes."""
    with explained("list", f"s3://{bucket}/{prefix}"):
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
            for entry in page.get("Contents", []):
                yield str(entry["Key"]), int(entry["Size"])


def read(s3: Any, bucket: str, key: str) -> bytes:
    """An object's content; FileNotFoundError when there is none."""
    with explained("read", f"s3://{bucket}/{key}"):
        return bytes(s3.get_object(Bucket=bucket, Key=key)["Body"].read())


def check_input(lake_uri: str, date: str, *, region: str | None = None) -> tuple[int, int]:
    """Number and bytes of the date's raw files. NoDataError, with the nearest dates, when there are none."""
    (bucket, prefix), s3 = split(lake_uri), client(region)
    root = f"{prefix}/{RAW.name}/".lstrip("/")
    folder = f"{root}dt={date}/"
    sizes = [size for key, size in listed(s3, bucket, folder) if _is_data(key.removeprefix(folder)) and size > 0]
    if sizes:
        return len(sizes), sum(sizes)
    dates = sorted(_dates(s3, bucket, root) - {date}, key=lambda d: (abs(_day(d) - _day(date)), d))[:3]
    near = f"the nearest dates there are {', '.join(sorted(dates))}" if dates else "there is no other date either"
    raise NoDataError(
        f"no raw data for {date} in {lake_uri} (입력 데이터 없음: s3://{bucket}/{folder}); {near}",
        hint="the fleet's upload of that day is missing: bring it, then run the date again",
    )


def _is_data(name: str) -> bool:
    return name.endswith(".parquet") and not any(part.startswith((".", "_")) for part in name.split("/"))


def _dates(s3: Any, bucket: str, root: str) -> set[str]:
    with explained("list", f"s3://{bucket}/{root}"):
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=root, Delimiter="/")
        names = [p["Prefix"].rstrip("/").rsplit("dt=", 1)[-1] for page in pages for p in page.get("CommonPrefixes", [])]
    return {name for name in names if _day(name)}


def _day(text: str) -> int:
    from datetime import date

    try:
        return date.fromisoformat(text).toordinal()
    except ValueError:
        return 0


def check_published(
    lake_uri: str, dataset: str, date: str, run_id: str | None = None, *, region: str | None = None
) -> Manifest:
    """The partition's manifest, its files all there. An empty result is a valid one.

    NoDataError when nothing is published, or by another run than ``run_id``; LakeError when S3 says no or a file is
    missing.
    """
    (bucket, prefix), s3 = split(lake_uri), client(region)
    folder = f"{prefix}/{dataset}/dt={date}/".lstrip("/")
    where = f"s3://{bucket}/{folder}{NAME}"
    try:
        manifest = parse(read(s3, bucket, f"{folder}{NAME}"), where)
    except FileNotFoundError:
        raise NoDataError(
            f"nothing is published: {where} is not there",
            hint="look at the log of the stage that should have written it",
        ) from None
    if run_id is not None and manifest.run_id != run_id:
        raise NoDataError(
            f"{where} is of run {manifest.run_id}, expected {run_id}: this run has published nothing",
            hint="look at the log of the stage that should have written it",
        )
    there = {key.removeprefix(folder): size for key, size in listed(s3, bucket, folder)}
    for file in manifest.files:
        if there.get(file.path) != file.bytes:
            found = "is not there" if file.path not in there else f"has {there[file.path]} bytes, not {file.bytes}"
            raise LakeError(f"{where} lists {file.path}, which {found}", hint="run that date again")
    return manifest
