"""What several commands take alike."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pothole.errors import UserError

if TYPE_CHECKING:
    from pothole.lake import Lake


def lake_of_environment() -> str | None:
    """``s3://S3_BUCKET[/S3_LAKE_PREFIX]``, the cluster's lake; None where that is not set."""
    bucket, prefix = os.environ.get("S3_BUCKET", "").strip(), os.environ.get("S3_LAKE_PREFIX", "").strip("/ ")
    return f"s3://{bucket}/{prefix}".rstrip("/") if bucket else None


def opened_lake(uri: str | None) -> Lake:
    """The lake at ``uri``, else that of the environment; UserError where there is none."""
    from pothole.lake import open_lake

    place = uri or lake_of_environment()
    if place is None:
        raise UserError("which lake?", hint="give --lake, or set S3_BUCKET")
    return open_lake(place)
