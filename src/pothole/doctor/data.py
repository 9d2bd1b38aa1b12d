"""The lake: the day's input, the road network, what an earlier run has left."""

from __future__ import annotations

from collections.abc import Iterator

from pothole.cloud import objects
from pothole.datasets import TABLES
from pothole.doctor.context import Context
from pothole.doctor.findings import Finding, ok, warning, wrong
from pothole.errors import NoDataError, PotholeError
from pothole.tables import RAW, SEGMENTS


def input_there(context: Context) -> Iterator[Finding]:
    """Samples of the day lie on S3."""
    settings = context.settings
    files, size = objects.check_input(settings.lake_uri, context.day, region=settings.region)
    yield ok(f"{context.day}: {files} files, {size / 1e6:.1f} MB")


def roads(context: Context) -> Iterator[Finding]:
    """Without a road network no pothole is found."""
    settings = context.settings
    bucket, prefix = objects.split(f"{settings.lake_uri}/{SEGMENTS.name}/")
    files = [f"{prefix}/{name}" for name in SEGMENTS.one_of]
    there = [key for key, size in objects.listed(objects.client(settings.region), bucket, f"{prefix}/") if size]
    found = next((key for key in files if key in there), None)
    if found:
        yield ok(f"s3://{bucket}/{found}")
    else:
        yield warning(
            f"there is no road network in s3://{bucket}/{prefix}/: impacts stay without a road",
            f"`pothole roads build city.osm.pbf --out segments.csv`, "
            f"`aws s3 cp segments.csv s3://{bucket}/{prefix}/segments.csv`",
        )


def previous(context: Context) -> Iterator[Finding]:
    """What is published for the day is whole; nothing at all is fine."""
    settings, runs, missing = context.settings, dict[str, list[str]](), list[str]()
    broken = list[Finding]()
    for table in (t for t in TABLES.values() if t.partitioned and t is not RAW):
        try:
            manifest = objects.check_published(settings.lake_uri, table.name, context.day, region=settings.region)
            runs.setdefault(manifest.run_id, []).append(table.name)
        except NoDataError:
            missing.append(table.name)
        except PotholeError as error:
            broken.append(wrong(error.message, f"`pothole trigger {context.day} --force` publishes the day anew"))
    yield from broken
    if runs and missing:
        yield warning(
            f"{context.day} is published in part: {', '.join(missing)} missing",
            f"`pothole trigger {context.day} --force`",
        )
    elif runs:
        yield ok(f"{context.day} is published by {', '.join(runs)}; `pothole trigger --force` would replace it")
    elif not broken:
        yield ok(f"nothing is published for {context.day} yet")
