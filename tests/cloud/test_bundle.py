"""The code on S3: what is built, uploaded, rolled back and fetched is exactly one version."""

from __future__ import annotations

import dataclasses
import io
import json
import shutil
import sys
import zipfile
from pathlib import Path

import pytest

from pothole.cloud import bundle, ssh
from pothole.errors import ConfigError, PipelineFailure, UserError
from pothole.settings import from_json
from tests.servers import old_python
from tests.servers.nodes import client
from tests.servers.unwell import unwell

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
        "pothole.zip", "code_version.txt",
    }  # fmt: skip
    inside = zipfile.ZipFile(io.BytesIO(made.files["stage1/pothole.zip"])).namelist()
    assert "pothole/stages/stage1.py" in inside and "pothole/cluster.py" in inside
    assert not [n for n in inside if n.startswith(("pothole/cli", "pothole/cloud", "pothole/simulate"))]
    assert bundle.build(root, settings).version == made.version
    assert made.files["stage1/code_version.txt"].decode() == f"{made.version}\n"


def test_the_resolved_configuration_is_what_the_program_reads(root, settings):
    text = """
        stage1:
          lake: s3://other/p/
          spark: {spark.executor.cores: 2, spark.speculation: false}
          settings: {timezone: Europe/Helsinki}
    """
    (root / "stage1" / "config_stage1.yaml").write_text(text)
    section = json.loads(bundle.build(root, settings).files["stage1/config_stage1.json"])["stage1"]
    assert (section["lake"], section["spark"]) == (
        "s3a://other/p", {"spark.executor.cores": "2", "spark.speculation": "false"}
    )  # fmt: skip
    read = from_json(section["settings"], "test")
    assert (read.settings.timezone, read.hash) == ("Europe/Helsinki", section["config_hash"])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("stage1: {settings: {timezone: Asia/Soul}}", "Asia/Seoul"),
        ("stage1: {settings: {stage1: {detect: {start_scale: 3}}}}", "start_scales"),
        ("stage1: {laek: s3://x}", "section stage1: unknown key laek"),
        ("stage1: {lake: gs://x}", "expected s3://"),
        ("[1", "not valid YAML"),
        ("just text", "holds no sections"),
        ("stage2: {}", "has no section stage1"),
        ("stage1: {spark: fast}", "spark is 'fast', expected keys and values"),
        ("stage1: {settings: [1]}", r"settings is [1], expected"),
        ("stage1: {lake: 's3://'}", "expected s3://bucket"),
        ("stage1: {lake: 7}", "lake is 7"),
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
    changed = [f"stage1/{program.name}", *(f"stage{n}/code_version.txt" for n in (1, 2))]
    assert [c.path for c in bundle.changes(second, settings) if c.what == "changed"] == sorted(changed)
    bundle.deploy(second, settings, said.append)
    bundle.deploy(second, settings, said.append)
    assert bundle.deploy(bundle.earlier(settings), settings, said.append) == first.version
    assert {c.what for c in bundle.changes(first, settings)} == {"same"}


def test_a_second_deployment_changes_nothing_and_mends_what_was_edited(cluster, root, settings, said):
    made, s3 = bundle.build(root, settings), client("s3", cluster.endpoint)
    bundle.deploy(made, settings, said.append)
    manifest = bundle.Store(settings).read("_manifest.json")
    said.clear()
    bundle.deploy(made, settings, said.append)
    assert said == [f"version {made.version} is deployed already: {len(made.files)} files, verified"]
    assert bundle.Store(settings).read("_manifest.json") == manifest
    key = f"{settings.code_prefix}/stage2/config_stage2.yaml"
    s3.put_object(Bucket=settings.bucket, Key=key, Body=b"edited by hand")
    assert [c.path for c in bundle.changes(made, settings) if c.what != "same"] == ["stage2/config_stage2.yaml"]
    bundle.deploy(made, settings, said.append)
    assert bundle.Store(settings).read("stage2/config_stage2.yaml") == made.files["stage2/config_stage2.yaml"]


@pytest.mark.parametrize("content", [b"{", b"[]", b'{"version": "x"}', b'{"version": "x", "files": {}}'])
def test_a_damaged_manifest_stops_the_master_and_is_mended_by_deploying(root, settings, master, said, content):
    made = bundle.build(root, settings)
    bundle.deploy(made, settings, said.append)
    bundle.Store(settings).write("_manifest.json", content)
    with pytest.raises(PipelineFailure, match=r"_manifest\.json is damaged"):
        bundle.fetch(settings, master, "job", said.append)
    assert bundle.deploy(made, settings, said.append) == made.version
    assert bundle.Store(settings).manifest()["version"] == made.version


def test_a_damaged_former_version_is_not_brought_back(root, settings, said):
    first = bundle.build(root, settings)
    bundle.deploy(first, settings, said.append)
    (root / "stage1" / "stage1_anomaly_detection.py").write_text("")
    second = bundle.build(root, settings)
    bundle.deploy(second, settings, said.append)
    bundle.Store(settings).write(f"_versions/{first.version}/stage1/pothole.zip", b"not it")
    with pytest.raises(PipelineFailure, match=f"version {first.version} in .* is damaged"):
        bundle.earlier(settings)
    assert bundle.Store(settings).manifest()["version"] == second.version


