"""A partition's manifest: which files make it up, and from which run and inputs they came."""

from __future__ import annotations

import json
import re
import uuid
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from pothole.errors import BadInputError, UserError
from pothole.tables import SCHEMA_VERSION

NAME = "_manifest.json"
_RUN_ID = re.compile(r"[0-9A-Za-z-]+")
_FILE = re.compile(r"run-[0-9A-Za-z-]+/[^/]+\.parquet")


#: A partition or file that was read or published: dataset or path, run, rows, bytes; or why it was skipped.
Entry = dict[str, str | int]


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
    inputs: tuple[Entry, ...]

    @property
    def rows(self) -> int:
        """Rows in all files."""
        return sum(f.rows for f in self.files)

    @property
    def total_bytes(self) -> int:
        """Bytes of all files."""
        return sum(f.bytes for f in self.files)

    @property
    def folders(self) -> set[str]:
        """The ``run-`` folders that its files lie in."""
        return {f.path.split("/", 1)[0] for f in self.files}

    def to_json(self) -> bytes:
        """The manifest as it is stored."""
        return json.dumps(asdict(self), indent=1, ensure_ascii=False).encode()


def parse(content: bytes, where: str) -> Manifest:
    """A stored manifest; BadInputError that says what is wrong with it."""
    try:
        manifest = _from_json(json.loads(content))
    except (ValueError, KeyError, TypeError, ArithmeticError, RecursionError, UserError) as error:
        raise BadInputError(
            f"{where} is not a valid manifest ({type(error).__name__}: {error})", hint="run that date again"
        ) from None
    if manifest.schema_version != SCHEMA_VERSION:
        raise BadInputError(
            f"{where} has schema version {manifest.schema_version} (written by {manifest.code_version}), "
            f"this is version {SCHEMA_VERSION}",
            hint="run that date again with this version",
        )
    return manifest


def _from_json(given: dict[str, Any]) -> Manifest:
    files = tuple(PartFile(_file(str(f["path"])), _count(f["rows"]), _count(f["bytes"])) for f in given["files"])
    if not files:
        raise ValueError("it lists no file")
    return Manifest(
        str(given["dataset"]),
        str(given["date"]),
        check_run_id(str(given["run_id"])),
        int(given["schema_version"]),
        str(given["code_version"]),
        str(given["config_hash"]),
        files,
        tuple(dict(i) for i in given["inputs"]),
    )


def _file(path: str) -> str:
    if not _FILE.fullmatch(path):
        raise ValueError(f"{path!r} is not run-<run_id>/<name>.parquet")
    return path


def _count(number: Any) -> int:
    if not isinstance(number, int) or number < 0:
        raise ValueError(f"{number!r} is not a count")
    return number


def check_run_id(run_id: str) -> str:
    """The run id, if it matches [0-9A-Za-z-]+; else UserError."""
    if not _RUN_ID.fullmatch(run_id):
        raise UserError(f"{run_id!r} is not a run id", hint="letters, digits and hyphens")
    return run_id


def new_run_id() -> str:
    """A run id that sorts by time, such as 20260213T010000-1a2b3c."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{uuid.uuid4().hex[:6]}"
