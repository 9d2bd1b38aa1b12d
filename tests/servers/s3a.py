"""The jars of Spark's S3 file system, fetched once by Maven into a cache and checked against their pinned sums."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest

PINNED = Path(__file__).parents[2] / "infra" / "spark" / "s3a"
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "pothole" / "s3a"


class NotToBeHadError(Exception):
    """The jars are not here and cannot be fetched; says why."""


def sums() -> dict[str, str]:
    """SHA-256 by file name."""
    lines = (PINNED / "jars.sha256").read_text().splitlines()
    return {name: digest for digest, name in (line.split() for line in lines)}


def jars() -> list[Path]:
    """The jars; NotToBeHadError without Maven or without a repository that has them."""
    wanted = sums()
    if not _complete(wanted):
        _fetch()
    wrong = [name for name, digest in wanted.items() if _digest(CACHE / name) != digest]
    if wrong:
        raise NotToBeHadError(f"{CACHE / wrong[0]} is missing or is not the pinned one")
    return [CACHE / name for name in wanted]


def _complete(wanted: dict[str, str]) -> bool:
    return all((CACHE / name).exists() for name in wanted)


def _fetch() -> None:
    if shutil.which("mvn") is None:
        raise NotToBeHadError("Maven (mvn) is not installed")
    command = ["mvn", "-q", "-B", "-f", str(PINNED / "pom.xml"), "dependency:copy-dependencies"]
    ran = subprocess.run(
        [*command, f"-DoutputDirectory={CACHE}"], capture_output=True, text=True, timeout=600, check=False
    )
    if ran.returncode:
        raise NotToBeHadError(f"Maven could not fetch the jars: {(ran.stdout + ran.stderr).strip()[-300:]}")


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else ""


def spark_defaults(folder: Path) -> dict[str, str]:
    """A configuration folder for Spark that knows the jars; what the nodes' environment needs to find it."""
    conf = folder / "spark-conf"
    conf.mkdir()
    path = ":".join(str(jar) for jar in jars())
    lines = [f"spark.driver.extraClassPath {path}", f"spark.executor.extraClassPath {path}", "spark.ui.enabled false"]
    lines += ["spark.executor.memory 1g", "spark.cores.max 2"]
    (conf / "spark-defaults.conf").write_text("\n".join(lines) + "\n")
    return {"SPARK_CONF_DIR": str(conf)}


def or_skip(folder: Path) -> dict[str, str]:
    """``spark_defaults``, or the test is skipped and says what is missing."""
    if shutil.which("java") is None:
        pytest.skip("not run: there is no Java 17 here")
    try:
        return spark_defaults(folder)
    except NotToBeHadError as why:
        pytest.skip(f"not run: Spark's S3 file system cannot be had: {why}")