def test_a_stage_that_is_gone_is_removed_from_s3_and_from_the_master(cluster, root, settings, master, said):
    bundle.deploy(bundle.build(root, settings), settings, said.append)
    bundle.fetch(settings, master, "job", said.append)
    (cluster.master.home / "job" / "jobs").mkdir()
    shutil.rmtree(root / "stage2")
    bundle.deploy(bundle.build(root, settings), settings, said.append)
    with pytest.raises(FileNotFoundError):
        bundle.Store(settings).read("stage2/config_stage2.yaml")
    bundle.fetch(settings, master, "job", said.append)
    assert sorted(p.name for p in (cluster.master.home / "job").iterdir()) == ["jobs", "stage1"]


def test_only_stages_that_are_python(root, settings):
    shutil.copytree(root / "stage1", root / "stage1_old")
    assert {path.split("/")[0] for path in bundle.build(root, settings).files} == {"stage1", "stage2"}
    (root / "stage2" / "connection_stage2.py").write_text("def (:\n")
    with pytest.raises(UserError, match=r"connection_stage2\.py is not valid Python: .*line 1"):
        bundle.build(root, settings)


def test_nothing_to_roll_back_to(root, settings):
    with pytest.raises(PipelineFailure, match="no earlier version"):
        bundle.earlier(settings)


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


def names(node, python: str) -> None:
    """The node's spark-env.sh names this Python."""
    (node.home / "spark" / "conf").mkdir(parents=True, exist_ok=True)
    (node.home / "spark" / "conf" / "spark-env.sh").write_text(f"cat\nexport PYSPARK_PYTHON={python}\n")


@pytest.fixture
def hasty(cluster) -> None:
    """The master's own Python is too old; the one that its spark-env.sh names does not wait between tries."""
    node = cluster.master
    old_python.stand_in(node.home / "bin")
    node.environment["PATH"] = f"{node.home / 'bin'}:{node.environment['PATH']}"
    program = "import sys, time; time.sleep = lambda seconds: None; exec(sys.stdin.read())"
    named = node.home / "bin" / "python-of-the-stages"
    named.write_text(f"#!/bin/sh\n: > {node.home}/was-asked\nexec {sys.executable} -c '{program}'\n")
    named.chmod(0o755)
    names(node, str(named))


def test_the_master_runs_the_python_that_spark_env_names(cluster, root, settings, master, hasty, said):
    bundle.deploy(bundle.build(root, settings), settings, said.append)
    settings = dataclasses.replace(settings, spark_home="spark")
    bundle.fetch(settings, master, "job", said.append)
    assert (cluster.master.home / "was-asked").exists()
    (cluster.master.home / "was-asked").unlink()
    (cluster.master.home / "spark" / "conf" / "spark-env.sh").unlink()
    bundle.fetch(settings, master, "job", said.append)
    assert not (cluster.master.home / "was-asked").exists(), "a node that names none: its own, though it is old"
    names(cluster.master, "/usr/bin/python9.9")
    with pytest.raises(PipelineFailure, match=r"exit status 127: .*python9\.9") as told:
        bundle.fetch(settings, master, "job", said.append)
    assert "PYSPARK_PYTHON in the master's spark-env.sh" in str(told.value.hint)


def test_each_cause_has_its_own_remedy(cluster, root, settings, master, hasty, said, monkeypatch):
    bundle.deploy(bundle.build(root, settings), settings, said.append)
    settings = dataclasses.replace(settings, spark_home="spark")

    def hint(link: str) -> tuple[str, str]:
        monkeypatch.setattr(bundle.Store, "link", lambda store, path: link)
        with pytest.raises(PipelineFailure) as told:
            bundle.fetch(settings, master, "job", said.append)
        assert "secret" not in str(told.value)
        return told.value.message, str(told.value.hint)

    for nowhere in ("http://127.0.0.1:9/a?secret", "http://roads.s3.nowhere.invalid/a?secret"):
        message, remedy = hint(nowhere)
        assert f"S3 cannot be reached from here: {nowhere.split('/')[2]}: " in message
        assert all(word in remedy for word in ("gateway", "route", "security group", "보안 그룹")), remedy
        assert "pothole deploy" not in remedy
    with unwell(cluster.endpoint) as s3:
        for code, word in ((403, "s3:GetObject"), (503, "not well for now")):
            s3.always = code
            message, remedy = hint(f"{s3.url}/a?secret")
            assert f"S3 answers {code}" in message and word in remedy and "pothole deploy" not in remedy
    message, remedy = hint(f"{cluster.endpoint}/{settings.bucket}/nothing-here?secret")
    assert "S3 answers 404" in message and "pothole deploy" in remedy


def test_a_third_stage_needs_no_more_than_its_directory(root, settings):
    (root / "stage3").mkdir()
    for name in ("stage3_ranking.py", "connection_stage3.py"):
        (root / "stage3" / name).write_text("")
    (root / "stage3" / "config_stage3.yaml").write_text("stage3: {}\n")
    assert "stage3/config_stage3.json" in bundle.build(root, settings).files
