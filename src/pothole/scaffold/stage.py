"""The files of a new stage and its lines in those that are there: all worked out before any is written."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from string import Template

from pothole.errors import PipelineFailure, UserError

_NAME = r"[a-z][a-z0-9]*(_[a-z0-9]+)*"
_DAG = "airflow_service/dags/pothole_pipeline_dag.py"
_TABLES = "\n#: The lake's datasets by folder name."


@dataclass(frozen=True)
class Plan:
    """A stage that is not there yet: its dataset (``stageN_NAME``), and texts by path below ``root``."""

    root: Path
    stage: str
    dataset: str
    new: Mapping[str, str]
    changed: Mapping[str, str]

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
    taken = [int(p.name.removeprefix("stage")) for p in root.glob("stage*") if re.fullmatch(r"stage\d+", p.name)]
    if not taken:
        raise UserError(f"there is no stageN/ in {root}", hint="run it in the repository, or give --root")
    number = max(taken) + 1
    stage, dataset = f"stage{number}", f"stage{number}_{name}"
    words = {
        "number": str(number), "name": name, "stage": stage, "dataset": dataset, "constant": dataset.upper(),
        "settings": f"Stage{number}Settings",
    }  # fmt: skip
    new = {path.format(stage=stage, dataset=dataset): _filled(template, words) for path, template in _NEW.items()}
    there = [path for path in new if (root / path).exists()]
    if there:
        raise UserError(f"{', '.join(there)} is there already", hint="remove it, or choose another name")
    return Plan(
        root, stage, dataset, new, {path: edit(_read(root, path), path, words) for path, edit in _EDITS.items()}
    )


_NEW = {
    "src/pothole/stages/{stage}.py": "stage.py",
    "tests/stages/test_{stage}.py": "test.py",
    "{stage}/{dataset}.py": "program.py",
    "{stage}/connection_{stage}.py": "connection.py",
    "{stage}/config_{stage}.yaml": "config.yaml",
}


def _filled(template: str, words: Mapping[str, str]) -> str:
    text = (files("pothole.scaffold") / "templates" / f"{template}.tmpl").read_text(encoding="utf-8")
    return Template(text).substitute(words)


def _read(root: Path, path: str) -> str:
    try:
        return (root / path).read_text(encoding="utf-8")
    except OSError:
        raise UserError(f"there is no {path} in {root}", hint="run it in the repository, or give --root") from None


def _before(text: str, path: str, place: str, lines: str) -> str:
    """``lines`` before the only ``place``; UserError where there is none, or more than one."""
    if text.count(place) != 1:
        raise UserError(f"{path} has no single {place.strip()!r}, where the new lines belong", hint="restore that line")
    return text.replace(place, lines + place)


def _tables(text: str, path: str, words: Mapping[str, str]) -> str:
    text = _before(text, path, "_ALL = (\n", _filled("table.py", words) + "\n")
    return _before(text, path, f")\n{_TABLES}", f"    {words['constant']},\n")


def _stage_settings(text: str, path: str, words: Mapping[str, str]) -> str:
    return f"{text}\n\n{_filled('settings.py', words)}"


def _settings(text: str, path: str, words: Mapping[str, str]) -> str:
    kind, known = words["settings"], re.search(r"^from pothole\.stages\.settings import .*$", text, re.M)
    if known is None:
        raise UserError(f"{path} imports nothing of pothole.stages.settings", hint="restore that line")
    text = text.replace(known[0], f"{known[0]}, {kind}")
    field = f'    {words["stage"]}: {kind} = field(default_factory={kind})\n    """Stage {words["number"]}."""\n'
    return _before(text, path, "    engine: EngineSettings = field(", field)


def _own(text: str, path: str, words: Mapping[str, str]) -> str:
    listed = re.search(r"^OWN: tuple\[str, \.\.\.\] = \((.*)\)$", text, re.M)
    if listed is None:
        raise UserError(f"{path} has no line `OWN: tuple[str, ...] = (...)`", hint="restore it")
    names = [part.strip() for part in listed[1].split(",") if part.strip()] + [f'"{words["stage"]}"']
    one = "," if len(names) == 1 else ""
    return text.replace(listed[0], f"OWN: tuple[str, ...] = ({', '.join(names)}{one})")


def _dag(text: str, path: str, words: Mapping[str, str]) -> str:
    stage, dataset = words["stage"], words["dataset"]
    lines = f'        >> run_stage("{stage}", "{dataset}.py")\n        >> check_out("{stage}", "{dataset}")\n'
    return _before(text, path, "        >> spark_down\n", lines)


def _contract(text: str, path: str, words: Mapping[str, str]) -> str:
    line = f"| stage {words['number']} | `{words['dataset']}` | you |\n"
    return _before(text, path, "| every stage | `runs/", line)


_EDITS: Mapping[str, Callable[[str, str, Mapping[str, str]], str]] = {
    "src/pothole/tables.py": _tables,
    "src/pothole/stages/settings.py": _stage_settings,
    "src/pothole/settings.py": _settings,
    "src/pothole/stages/own.py": _own,
    _DAG: _dag,
    "docs/contract.md": _contract,
}
