"""``pothole artefacts``: what the nodes install, gathered, checked and put where their boot script looks."""

from __future__ import annotations

import hashlib
import json
import shutil
import uuid
from pathlib import Path

import boto3
import pytest

from tests.infra.stacks import create, outputs

pytestmark = pytest.mark.slow

SPARK = Path(__file__).parents[2] / "infra" / "spark"


@pytest.fixture
def spark(tmp_path: Path) -> Path:
    """As infra/spark, with small files pinned that the cache holds already."""
    folder, cache = tmp_path / "spark", tmp_path / "cache"
    shutil.copytree(SPARK, folder)
    cache.mkdir()
    for pins, name in (("pypi.sha256", "pyspark-4.3.0.tar.gz"), ("s3a/jars.sha256", "hadoop-aws-3.5.0.jar")):
        (cache / name).write_text(f"the content of {name}")
        (folder / pins).write_text(f"{sha256(cache / name)}  {name}\n")
    return folder


def sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


@pytest.fixture
def stack(aws: str, monkeypatch: pytest.MonkeyPatch) -> str:
    variables = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_ENDPOINT_URL": aws}
    for name, value in (variables | {"AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1"}).items():
        monkeypatch.setenv(name, value)
    name = f"nodes{uuid.uuid4().hex[:6]}"
    create(name)
    return name


def test_everything_is_uploaded_and_the_list_pins_it(run, spark, stack, tmp_path):
    (tmp_path / "jdk.tar.gz").write_text("java")
    options = ("--spark", str(spark), "--cache", str(tmp_path / "cache"), "--java", str(tmp_path / "jdk.tar.gz"))
    done = run("artefacts", "--stack", stack, *options)
    assert done.status == 0, done.text
    s3, bucket = boto3.client("s3"), outputs(stack)["BucketName"]
    listing = s3.get_object(Bucket=bucket, Key="node-artefacts/artefacts.sha256")["Body"].read()
    assert f"ArtefactsSha256={hashlib.sha256(listing).hexdigest()}" in done.text
    listed = {name: digest for digest, name in (line.split("  ") for line in listing.decode().splitlines())}
    assert set(listed) == {
        "boot.sh", "pothole-lease.sh", "pothole-lease.service", "pothole-lease.timer", "pothole-lease.conf",
        "pyspark-4.3.0.tar.gz", "hadoop-aws-3.5.0.jar", "java-17.tar.gz",
    }  # fmt: skip
    for name, digest in listed.items():
        content = s3.get_object(Bucket=bucket, Key=f"node-artefacts/{name}")["Body"].read()
        assert hashlib.sha256(content).hexdigest() == digest, name
    assert done.text.count("uploaded s3://") == 8
    again = run("artefacts", "--stack", stack, *options, "--json")
    assert "uploaded" not in again.text, "what lies there is not sent again"
    assert json.loads(again.text)["ArtefactsSha256"] == hashlib.sha256(listing).hexdigest()
    (spark / "boot.sh").write_text("another")
    changed = run("artefacts", "--stack", stack, *options, "--json")
    assert changed.text.count("uploaded s3://") == 1
    assert json.loads(changed.text.splitlines()[0])["ArtefactsSha256"] != hashlib.sha256(listing).hexdigest()


def test_a_file_that_is_not_the_pinned_one_is_not_uploaded(run, spark, stack, tmp_path, monkeypatch):
    (tmp_path / "cache" / "hadoop-aws-3.5.0.jar").write_text("another")
    fetch = tmp_path / "mvn"
    fetch.write_text("#!/bin/sh\nexit 0\n")
    fetch.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    done = run("artefacts", "--stack", stack, "--spark", str(spark), "--cache", str(tmp_path / "cache"))
    assert (done.status, "hadoop-aws-3.5.0.jar has SHA-256" in done.text) == (1, True), done.text
    assert "Contents" not in boto3.client("s3").list_objects_v2(Bucket=outputs(stack)["BucketName"])


def test_what_cannot_be_fetched(run, spark, stack, tmp_path, monkeypatch):
    (tmp_path / "cache" / "hadoop-aws-3.5.0.jar").unlink()
    options = ("--stack", stack, "--spark", str(spark), "--cache", str(tmp_path / "cache"))
    (tmp_path / "none").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "none"))
    done = run("artefacts", *options)
    assert (done.status, "Maven (mvn) is not installed" in done.text) == (1, True), done.text
    (tmp_path / "none" / "mvn").write_text("#!/bin/sh\necho no route to host\nexit 1\n")
    (tmp_path / "none" / "mvn").chmod(0o755)
    done = run("artefacts", *options)
    assert "Maven could not fetch what is pinned: no route to host" in done.text


def test_outside_the_repository(run, tmp_path):
    done = run("artefacts", "--stack", "roads", "--spark", str(tmp_path))
    assert (done.status, "run it in the repository" in done.text) == (2, True)


def test_the_pins_are_of_the_versions_that_are_tested():
    constraints = (SPARK.parents[1] / "constraints.txt").read_text().splitlines()
    pinned = [line.split()[1].removesuffix(".tar.gz").split("-")[:2] for line in _lines("pypi.sha256")]
    assert sorted(name for name, _ in pinned) == ["py4j", "pyspark"]
    assert all("==".join(pin) in constraints for pin in pinned)


def _lines(name: str) -> list[str]:
    return (SPARK / name).read_text().splitlines()
