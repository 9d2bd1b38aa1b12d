"""The node's boot script, run for real below a root of its own, with small files in place of Spark's and Java's."""

from __future__ import annotations

import hashlib
import io
import os
import subprocess
import sys
import tarfile
import uuid
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import boto3
import pytest

from tests import needs
from tests.servers import old_python
from tests.servers.moto import moto

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
SPARK = ROOT / "infra" / "spark"
OWN = ("boot.sh", "pothole-lease.sh", "pothole-lease.service", "pothole-lease.timer", "pothole-lease.conf")
SCRIPTS = sorted(p for folder in ("infra", "tools") for p in (ROOT / folder).rglob("*.sh"))


def packed(files: dict[str, str]) -> bytes:
    """A .tar.gz of small files, as plain text without any execute bit."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as archive:
        for name, text in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(text), 0o755 if name.endswith("/java") else 0o644
            archive.addfile(entry, io.BytesIO(text.encode()))
    return made.getvalue()


def wheel() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("py4j/__init__.py", "here = 'py4j'")
    return made.getvalue()


def java(version: str) -> bytes:
    return packed({"jdk/bin/java": f"#!/bin/sh\necho 'openjdk version \"{version}\"' >&2\n"})


SMALL_SPARK = packed(
    {
        "pyspark-4.3.0/deps/bin/spark-submit": "#!/bin/sh\necho 'version 4.3.0' >&2\n",
        "pyspark-4.3.0/deps/sbin/spark-daemon.sh": "#!/bin/sh\n",
        "pyspark-4.3.0/deps/jars/spark-core.jar": "a jar",
        "pyspark-4.3.0/pyspark/__init__.py": "here = 'pyspark'",
    }
)


@dataclass
class Node:
    """A machine that has not booted: its root, its folder with what user data has brought, its bucket."""

    root: Path
    folder: Path
    environ: dict[str, str]
    bucket: str

    def bring(self, files: dict[str, bytes], listed: dict[str, bytes] | None = None) -> None:
        s3 = boto3.client("s3", endpoint_url=self.environ["AWS_ENDPOINT_URL"])
        for name, content in files.items():
            s3.put_object(Bucket=self.bucket, Key=f"node-artefacts/{name}", Body=content, ACL="public-read")
        sums = {name: hashlib.sha256(content).hexdigest() for name, content in (listed or files).items()}
        (self.folder / "artefacts.sha256").write_text("".join(f"{d}  {n}\n" for n, d in sums.items()))

    def boot(self) -> subprocess.CompletedProcess[str]:
        command = ["bash", str(SPARK / "boot.sh"), f"s3://{self.bucket}/node-artefacts"]
        return subprocess.run(
            command, cwd=self.folder, env=self.environ, capture_output=True, text=True, check=False, timeout=60
        )


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with moto() as url:
        yield url


@pytest.fixture
def node(endpoint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Node:
    needs.programs_of_the_system("systemctl")
    aws = {"AWS_ENDPOINT_URL": endpoint, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    aws["AWS_DEFAULT_REGION"] = "us-east-1"
    for name, value in aws.items():
        monkeypatch.setenv(name, value)
    for folder in ("bin", "root", "work"):
        (tmp_path / folder).mkdir()
    (tmp_path / "bin" / "aws").write_text(f'#!/bin/sh\nexec {sys.executable} -IS {ROOT}/tests/infra/aws_cp.py "$@"\n')
    (tmp_path / "bin" / "aws").chmod(0o755)
    bucket = f"roads-{uuid.uuid4().hex[:10]}"
    boto3.client("s3", endpoint_url=endpoint).create_bucket(Bucket=bucket)
    path = f"{tmp_path / 'bin'}:{os.environ['PATH']}"
    return Node(
        tmp_path / "root",
        tmp_path / "work",
        os.environ | aws | {"PATH": path, "POTHOLE_ROOT": str(tmp_path / "root")},
        bucket,
    )


@pytest.fixture
def good() -> dict[str, bytes]:
    own = {name: (SPARK / name).read_bytes() for name in OWN}
    return own | {
        "pyspark-4.3.0.tar.gz": SMALL_SPARK,
        "py4j-0.10.9.9-py2.py3-none-any.whl": wheel(),
        "hadoop-aws-3.5.0.jar": b"S3A",
        "java-17.tar.gz": java("17.0.9"),
    }


def test_a_node_is_made(node, good):
    node.bring(good)
    done = node.boot()
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "pothole-boot: ready, version 4.3.0"), done.stderr
    spark = node.root / "opt" / "spark"
    assert {p.name for p in (spark / "jars").iterdir()} == {"spark-core.jar", "hadoop-aws-3.5.0.jar"}
    assert os.access(spark / "sbin" / "spark-daemon.sh", os.X_OK)
    variables = {"PATH": os.environ["PATH"]}
    sourced = subprocess.run(
        ["bash", "-c", f". {spark}/conf/spark-env.sh; env"],
        env=variables, capture_output=True, text=True, check=True,
    )  # fmt: skip
    told = dict(line.split("=", 1) for line in sourced.stdout.splitlines())
    assert (told["SPARK_WORKER_PORT"], told["SPARK_MASTER_PORT"]) == ("7078", "7077")
    assert told["JAVA_HOME"] == str(node.root / "opt" / "java")
    assert told["SPARK_LOCAL_DIRS"] == "/var/tmp", "on the disk: Amazon Linux keeps /tmp in memory"
    assert told["PYSPARK_PYTHON"] == told["PYSPARK_DRIVER_PYTHON"] and runs_the_stages(told["PYSPARK_PYTHON"])
    archives = [str(spark / "python" / "lib" / name) for name in ("pyspark.zip", "py4j-0.10.9.9-src.zip")]
    source = f"import sys; sys.path[:0] = {archives}; import pyspark, py4j; print(pyspark.here, py4j.here)"
    assert subprocess.check_output([sys.executable, "-S", "-c", source], text=True) == "pyspark py4j\n"
    assert not list(node.folder.glob("*.jar")), "what is installed is not kept twice"


def runs_the_stages(python: str) -> bool:
    """A full path, and new enough."""
    done = subprocess.run([python, "-c", "from datetime import UTC"], env={}, check=False)
    return python.startswith("/") and done.returncode == 0


@pytest.fixture(params=["stand-in", "real"])
def aged(node: Node, tmp_path: Path, request: pytest.FixtureRequest) -> Node:
    """A node like Amazon Linux 2023: its ``python3`` is 3.9, others come from ``dnf`` (``install_with``)."""
    if request.param == "real":
        needs.allowed(old_python.real(tmp_path / "old"), "there is no Python 3.9 or 3.10 here")
    if request.param == "stand-in":
        old_python.stand_in(tmp_path / "old")
    old_python.tools(tmp_path / "tools")
    node.environ["PATH"] = f"{tmp_path / 'bin'}:{tmp_path / 'old'}:{tmp_path / 'tools'}"
    return node


def install_with(node: Node, tmp_path: Path, dnf: str) -> None:
    (tmp_path / "bin" / "dnf").write_text(f'#!/bin/sh\necho dnf "$@" >> {tmp_path}/asked\n{dnf}\n')
    (tmp_path / "bin" / "dnf").chmod(0o755)


def test_a_node_whose_python3_is_too_old_gets_another_beside_it(aged, good, tmp_path):
    python = tmp_path / "bin" / "python3.11"
    install_with(aged, tmp_path, f"ln -s {old_python.base()} {python}")
    aged.bring(good)
    done = aged.boot()
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "asked").read_text() == "dnf install -y -q python3.11\n"
    told = (aged.root / "opt/spark/conf/spark-env.sh").read_text()
    assert f"export PYSPARK_PYTHON={python}\nexport PYSPARK_DRIVER_PYTHON={python}\n" in told
    assert runs_the_stages(str(python))
    again = aged.boot()
    assert (again.returncode, (tmp_path / "asked").read_text().count("dnf")) == (0, 1), again.stderr


@pytest.mark.parametrize("dnf", ["exit 1", "exit 0"], ids=["dnf fails", "dnf does nothing"])
def test_a_node_that_gets_no_new_python_says_so(aged, good, tmp_path, dnf):
    install_with(aged, tmp_path, dnf)
    aged.bring(good)
    done = aged.boot()
    last = done.stderr.splitlines()[-1]
    assert done.returncode == 1 and "no Python 3.11 or later: python3 is Python 3." in last, done.stderr
    assert not (aged.root / "opt" / "spark").exists()
    assert (aged.root / "etc/systemd/system/pothole-lease.timer").exists(), "the lease comes first"


def test_the_lease_is_installed_and_comes_up_at_every_boot(node, good):
    node.bring(good)
    node.boot()
    wants = node.root / "etc/systemd/system/timers.target.wants/pothole-lease.timer"
    assert os.readlink(wants).endswith("/etc/systemd/system/pothole-lease.timer")
    assert os.access(node.root / "usr/local/sbin/pothole-lease.sh", os.X_OK)
    assert (node.root / "etc/systemd/system/pothole-lease.service").exists()


def test_the_leases_folder_is_there_at_every_boot_and_anybody_may_write_to_it(node, good):
    node.bring(good)
    node.boot()
    installed = node.root / "etc/tmpfiles.d/pothole.conf"
    assert installed.read_bytes() == good["pothole-lease.conf"]
    needs.programs_of_the_system("systemd-tmpfiles")
    assert (node.root / "run/pothole").stat().st_mode & 0o7777 == 0o777
    (node.root / "run/pothole").rmdir()
    subprocess.run(["systemd-tmpfiles", f"--root={node.root}", "--create", "--boot"], check=False)
    assert (node.root / "run/pothole").is_dir(), "it is gone after every shutdown"


def test_a_second_boot_changes_nothing(node, good):
    node.bring(good)
    first, second = node.boot(), node.boot()
    assert (first.returncode, second.returncode) == (0, 0), second.stderr
    assert len(list((node.root / "opt/spark/jars").iterdir())) == 2


@pytest.mark.parametrize("name", ["pyspark-4.3.0.tar.gz", "hadoop-aws-3.5.0.jar", "java-17.tar.gz"])
def test_what_is_not_the_pinned_file_is_refused(node, good, name):
    node.bring(good | {name: b"another"}, good)
    done = node.boot()
    assert (done.returncode, f"{name} is not the pinned one" in done.stderr) == (1, True)
    assert not (node.folder / name).exists()
    assert not (node.root / "opt" / "spark").exists(), "Spark is in place whole or not at all"
    assert (node.root / "etc/systemd/system/pothole-lease.timer").exists(), "the lease comes first"


def test_another_java_is_refused(node, good):
    node.bring(good | {"java-17.tar.gz": java("21.0.1")})
    done = node.boot()
    assert (done.returncode, "is no Java 17" in done.stderr) == (1, True)


def test_a_list_without_spark_is_refused(node, good):
    good.pop("pyspark-4.3.0.tar.gz")
    node.bring(good)
    assert "artefacts.sha256 lists no pyspark-*.tar.gz" in node.boot().stderr


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda p: p.name)
def test_scripts_are_clean(script):
    done = subprocess.run([needs.program("shellcheck"), str(script)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
