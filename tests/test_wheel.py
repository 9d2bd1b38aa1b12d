"""What a wheel carries: the commands work from it, in an empty folder."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import uuid
import venv
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from pothole import repository
from pothole.cloud import build
from pothole.cloud.settings import from_environment
from tests import needs
from tests.servers.moto import moto

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
FOLDERS = ("airflow_service", "infra", "stage1", "stage2")
_PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built of a copy, so that the repository is left as it is."""
    source, made = tmp_path_factory.mktemp("source") / "code", tmp_path_factory.mktemp("wheel")
    for name in (*FOLDERS, "src", "tools"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, source)
    ran = subprocess.run([*_PIP, "wheel", "-q", "--no-deps", "-w", made, source], capture_output=True, text=True)
    needs.allowed(ran.returncode == 0 or "hatchling" not in ran.stderr, "pip cannot fetch hatchling here")
    assert ran.returncode == 0, ran.stderr
    return next(made.glob("*.whl"))


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the wheel, and with the libraries of this one but not its pothole."""
    folder = tmp_path_factory.mktemp("venv")
    venv.create(folder, with_pip=False)
    made = folder / "bin" / "python"
    subprocess.run([*_PIP, "--python", made, "install", "-q", "--no-deps", wheel], check=True)
    where = sysconfig.get_path("purelib", vars={"base": str(folder)})
    (Path(where) / "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return made


@pytest.fixture
def installed(python: Path, tmp_path: Path):
    """Runs a command in an empty folder."""

    def run(*words: str, **variables: str) -> SimpleNamespace:
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "POTHOLE_TESTS_RUN") if name in os.environ}
        (tmp_path / "empty").mkdir(exist_ok=True)
        ran = subprocess.run(
            [python.parent / "pothole", *words],
            cwd=tmp_path / "empty", env={**kept, **variables, "COLUMNS": "200"}, capture_output=True, text=True,
        )  # fmt: skip
        return SimpleNamespace(status=ran.returncode, out=ran.stdout, text=ran.stdout + ran.stderr)

    return run


@pytest.fixture
def operator(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "key").write_text("a private key")
    return {
        "AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
        "S3_BUCKET": f"roads-{uuid.uuid4().hex[:10]}", "MASTER_INSTANCE_ID": "i-0123456789abcdef0",
        "WORKER1_INSTANCE_ID": "i-0123456789abcdef1", "MASTER_PRIVATE_IP": "10.0.0.5",
        "SPARK_SSH_KEY_FILE": str(tmp_path / "key"), "SPARK_MASTER_HOST_KEY": "ssh-ed25519 AAAA",
    }  # fmt: skip


def test_the_folders_are_in_it_as_they_are_here(wheel: Path) -> None:
    inside = zipfile.ZipFile(wheel)
    carried = {n.removeprefix("pothole/_repository/"): n for n in inside.namelist() if "/_repository/" in n}
    here = {p.relative_to(ROOT).as_posix() for name in FOLDERS for p in (ROOT / name).rglob("*") if p.is_file()}
    assert set(carried) == {path for path in here if "__pycache__" not in path}
    assert all(inside.read(name) == (ROOT / path).read_bytes() for path, name in carried.items())


def test_the_dag_files_are_linked(installed, operator, tmp_path) -> None:
    done = installed("airflow", "install", "--yes", **operator, AIRFLOW_HOME=str(tmp_path / "airflow"))
    links = {link.name: link.resolve() for link in (tmp_path / "airflow" / "dags").iterdir()}
    assert set(links) == {p.name for p in (ROOT / "airflow_service" / "dags").glob("*.py")}, done.text
    assert all("_repository" in file.parts and file.is_file() for file in links.values())


def test_what_it_deploys_is_what_the_repository_does(installed, operator, monkeypatch) -> None:
    boto3 = needs.module("boto3")
    for name, value in operator.items():
        monkeypatch.setenv(name, value)
    with moto() as endpoint:
        boto3.client("s3", region_name="us-east-1", endpoint_url=endpoint).create_bucket(Bucket=operator["S3_BUCKET"])
        done = installed("deploy", "--dry-run", "--json", **operator, AWS_ENDPOINT_URL=endpoint)
        assert done.status == 0, done.text
        assert json.loads(done.out)["version"] == build.build(ROOT, from_environment()).version
        for command in (("env", "--stack", "roads"), ("artefacts", "--stack", "roads")):
            done = installed(*command, **operator, AWS_ENDPOINT_URL=endpoint)
            assert "there is no stack roads" in done.text, "it looked for the stack, so it has found its files"


def test_a_stage_is_made_in_a_repository(installed) -> None:
    done = installed("stage", "new", "road_wear", "--dry-run", "--root", str(ROOT))
    assert (done.status, "stage3" in done.text) == (0, True), done.text
    done = installed("stage", "new", "road_wear", "--dry-run")
    assert (done.status, "run it in the repository" in done.text) == (2, True)


def test_what_is_here_comes_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(repository, "CARRIED", tmp_path / "carried")
    assert repository.find(None, "infra/spark") == Path("infra/spark"), "as the message then names it"
    (tmp_path / "carried" / "infra" / "spark").mkdir(parents=True)
    assert repository.find(None, "infra/spark") == tmp_path / "carried" / "infra" / "spark"
    assert repository.find(None) == tmp_path / "carried"
    assert repository.find(Path("given")) == Path("given")
    (tmp_path / "stage1").mkdir()
    (tmp_path / "infra" / "spark").mkdir(parents=True)
    assert (repository.find(None), repository.find(None, "infra/spark")) == (Path("."), Path("infra/spark"))
