"""The lake: partitions of Parquet files in a folder or on S3, published as a whole or not at all."""

from pothole.lake.lake import Lake, open_lake
from pothole.lake.manifest import Manifest, new_run_id
from pothole.lake.publish import Publication, check_same_run
from pothole.lake.raw import RawFile, RawInput, SkippedFile
from pothole.lake.repair import DateState, Partition

__all__ = [
    "DateState",
    "Lake",
    "Manifest",
    "Partition",
    "Publication",
    "RawFile",
    "RawInput",
    "SkippedFile",
    "check_same_run",
    "new_run_id",
    "open_lake",
]
