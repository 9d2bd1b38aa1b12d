"""The variables of env.sh: all that is needed, and what is better set."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from pothole.doctor.context import Context
from pothole.doctor.findings import Finding, ok, warning, wrong

_OTHERS = 0o077


def complete(context: Context) -> Iterator[Finding]:
    """Every needed variable is there and makes sense."""
    settings = context.settings
    yield ok(f"{settings.region}, {settings.lake_uri}, a master and {len(settings.worker_ids)} workers")


def extras(context: Context) -> Iterator[Finding]:
    """The key of the nodes and the host keys that they are known by."""
    settings, found = context.settings, list[Finding]()
    if settings.ssh_key_file is None:
        found.append(warning("SPARK_SSH_KEY_FILE is not set: SSH uses this user's own keys", "set it in env.sh"))
    else:
        found += _key(Path(settings.ssh_key_file).expanduser())
    names = {"SPARK_MASTER_HOST_KEY": settings.master_host_key}
    keys = settings.worker_host_keys or (None,) * len(settings.worker_ids)
    names |= {f"WORKER{number}_HOST_KEY": key for number, key in enumerate(keys, 1)}
    missing = [name for name, key in names.items() if key is None]
    if missing:
        found.append(
            warning(
                f"not set: {', '.join(missing)}: this user's known hosts decide",
                "set them from the consoles: `aws ec2 get-console-output --latest --instance-id i-...`",
            )
        )
    yield from found or [ok(f"key {settings.ssh_key_file}, a host key for every node")]


def _key(file: Path) -> Iterator[Finding]:
    if not file.is_file() or not os.access(file, os.R_OK):
        yield wrong(f"SPARK_SSH_KEY_FILE is {file}, which is no readable file", "check the path and its owner")
    elif file.stat().st_mode & _OTHERS:
        yield warning(f"{file} is readable for others", f"chmod 600 {file}")
