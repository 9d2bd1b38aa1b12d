"""What a cluster needs to run the stages, made from the repository: programs, configuration, the package."""

from __future__ import annotations

import dataclasses
import fnmatch
import hashlib
import io
import json
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pothole import code_version
from pothole.cloud import programs
from pothole.cloud.settings import CloudSettings
from pothole.errors import ConfigError, UserError
from pothole.registry import OWN
from pothole.stages.house import STAGE2

#: Parts of the package that a cluster does not need.
_LEFT_OUT = {
    "analysis",
    "cli",
    "cloud",
    "report",
    "simulate",
    "ingest",
    "roads",
    "doctor",
    "scaffold",
    "_repository",
    "__pycache__",
}
_KOREAN = {".yaml": " (설정 파일 없음)", ".py": " (파일 없음)"}
_SECTION = {"lake", "spark", "settings"}


@dataclass(frozen=True)
class Bundle:
    """Files by path (``stageN/name``) and their version: 16 hex digits of a SHA-256 over all that do not tell it."""

    files: Mapping[str, bytes]

    @property
    def sums(self) -> dict[str, str]:
        """SHA-256 by path."""
        return {path: hashlib.sha256(content).hexdigest() for path, content in sorted(self.files.items())}

    @property
    def version(self) -> str:
        """The same files, the same version."""
        sums = {path: digest for path, digest in self.sums.items() if Path(path).name != code_version.FILE}
        return hashlib.sha256(json.dumps(sums).encode()).hexdigest()[:16]


def build(root: Path, settings: CloudSettings) -> Bundle:
    """Every stage with its programs, configuration and the package. ConfigError, UserError.

    The files in its ``stageN/``; for a stage of one's own those that are not there are made of its declaration.
    """
    folders = sorted(p for p in root.glob("stage*") if p.is_dir() and re.fullmatch(r"stage\d+", p.name))
    if not folders:
        raise UserError(f"there is no stageN/ in {root}", hint="run it in the repository, or give --root")
    package, files = package_zip(), dict[str, bytes]()
    for stage in sorted({folder.name for folder in folders} | set(OWN)):
        found = (_made(root, stage) if stage in OWN else {}) | _in_folder(root / stage)
        _check_complete(root / stage, found)
        config = f"config_{stage}.yaml"
        found[f"config_{stage}.json"] = resolved(root / stage / config, found[config], settings)
        files |= {f"{stage}/{name}": content for name, content in {**found, "pothole.zip": package}.items()}
    version = f"{Bundle(files).version}\n".encode()
    return Bundle(files | {f"{stage}/{code_version.FILE}": version for stage in {path.split("/")[0] for path in files}})


def _made(root: Path, stage: str) -> dict[str, bytes]:
    """The files of a stage of one's own as they are where the repository has none."""
    file = root / STAGE2.name / f"config_{STAGE2.name}.yaml"
    like = _read(file, file.read_bytes()).get(STAGE2.name, {}) if file.exists() else {}
    return programs.programs(stage) | {f"config_{stage}.yaml": programs.config(stage, like)}


def _in_folder(stage: Path) -> dict[str, bytes]:
    """The stage's Python files, each of them Python, and its configuration."""
    files = {}
    for path in sorted(stage.glob("*.py")):
        files[path.name] = path.read_bytes()
        try:
            compile(path.read_bytes(), str(path), "exec")
        except (SyntaxError, ValueError) as error:
            raise UserError(f"{path} is not valid Python: {error}", hint="mend it, then deploy") from None
    return files | {path.name: path.read_bytes() for path in stage.glob(f"config_{stage.name}.yaml")}


def _check_complete(stage: Path, files: Mapping[str, bytes]) -> None:
    for expected in (f"{stage.name}_*.py", f"connection_{stage.name}.py", f"config_{stage.name}.yaml"):
        if not fnmatch.filter(files, expected):
            raise UserError(
                f"{expected} not found in {stage}{_KOREAN.get(Path(expected).suffix, '')}",
                hint="a stage is its program, connection and config",
            )


def package_zip() -> bytes:
    """The package as spark-submit takes it. Not compressed: the same code is the same bytes on every machine."""
    import pothole

    root = Path(pothole.__file__).parent
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for path in sorted(root.rglob("*.py")):
            inner = path.relative_to(root)
            if not _LEFT_OUT.intersection(inner.parts):
                archive.writestr(
                    zipfile.ZipInfo(f"pothole/{inner.as_posix()}", (2020, 1, 1, 0, 0, 0)), path.read_bytes()
                )
    return out.getvalue()


def resolved(file: Path, content: bytes, settings: CloudSettings) -> bytes:
    """A stage's configuration validated and complete, as JSON that the standard library reads."""
    sections = _read(file, content)
    name = file.stem.removeprefix("config_")
    if name not in sections:
        raise ConfigError(f"{file} has no section {name}", hint=f"the stage is run with --env {name}")
    done = {key: _section(section, f"{file}, section {key}", settings) for key, section in sections.items()}
    return (json.dumps(done, indent=1, sort_keys=True) + "\n").encode()


def _read(file: Path, content: bytes) -> dict[str, dict[str, Any]]:
    import yaml

    try:
        sections = yaml.safe_load(content.decode("utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file} is not valid YAML: {' '.join(str(error).split())}") from None
    if not isinstance(sections, dict) or not all(isinstance(s or {}, dict) for s in sections.values()):
        raise ConfigError(f"{file} holds no sections", hint="such as `stage1:` with lake, spark and settings below it")
    return {str(name): section or {} for name, section in sections.items()}


def _section(section: dict[str, Any], where: str, settings: CloudSettings) -> dict[str, Any]:
    from pothole import config

    odd = sorted(str(key) for key in set(section) - _SECTION)
    if odd:
        raise ConfigError(f"{where}: unknown key {odd[0]}", hint="expected lake, spark, settings")
    for key in ("spark", "settings"):
        if not isinstance(section.get(key) or {}, dict):
            raise ConfigError(f"{where}: {key} is {section[key]!r}, expected keys and values")
    complete = config.resolve(section.get("settings") or {}, where)
    return {
        "lake": _lake(section.get("lake") or settings.lake_uri, where),
        "spark": {str(key): _plain(value) for key, value in (section.get("spark") or {}).items()},
        "settings": dataclasses.asdict(complete.settings),
        "config_hash": complete.hash,
    }


def _plain(value: Any) -> str:
    """As Spark writes it: ``true``, not ``True``."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _lake(uri: Any, where: str) -> str:
    """``s3a://``, as Spark takes it; ``s3://`` means the same."""
    place = re.fullmatch(r"(?:s3a?://)([^/]+(?:/.*)?)", str(uri))
    if place:
        return f"s3a://{place[1]}".rstrip("/")
    if str(uri).startswith("file:///"):
        return str(uri).rstrip("/")
    raise ConfigError(f"{where}: lake is {uri!r}", hint="expected s3://bucket[/prefix] (s3a:// means the same)")
