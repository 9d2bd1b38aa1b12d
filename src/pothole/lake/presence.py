"""Whether what a manifest lists is there: for lakes that are opened, such as folders."""

from __future__ import annotations

from pothole.errors import LakeError, NoDataError
from pothole.lake.lake import Lake
from pothole.lake.manifest import NAME, Manifest


def check_published(lake: Lake, dataset: str, date: str, run_id: str | None = None) -> Manifest:
    """The partition's manifest, its files all there. An empty result is a valid one.

    NoDataError when nothing is published, or by another run than ``run_id``; LakeError when a file is missing.
    """
    manifest, folder = lake.published(dataset, date), f"{dataset}/dt={date}"
    where = lake.storage.absolute(f"{folder}/{NAME}")
    if run_id is not None and manifest.run_id != run_id:
        raise NoDataError(
            f"{where} is of run {manifest.run_id}, expected {run_id}: this run has published nothing",
            hint="look at what the run said",
        )
    there = {path.removeprefix(f"{folder}/"): size for path, size in lake.storage.files(folder)}
    for file in manifest.files:
        if there.get(file.path) != file.bytes:
            found = "is not there" if file.path not in there else f"has {there[file.path]} bytes, not {file.bytes}"
            raise LakeError(f"{where} lists {file.path}, which {found}", hint="run that date again")
    return manifest
