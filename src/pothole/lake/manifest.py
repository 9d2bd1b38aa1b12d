"""A partition's manifest: which files make it up, and from which run and inputs they came."""

from __future__ import annotations

import json
import re
import uuid
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from pothole.errors import BadInputError, UserError

NAME = "_manifest.json"
_RUN_ID = re.compile(r"[0-9A-Za-z-]+")


@dataclass(frozen=True)
class PartFile:
    """One Parquet file: path relative to the partition's folder."""

    path: str
    rows: int
    bytes: int


@dataclass(frozen=True)
class Manifest:
    """What a partition holds. ``inputs`` names the manifests or raw files that it was made from."""

    dataset: str
    date: str
    run_id: str
    schema_version: int
    code_version: str
    config_hash: str
    files: tuple[PartFile, ...]
    inputs: tuple[dict[str, Any], ...]

    @property
    def rows(self) -> int:
        """Rows in all files."""
        return sum(f.rows for f in self.files)

    def to_json(self) -> bytes:
        """The manifest as it is stored."""
        return json.dumps(asdict(self), indent=1, ensure_ascii=False).encode()


def parse(content: bytes, where: str) -> Manifest:
    """A stored manifest; BadInputError that says what is wrong with it."""
    try:
        given = json.loads(content)
        files = tuple(PartFile(str(f["path"]), int(f["rows"]), int(f["bytes"])) for f in given["files"])
        inputs = tuple(dict(i) for i in given["inputs"])
        manifest = Manifest(
            *(str(given[k]) for k in ("dataset", "date", "run_id")),
            int(given["schema_version"]),
            str(given["code_version"]),
            str(given["config_hash"]),
            files,
            inputs,
        )
        check_run_id(manifest.run_id)
        if any(f.path.startswith("/") or ".." in f.path.split("/") for f in files):
            raise ValueError("a file outside the partition")
    except (ValueError, KeyError, TypeError, RecursionError, UserError) as error:
        raise BadInputError(
            f"{where} is not a valid manifest ({type(error).__name__}: {error})", hint="run that date again"
        ) from None
    return manifest


def check_run_id(run_id: str) -> str:
    """The run id, if it matches [0-9A-Za-z-]+; else UserError."""
    if not _RUN_ID.fullmatch(run_id):
        raise UserError(f"{run_id!r} is not a run id", hint="letters, digits and hyphens")
    return run_id


def new_run_id() -> str:
    """A run id that sorts by time, such as 20260213T010000-1a2b3c."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{uuid.uuid4().hex[:6]}"
