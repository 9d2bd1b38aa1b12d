"""`env.sh` for a stack: the template's lines with what the stack tells; what it cannot tell keeps its comment."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from pothole.cloud.stack import Stack
from pothole.errors import UserError

_LINE = re.compile(r"(?P<off># )?export (?P<name>\w+)=(?P<value>'[^']*'|\S*)(?P<rest>.*)")


def values(stack: Stack, host_keys: Sequence[str | None]) -> dict[str, str]:
    """The variables that a stack with machines tells; ``host_keys`` are those of master and workers, where known."""
    if stack.master_id is None:
        raise UserError(
            f"the stack {stack.name} has no machines yet",
            hint=f"`pothole artefacts --stack {stack.name}`, then deploy it with the ArtefactsSha256 that it prints",
        )
    known: dict[str, str | None] = {
        "AWS_REGION": stack.region,
        "S3_BUCKET": stack.bucket,
        "S3_CODE_PREFIX": stack.outputs["CodePrefix"],
        "S3_LAKE_PREFIX": stack.outputs.get("LakePrefix", "").strip("/"),
        "MASTER_INSTANCE_ID": stack.master_id,
        "MASTER_PRIVATE_IP": stack.outputs.get("MasterPrivateIp"),
        "SPARK_MASTER_HOST_KEY": host_keys[0],
    }
    for number, worker in enumerate(stack.worker_ids, 1):
        known[f"WORKER{number}_INSTANCE_ID"] = worker
        known[f"WORKER{number}_HOST_KEY"] = host_keys[number]
    return {name: value for name, value in known.items() if value}


def fill(template: str, known: Mapping[str, str], workers: int) -> str:
    """The template with its values, and a line for every worker."""
    lines = (line for text in template.splitlines() for line in _for_each_worker(text, workers))
    return "\n".join(_filled(line, known) for line in lines) + "\n"


def _for_each_worker(line: str, workers: int) -> Iterable[str]:
    match = _LINE.fullmatch(line)
    if not match or not match["name"].startswith("WORKER1_"):
        return [line]
    bare = f"export {match['name']}={match['value']}"
    return [line, *(bare.replace("WORKER1_", f"WORKER{number}_") for number in range(2, workers + 1))]


def _filled(line: str, known: Mapping[str, str]) -> str:
    match = _LINE.fullmatch(line)
    if not match or match["name"] not in known:
        return line
    return f"export {match['name']}={shlex.quote(known[match['name']])}"


def left_to_fill(text: str) -> list[str]:
    """Variables that have no value yet."""
    lines = [m for m in map(_LINE.fullmatch, text.splitlines()) if m]
    return [m["name"] for m in lines if not m["off"] and not m["value"].strip("'")]


def for_systemd(text: str) -> str:
    """The same for `EnvironmentFile=`, which knows no `export` and no comment behind a value."""
    lines = [(line, _LINE.fullmatch(line)) for line in text.splitlines()]
    return "\n".join(f"{m['off'] or ''}{m['name']}={m['value']}" if m else line for line, m in lines) + "\n"


def write(path: Path, text: str, *, force: bool) -> None:
    """Readable for its owner alone; UserError when it is there already, unless ``force``."""
    if path.exists() and not force:
        raise UserError(f"{path} is there already", hint="--force replaces it, --out names another file")
    new = path.with_name(f"{path.name}.new")
    try:
        new.unlink(missing_ok=True)
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
        new.replace(path)
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror}", hint="--out names another file") from None
