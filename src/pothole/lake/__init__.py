"""The lake: partitions of Parquet files in a folder or on S3, published as a whole or not at all."""

from pothole.lake.lake import Lake, RawFile, RawInput, SkippedFile, open_lake
from pothole.lake.manifest import Manifest, new_run_id
from pothole.lake.publish import Publication, check_same_run

__all__ = [
    "Lake",
    "Manifest",
    "Publication",
    "RawFile",
    "RawInput",
    "SkippedFile",
    "check_same_run",
    "new_run_id",
    "open_lake",
]
