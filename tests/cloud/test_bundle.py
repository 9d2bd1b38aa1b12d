"""The code on S3: what is built, uploaded, rolled back and fetched is exactly one version."""

from __future__ import annotations

import io
import json
import shutil
import zipfile
from pathlib import Path

import pytest

from pothole.cloud import bundle, ssh
from pothole.errors import ConfigError, PipelineFailure, UserError
from pothole.settings import from_json
from tests.servers.nodes import client

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.slow


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A copy of the repository's stages that may be changed."""
    for name in ("stage1", "stage2"):
        shutil.copytree(ROOT / name, tmp_path / "code" / name)
    return tmp_path / "code"


@pytest.fixture
def master(cluster, settings):
    return ssh.hosts(settings, dict(zip(cluster.instance_ids, [n.ip for n in cluster.nodes], strict=True)))[0]


def test_what_is_in_it(root, settings):
    made = bundle.build(root, settings)
    names = {path.split("/")[1] for path in made.files if path.startswith("stage1/")}
    assert names == {
        "stage1_anomaly_detection.py", "connection_stage1.py", "config_stage1.yaml", "config_stage1.json",
        "pothole.zip",
    }  # fmt: skip
    inside = zipfile.ZipFile(io.BytesIO(made.files["stage1/pothole.zip"])).namelist()
    assert "pothole/stages/stage1.py" in inside and "pothole/cluster.py" in inside
    assert not [n for n in inside if n.startswith(("pothole/cli", "pothole/cloud", "pothole/simulate"))]
    assert bundle.build(root, settings).version == made.version


def test_the_resolved_configuration_is_what_the_program_reads(root, settings):
    text = (
        "stage1:\n  lake: s3://other/p/\n  spark: {spark.executor.cores: 2}\n  settings: {timezone: Europe/Helsinki}\n"
    )
    (root / "stage1" / "config_stage1.yaml").write_text(text)
    section = json.loads(bundle.build(root, settings).files["stage1/config_stage1.json"])["stage1"]
    assert (section["lake"], section["spark"]) == ("s3a://other/p", {"spark.executor.cores": "2"})
    read = from_json(section["settings"], "test")
    assert (read.settings.timezone, read.hash) == ("Europe/Helsinki", section["config_hash"])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("stage1: {settings: {timezone: Asia/Soul}}", "Asia/Seoul"),
        ("stage1: {settings: {stage1: {detect: {start_scale: 3}}}}", "start_scales"),
        ("stage1: {laek: s3://x}", "unknown key stage1.laek"),
        ("stage1: {lake: gs://x}", "expected s3://"),
        ("[1", "not valid YAML"),
        ("just text", "holds no sections"),
    ],
)
def test_a_wrong_configuration_is_not_uploaded(root, settings, text, words):
    (root / "stage1" / "config_stage1.yaml").write_text(text)
    with pytest.raises(ConfigError) as told:
        bundle.build(root, settings)
    assert words in str(told.value)


def test_a_stage_that_is_not_whole(root, settings):
    (root / "stage2" / "connection_stage2.py").unlink()
    with pytest.raises(UserError, match=r"connection_stage2\.py not found"):
        bundle.build(root, settings)
    with pytest.raises(UserError, match="there is no stageN/"):
        bundle.build(root / "stage1", settings)


def test_deploy_shows_changes_keeps_the_former_version_and_rolls_back(root, settings, said):
    first = bundle.build(root, settings)
    assert {c.what for c in bundle.changes(first, settings)} == {"added"}
    bundle.deploy(first, settings, said.append)
    assert {c.what for c in bundle.changes(first, settings)} == {"same"}
    program = root / "stage1" / "stage1_anomaly_detection.py"
    program.write_text(program.read_text() + "# changed\n")
    second = bundle.build(root, settings)
    assert [c.path for c in bundle.changes(second, settings) if c.what == "changed"] == [f"stage1/{program.name}"]
    bundle.deploy(second, settings, said.append)
    bundle.deploy(second, settings, said.append)
    assert bundle.rollback(settings, said.append) == first.version
    assert {c.what for c in bundle.changes(first, settings)} == {"same"}


def test_nothing_to_roll_back_to(root, settings, said):
    with pytest.raises(PipelineFailure, match="no earlier version"):
        bundle.rollback(settings, said.append)


def test_the_master_gets_exactly_the_deployed_files(cluster, root, settings, master, said):
    with pytest.raises(PipelineFailure, match="no code is deployed"):
        bundle.fetch(settings, master, "job", said.append)
    made = bundle.build(root, settings)
    bundle.deploy(made, settings, said.append)
    (cluster.master.home / "job" / "stage1").mkdir(parents=True)
    (cluster.master.home / "job" / "stage1" / "old.py").write_text("left over")
    assert bundle.fetch(settings, master, "job", said.append) == made.version
    found = {p.relative_to(cluster.master.home / "job").as_posix() for p in (cluster.master.home / "job").rglob("*.*")}
    assert found == set(made.files)
    assert not any("X-Amz" in command or "Signature" in command for command in cluster.master.commands)


def test_a_file_that_is_not_the_deployed_one_is_named(cluster, root, settings, master, said):
    bundle.deploy(bundle.build(root, settings), settings, said.append)
    key = f"{settings.code_prefix}/stage2/config_stage2.yaml"
    client("s3", cluster.endpoint).put_object(Bucket=settings.bucket, Key=key, Body=b"edited by hand")
    with pytest.raises(PipelineFailure, match=r"stage2/config_stage2\.yaml is not the deployed one") as told:
        bundle.fetch(settings, master, "job", said.append)
    assert "pothole deploy" in str(told.value)
    assert not (cluster.master.home / "job" / "stage1").exists(), "half of it was put in place"


def test_a_third_stage_needs_no_more_than_its_directory(root, settings):
    (root / "stage3").mkdir()
    for name in ("stage3_ranking.py", "connection_stage3.py"):
        (root / "stage3" / name).write_text("")
    (root / "stage3" / "config_stage3.yaml").write_text("stage3: {}\n")
    assert "stage3/config_stage3.json" in bundle.build(root, settings).files
