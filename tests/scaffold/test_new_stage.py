"""``pothole stage new``: what it makes passes its own tests, the linter, and runs by itself and in the DAG."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pothole import scaffold
from pothole.errors import UserError
from pothole.registry import OWN
from tests import needs
from tests.cli.conftest import run  # noqa: F401

ROOT = Path(__file__).parents[2]
STAGES = sorted(path.name for path in ROOT.glob("stage*") if path.is_dir())
COPIED = ("src", *STAGES, "tests", "docs", "airflow_service", "pyproject.toml")
CLUSTER = {
    "AWS_REGION": "us-east-1", "S3_BUCKET": "roads", "MASTER_INSTANCE_ID": "i-0123456789abcdef0",
    "WORKER1_INSTANCE_ID": "i-0123456789abcdef1", "MASTER_PRIVATE_IP": "10.0.0.5",
}  # fmt: skip
DAY = "2026-02-12"
FIRST, SECOND = (f"stage{3 + len(OWN) + n}" for n in range(2))
"""What the next two stages of this repository are called."""


def copy(folder: Path, *names: str) -> Path:
    for name in names:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "*.png"))
        else:
            shutil.copy(ROOT / name, folder / name)
    return folder


class Repository:
    """A copy of this one with two new stages, and programs run in it."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def python(self, *arguments: str) -> str:
        environ = {k: v for k, v in os.environ.items() if not k.startswith(("AWS", "S3_", "MASTER", "WORKER"))}
        environ["PYTHONPATH"] = f"{self.root / 'src'}:{self.root}"
        ran = subprocess.run(
            [sys.executable, *arguments], cwd=self.root, env=environ, capture_output=True, text=True, timeout=400,
            check=False,
        )  # fmt: skip
        assert ran.returncode == 0, (ran.stdout + ran.stderr)[-3000:]
        return ran.stdout


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    repository = Repository(copy(tmp_path_factory.mktemp("repository"), *COPIED))
    for name in ("road_wear", "second"):
        said = repository.python("-m", "pothole", "stage", "new", name)
    assert f"new     src/pothole/stages/{SECOND}.py" in said and f"--only-stage {SECOND}" in said
    return repository


@pytest.mark.slow
def test_its_own_tests_and_those_of_contract_and_imports_pass(made):
    told = made.python(
        "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "not spark", f"tests/stages/test_{FIRST}.py",
        f"tests/stages/test_{SECOND}.py", "tests/lake/test_contract.py", "tests/stages/test_alone.py",
        "tests/test_registry.py", "tests/test_config.py",
    )  # fmt: skip
    assert "passed" in told and "failed" not in told
    assert f"### `{FIRST}_road_wear/dt=DATE/*.parquet`" in (made.root / "docs/contract.md").read_text()


@pytest.mark.slow
@pytest.mark.spark
def test_its_own_tests_pass_on_spark(made):
    told = made.python(
        "-m", "pytest", "-q", "-p", "no:cacheprovider", "--engine", "spark", f"tests/stages/test_{FIRST}.py"
    )
    assert "3 passed" in told


@pytest.mark.slow
def test_it_is_formatted_and_has_no_lint(made):
    made.python("-m", "ruff", "format", "--check", ".")
    made.python("-m", "ruff", "check", ".")


@pytest.mark.slow
def test_types(made):
    made.python("-m", "mypy", "src")


@pytest.fixture(scope="module")
def day(made: Repository, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict]:
    """A lake of a simulated day with all stages run, and what the run printed."""
    lake = tmp_path_factory.mktemp("day") / "lake"
    made.python("-m", "pothole", "simulate", "--out", str(lake), "--trips", "10", "--seed", "11", "--start-date", DAY)
    return lake, json.loads(made.python("-m", "pothole", "run", DAY, "--lake", str(lake), "--json"))


@pytest.mark.slow
def test_it_runs_with_the_day_and_alone(made, day):
    lake, report = day
    assert [stage["stage"] for stage in report["stages"]] == ["stage1", "stage2", *OWN, FIRST, SECOND]
    alone = made.python("-m", "pothole", "run", DAY, "--lake", str(lake), "--json", "--only-stage", FIRST)
    (again,) = json.loads(alone)["stages"]
    assert again["rows"] == report["stages"][-2]["rows"] and again["rows"]["rows"] > 0
    counted = (
        "from pothole.lake import open_lake; import sys; lake = open_lake(sys.argv[1]);"
        f"rows = lake.read_table('{FIRST}_road_wear', '{DAY}').to_pylist();"
        f"holes = lake.read_table('stage2_spatial_clustering', '{DAY}').to_pylist();"
        "sure = {h['pothole_id']: h['confidence'] * h['severity'] for h in holes if h['confidence'] >= 0.5};"
        "print(sure and {r['pothole_id']: r['priority'] for r in rows} == sure)"
    )
    assert made.python("-c", counted, str(lake)).strip() == "True"


