"""docs/infrastructure.md: its commands and parameters are there."""

from __future__ import annotations

import re
from pathlib import Path

import typer.main
import yaml

from pothole.cli import load

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "infrastructure.md").read_text()


def test_every_pothole_command_and_option_is_there():
    found = re.findall(r"pothole ((?:airflow )?[a-z]+)((?: --[a-z-]+(?: [\w./-]+)?)*)", GUIDE)
    assert {name for name, _ in found} >= {"artefacts", "env", "airflow up", "airflow down", "airflow services"}
    for name, options in found:
        command = typer.main.get_command(load())
        for part in name.split():
            command = command.commands[part]
        known = {option for parameter in command.params for option in parameter.opts}
        assert set(re.findall(r"--[a-z-]+", options)) <= known, name


def test_every_parameter_and_file_is_there():
    source = (ROOT / "infra" / "cloudformation" / "pothole.yaml").read_text()
    parameters = yaml.safe_load(source[source.index("Parameters:") : source.index("Conditions:")])["Parameters"]
    given = re.findall(r"\b([A-Z]\w+)=(?=\S)", GUIDE)
    assert {"OperatorCidr", "KeyName", "ImageId", "ArtefactsSha256", "WorkerCount"} == {
        p for p in given if p in parameters
    }
    required = {name for name, parameter in parameters.items() if "Default" not in parameter}
    assert required <= set(given)
    files = re.findall(r"`?\b(infra/[\w./-]+\w)", GUIDE)
    assert len(files) >= 5 and all((ROOT / file).exists() for file in files)
