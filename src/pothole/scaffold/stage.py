"""The file of a new stage, its test, and its line in the registry: all worked out before any is written."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from string import Template

from pothole.errors import PipelineFailure, UserError

_NAME = r"[a-z][a-z0-9]*(_[a-z0-9]+)*"
_REGISTRY = "src/pothole/registry.py"
_LAST = "    # Stages of your own, a line each"
_CONTRACT = "docs/contract.md"


@dataclass(frozen=True)
class Plan:
    """A stage that is not there yet: its dataset (``stageN_NAME``), and texts by path below ``root``."""

    root: Path
    stage: str
    dataset: str
    new: Mapping[str, str]
    changed: Mapping[str, str]
    made: tuple[str, ...] = (_CONTRACT,)
    """What ``docs/columns.py`` then writes anew."""

    def write(self) -> None:
        """Write all files, then the contract's column lists. PipelineFailure when that does not work."""
        for path, text in {**self.new, **self.changed}.items():
            file = self.root / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        environment = os.environ | {"PYTHONPATH": str((self.root / "src").resolve())}
        ran = subprocess.run(
            [sys.executable, "docs/columns.py"], cwd=self.root, env=environment, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        if ran.returncode:
            raise PipelineFailure(
                f"docs/columns.py failed: {ran.stderr.strip().splitlines()[-1:]}", hint="run it by hand"
            )


def plan(root: Path, name: str) -> Plan:
    """The next stage of a repository. UserError for a name that cannot be one, or a folder that is no repository."""
    if not re.fullmatch(_NAME, name):
        raise UserError(
            f"{name!r} is no name for a stage", hint="lower-case letters, digits and underscores: road_wear"
        )
    number = _next_number(root)
    stage, dataset = f"stage{number}", f"stage{number}_{name}"
    words = {"number": str(number), "name": name, "stage": stage, "dataset": dataset}
    new = {path.format(**words): _filled(template, words) for path, template in _NEW.items()}
    there = [path for path in new if (root / path).exists()]
    if there:
        raise UserError(f"{', '.join(there)} is there already", hint="remove it, or choose another name")
    return Plan(root, stage, dataset, new, {_REGISTRY: _registered(_read(root, _REGISTRY), stage)})


_NEW = {"src/pothole/stages/{stage}.py": "stage.py", "tests/stages/test_{stage}.py": "test.py"}


def _next_number(root: Path) -> int:
    """One more than the last stage that is registered, or has a folder."""
    folders = [path.name for path in root.glob("stage*") if re.fullmatch(r"stage\d+", path.name)]
    if not folders:
        raise UserError(f"there is no stageN/ in {root}", hint="run it in the repository, or give --root")
    registered = re.findall(r"^ *declared\(\"(stage\d+)", _read(root, _REGISTRY), re.M)
    return 1 + max(int(stage.removeprefix("stage")) for stage in folders + registered)


def _filled(template: str, words: Mapping[str, str]) -> str:
    text = (files("pothole.scaffold") / "templates" / f"{template}.tmpl").read_text(encoding="utf-8")
    return Template(text).substitute(words)


def _read(root: Path, path: str) -> str:
    try:
        return (root / path).read_text(encoding="utf-8")
    except OSError:
        raise UserError(f"there is no {path} in {root}", hint="run it in the repository, or give --root") from None


def _registered(text: str, stage: str) -> str:
    """The registry with one line more; UserError where there is no place for it."""
    if text.count(_LAST) != 1:
        raise UserError(
            f"{_REGISTRY} has no single {_LAST.strip()!r}, where the new line belongs", hint="restore that line"
        )
    return text.replace(_LAST, f'    declared("{stage}"),\n{_LAST}')
