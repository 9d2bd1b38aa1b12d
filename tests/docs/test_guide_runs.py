"""The guide's commands, in its order: AWS (moto), SSH nodes, stand-ins for Airflow's services.

Those that follow a run need a real scheduler: tests/airflow/test_operators_day.py.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import needs

needs.module("asyncssh")
needs.module("boto3")

from pothole.cloud import airflow_cli
from tests.cli.conftest import Run
from tests.cli.test_airflow_services import FAKES, at_work
from tests.cli.test_artefacts import sha256
from tests.docs.guide import ENGLISH, ROOT, SCHEDULED, commands
from tests.infra.stacks import create
from tests.scaffold.test_new_stage import COPIED, copy
from tests.servers.moto import free_port, moto
from tests.servers.site import Site, deploy, site

pytestmark = pytest.mark.slow
ASKED = [arguments for arguments in commands(ENGLISH) if arguments[0] not in SCHEDULED]
PRINTED = {
    "lake show": r"raw-sensor-data",
    "artefacts": r"ArtefactsSha256=[0-9a-f]{64}",
    "env": r"env\.sh: \d+ variables of the stack roads\nstill to fill in by hand: SPARK_SSH_KEY_FILE",
    "airflow install": r"connection spark_master: ",
    "airflow up": r"Airflow is up: http",
    "airflow down": r"ended: api-server",
    "airflow services": r"triggerer.*up",
    "doctor": r"\d+ ok",
    "deploy": r"nothing was changed|version \w+ is deployed",
    "stage new": r"new +src/pothole/stages/stage\d\.py",
}
"""What an operator then sees, by the command."""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A copy of the repository to work in, two deployed versions, a stack, and nothing left at work at the end."""
    dates = set(re.findall(r"\d{4}-\d\d-\d\d", str(ASKED)))
    (tmp_path / "site").mkdir()
    with moto() as aws, site(tmp_path / "site", aws) as made:
        for name, value in made.environ.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("AWS_DEFAULT_REGION", made.environ["AWS_REGION"])
        monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path / "airflow"))
        monkeypatch.setenv("PYTHONPATH", str(FAKES))
        (tmp_path / "airflow" / "plan").mkdir(parents=True)
        kept: dict[str, dict] = {}
        monkeypatch.setattr(airflow_cli, "connection", kept.get)
        monkeypatch.setattr(airflow_cli, "set_connection", kept.__setitem__)
        for date in dates:
            made.put(f"raw-sensor-data/dt={date}/a.parquet", b"samples")
        deploy(made)
        with (made.root / "stage1" / "config_stage1.yaml").open("a") as file:
            file.write("# another version\n")
        deploy(made)
        create("roads", aws, ArtefactsSha256="a" * 64)
        shutil.copytree(made.root, copy(tmp_path / "repository", *COPIED, "infra"), dirs_exist_ok=True)
        monkeypatch.chdir(tmp_path / "repository")
        yield made
    left = at_work(tmp_path / "airflow")
    for process in left:
        process.kill()
    assert not left, "processes were left"


def without_network(tmp_path: Path) -> list[str]:
    """What a machine's files are taken from, small and kept already."""
    folder, cache = tmp_path / "spark", tmp_path / "cache"
    shutil.copytree(ROOT / "infra" / "spark", folder)
    cache.mkdir()
    for pins, name in (("pypi.sha256", "pyspark-4.3.0.tar.gz"), ("s3a/jars.sha256", "hadoop-aws-3.5.0.jar")):
        (cache / name).write_text(name)
        (folder / pins).write_text(f"{sha256(cache / name)}  {name}\n")
    return ["--spark", str(folder), "--cache", str(cache)]


def test_each_prints_what_the_guide_says(run: Run, place: Site, tmp_path: Path):
    more = {"airflow up": ["--port", str(free_port())], "artefacts": without_network(tmp_path)}
    seen = set()
    for arguments in ASKED:
        name = next(known for known in PRINTED if " ".join(arguments).startswith(known))
        given = [*(word.replace("$S3_BUCKET", place.bucket) for word in arguments), *more.get(name, [])]
        status, text = afresh(*given) if "stage new" in seen else here(run, *given)
        assert (status, bool(re.search(PRINTED[name], text))) == (0, True), (arguments, text)
        seen.add(name)
    assert seen == set(PRINTED)


def here(run: Run, *arguments: str) -> tuple[int, str]:
    done = run(*arguments)
    return done.status, done.text


def afresh(*arguments: str) -> tuple[int, str]:
    """Exit status and text of a process of its own: it has the code that `stage new` has changed."""
    command = [sys.executable, "-m", "pothole", *arguments]
    environ = os.environ | {"PYTHONPATH": "src", "COLUMNS": "200"}
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False, timeout=120)
    return done.returncode, done.stdout + done.stderr
