"""The stages' configuration and code: valid here, the same on S3."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from pothole.cloud import bundle
from pothole.doctor.context import Context
from pothole.doctor.findings import Finding, not_checked, ok, wrong
from pothole.errors import UserError

_SHOWN = 5


def configuration(context: Context) -> Iterator[Finding]:
    """Every stage's configuration is valid; its lake is the one that the DAG looks at; Spark can take its paths."""
    wanted = context.settings.lake_uri.replace("s3://", "s3a://", 1)
    found = list[Finding]()
    for stage, name, section in _sections(context):
        if section["lake"] != wanted:
            found.append(
                wrong(
                    f"{stage}/config_{stage}.yaml, section {name}: lake is {section['lake']}, the DAG's is {wanted}",
                    "set `lake: null` there, or S3_BUCKET and S3_LAKE_PREFIX in the environment",
                )
            )
        for key, value in section["spark"].items():
            if str(value).startswith(("s3://", "s3n://")):
                found.append(
                    wrong(
                        f"{stage}/config_{stage}.yaml: {key} is {value}: Spark knows no such scheme "
                        f'(No FileSystem for scheme "{value.partition(":")[0]}")',
                        f"write s3a://{value.partition('://')[2]}",
                    )
                )
    yield from found or [ok(f"{wanted} for every stage (s3:// is taken as s3a://)")]


def _sections(context: Context) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    for path, content in context.bundle.files.items():
        stage, _, name = path.partition("/")
        if name == f"config_{stage}.json":
            for section, values in json.loads(content).items():
                yield stage, section, values


def deployed(context: Context) -> Iterator[Finding]:
    """What lies on S3 is this folder's code, and nobody has edited it there."""
    store = bundle.Store(context.settings)
    try:
        made = context.bundle
    except UserError as error:
        yield not_checked(f"this folder cannot be deployed: {error.message}")
        return
    manifest = store.manifest()
    if manifest is None:
        yield wrong(f"no code is deployed in {store.uri('')}", "`pothole deploy`")
        return
    odd = [change for change in bundle.changes(made, context.settings) if change.what != "same"]
    if odd:
        told = ", ".join(f"{change.path} ({change.what})" for change in odd[:_SHOWN])
        more = f" and {len(odd) - _SHOWN} more" if len(odd) > _SHOWN else ""
        where = f"{store.uri('')} holds version {manifest['version']}, this folder is {made.version}"
        yield wrong(f"{where}; a deployment would change {told}{more}", "`pothole deploy --dry-run`, `pothole deploy`")
    else:
        yield ok(f"version {made.version}: {len(made.files)} files, equal here and in {store.uri('')}")