@pytest.mark.slow
@pytest.mark.spark
def test_spark_gives_the_same_rows(made, day):
    lake, _ = day
    read = (
        "from pothole.lake import open_lake; import sys;"
        f"rows = open_lake(sys.argv[1]).read_table('{FIRST}_road_wear', '{DAY}').to_pylist();"
        "print(sorted(str(row) for row in rows))"
    )
    before = made.python("-c", read, str(lake))
    made.python("-m", "pothole", "run", DAY, "--lake", str(lake), "--only-stage", FIRST, "--engine", "spark")
    assert made.python("-c", read, str(lake)) == before and "pothole_id" in before


@pytest.mark.slow
def test_what_is_deployed_has_it_as_stage_2_or_as_its_folder_says(made):
    build = (
        "import json; from pathlib import Path; from pothole.cloud import build;"
        "from pothole.cloud.settings import from_environment;"
        f"files = build.build(Path('.'), from_environment({CLUSTER})).files;"
        f"print(json.dumps({{k: v.decode() for k, v in files.items() if k[-4:] != '.zip' and '{FIRST}/' in k}}))"
    )
    files = json.loads(made.python("-c", build))
    names = (f"{FIRST}_road_wear.py", f"connection_{FIRST}.py", f"config_{FIRST}.json", f"config_{FIRST}.yaml")
    assert sorted(files) == sorted(f"{FIRST}/{name}" for name in (*names, "code_version.txt"))
    for name in names[:2]:
        compile(files[f"{FIRST}/{name}"], name, "exec")
    section = json.loads(files[f"{FIRST}/config_{FIRST}.json"])[FIRST]
    assert (section["lake"], section["spark"]["spark.executor.memory"]) == ("s3a://roads", "4g")
    assert section["settings"][FIRST] == {"min_confidence": 0.5}
    own = made.root / FIRST / f"config_{FIRST}.yaml"
    own.parent.mkdir()
    own.write_text(f"{FIRST}: {{settings: {{{FIRST}: {{min_confidence: 0.7}}}}}}\n")
    files = json.loads(made.python("-c", build))
    shutil.rmtree(own.parent)
    section = json.loads(files[f"{FIRST}/config_{FIRST}.json"])[FIRST]
    assert (section["spark"], section["settings"][FIRST]) == ({}, {"min_confidence": 0.7})
    assert f"{FIRST}/{FIRST}_road_wear.py" in files


@pytest.mark.slow
@pytest.mark.airflow
def test_the_dag_loads_with_its_tasks(made, tmp_path):
    needs.module("airflow")
    from tests.airflow.test_dag import ENVIRONMENT, load

    package = {"PYTHONPATH": str(made.root / "src")}
    ran = load(tmp_path, ENVIRONMENT | package, made.root / "airflow_service" / "dags")
    assert ran.returncode == 0, ran.stderr[-2000:]
    order = json.loads(ran.stdout.splitlines()[-1])["order"]
    new = [task for stage in (FIRST, SECOND) for task in (f"run_{stage}", f"check_s3_{stage}_out")]
    assert order[order.index(f"run_{FIRST}") :] == [*new, "stop_spark", "stop_cluster", "verdict"]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return copy(tmp_path, "src", *STAGES, "docs", "airflow_service")


def texts(root: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_a_dry_run_writes_nothing(run, root):  # noqa: F811
    before = texts(root)
    done = run("stage", "new", "road_wear", "--dry-run", "--root", str(root))
    assert (done.status, "nothing was written" in done.text) == (0, True)
    assert [line.split() for line in done.text.splitlines()[:4]] == [
        ["new", f"src/pothole/stages/{FIRST}.py"],
        ["new", f"tests/stages/test_{FIRST}.py"],
        ["changed", "src/pothole/registry.py"],
        ["changed", "docs/contract.md"],
    ]
    assert texts(root) == before


@pytest.mark.parametrize("name", ["Road", "3d", "a-b", "_x", "a__b", ""])
def test_names_that_are_refused(root, name):
    with pytest.raises(UserError, match="is no name for a stage"):
        scaffold.plan(root, name)


def test_nothing_is_written_where_a_place_is_missing(run, root):  # noqa: F811
    registry = root / "src/pothole/registry.py"
    registry.write_text(registry.read_text().replace("    # Stages of your own, a line each", "    #"))
    before = texts(root)
    done = run("stage", "new", "road_wear", "--root", str(root))
    assert (done.status, "registry.py has no single '# Stages of your own" in done.text) == (2, True)
    assert texts(root) == before


def test_a_file_that_is_there_is_kept(root):
    (root / f"src/pothole/stages/{FIRST}.py").write_text("mine")
    with pytest.raises(UserError, match=rf"src/pothole/stages/{FIRST}\.py is there already"):
        scaffold.plan(root, "road_wear")


def test_a_folder_that_is_no_repository(run, tmp_path):  # noqa: F811
    done = run("stage", "new", "road_wear", "--root", str(tmp_path))
    assert (done.status, "there is no stageN/" in done.text) == (2, True)
