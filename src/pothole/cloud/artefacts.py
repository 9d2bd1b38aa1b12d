"""What a node installs: PySpark's archive, the jars of Spark's S3 file system, the lease, the boot script.

The files are pinned by the lists in ``infra/spark`` (SHA-256 and name). Nodes have no internet: they read the files
from a folder of the bucket, where ``artefacts.sha256`` lists them; that list's own SHA-256 is a parameter of the stack.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from pothole.cloud import objects
from pothole.cloud.say import Say
from pothole.errors import PipelineFailure, UserError

LIST = "artefacts.sha256"
OWN = ("boot.sh", "pothole-lease.sh", "pothole-lease.service", "pothole-lease.timer", "pothole-lease.conf")
_FETCH_SECONDS = 1800.0


def sums(file: Path) -> dict[str, str]:
    """SHA-256 by file name, of a list as `sha256sum` writes it."""
    lines = file.read_text(encoding="utf-8").splitlines()
    return {name: digest for digest, name in (line.split(maxsplit=1) for line in lines)}


def gather(spark: Path, cache: Path, java: Path | None, say: Say) -> dict[str, Path]:
    """All files by name; what the cache does not hold is fetched. ``spark`` is ``infra/spark``.

    PipelineFailure when a file cannot be had or is not the pinned one.
    """
    own = {name: spark / name for name in OWN} | ({"java-17.tar.gz": java} if java else {})
    missing = [str(path) for path in own.values() if not path.is_file()]
    if missing:
        raise UserError(f"there is no {', '.join(missing)}", hint="run it in the repository, or give --spark")
    return own | archives(spark, cache, say) | jars(spark, cache, say)


def archives(spark: Path, cache: Path, say: Say) -> dict[str, Path]:
    """Spark's and Py4J's archives, from PyPI."""
    pins = sums(spark / "pypi.sha256")
    return _had(pins, cache, lambda: _from_pypi(pins, cache, say))


def jars(spark: Path, cache: Path, say: Say) -> dict[str, Path]:
    """The jars of Spark's S3 file system, from Maven's repository."""
    return _had(sums(spark / "s3a" / "jars.sha256"), cache, lambda: _from_maven(spark / "s3a" / "pom.xml", cache, say))


def _had(pins: Mapping[str, str], cache: Path, fetch: Callable[[], None]) -> dict[str, Path]:
    """The pinned files, fetched unless all are in the cache, and checked."""
    if any(_digest(cache / name) != expected for name, expected in pins.items()):
        cache.mkdir(parents=True, exist_ok=True)
        fetch()
    for name, expected in pins.items():
        _check(cache / name, expected)
    return {name: cache / name for name in pins}


def _from_pypi(names: Iterable[str], cache: Path, say: Say) -> None:
    """``pyspark-4.3.0.tar.gz`` is the source archive of pyspark 4.3.0, a wheel is named likewise."""
    wanted = ["==".join(name.removesuffix(".tar.gz").split("-")[:2]) for name in names]
    sources = ",".join(name.split("-")[0] for name in names if name.endswith(".tar.gz"))
    say(f"fetching {', '.join(wanted)} with pip")
    pip = [sys.executable, "-m", "pip", "download", "-q", "--disable-pip-version-check", "--no-deps"]
    _run([*pip, "--no-binary", sources or ":none:", "-d", str(cache), *wanted], "pip")


def _from_maven(pom: Path, cache: Path, say: Say) -> None:
    if shutil.which("mvn") is None:
        raise PipelineFailure("Maven (mvn) is not installed", hint="it fetches the jars of Spark's S3 file system")
    say("fetching the jars of Spark's S3 file system with Maven")
    command = ["mvn", "-q", "-B", "-f", str(pom), "dependency:copy-dependencies"]
    _run([*command, f"-DoutputDirectory={cache.resolve()}"], "Maven")


def _run(command: list[str], who: str) -> None:
    try:
        ran = subprocess.run(command, capture_output=True, text=True, timeout=_FETCH_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise PipelineFailure(f"{who} has not ended in {_FETCH_SECONDS:.0f} s", hint="check the network") from None
    if ran.returncode:
        said = " ".join((ran.stdout + ran.stderr).split())[-300:]
        raise PipelineFailure(f"{who} could not fetch what is pinned: {said}", hint="check the network")


def _check(path: Path, expected: str) -> None:
    found = _digest(path)
    if found != expected:
        what = f"has SHA-256 {found}, expected {expected}" if found else "could not be had"
        raise PipelineFailure(f"{path} {what}", hint="remove it and try again; if it stays so, do not use it")


def _digest(path: Path) -> str:
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def upload(files: Mapping[str, Path], bucket: str, prefix: str, region: str, say: Say) -> str:
    """Put the files below ``s3://bucket/prefix/``, the list last: the list's SHA-256. What lies there is left."""
    s3 = objects.client(region)
    digests = {name: _digest(path) for name, path in sorted(files.items())}
    for name, path in files.items():
        uri, key = f"s3://{bucket}/{prefix}/{name}", f"{prefix}/{name}"
        if _there(s3, bucket, key) != digests[name]:
            with objects.explained("write", uri):
                s3.upload_file(str(path), bucket, key, ExtraArgs={"Metadata": {"sha256": digests[name]}})
            say(f"uploaded {uri}")
    listing = "".join(f"{digest}  {name}\n" for name, digest in digests.items()).encode()
    with objects.explained("write", f"s3://{bucket}/{prefix}/{LIST}"):
        s3.put_object(Bucket=bucket, Key=f"{prefix}/{LIST}", Body=listing)
    return hashlib.sha256(listing).hexdigest()


def _there(s3: Any, bucket: str, key: str) -> str | None:
    """The SHA-256 that an object was uploaded with."""
    try:
        with objects.explained("look at", f"s3://{bucket}/{key}"):
            return str(s3.head_object(Bucket=bucket, Key=key)["Metadata"].get("sha256"))
    except FileNotFoundError:
        return None
