"""The jars of Spark's S3 file system, fetched once by Maven into a cache and checked against their pinned sums."""

from __future__ import annotations

import os
from pathlib import Path

from pothole.cloud import artefacts
from pothole.errors import PipelineFailure
from tests import needs

SPARK = Path(__file__).parents[2] / "infra" / "spark"
_QUICK = "-XX:TieredStopAtLevel=1"
SHORT_LIVED = {"SPARK_SUBMIT_OPTS": _QUICK, "SPARK_DAEMON_JAVA_OPTS": _QUICK}
"""For Java that ends before its best compiler pays: a small day takes a third less."""
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "pothole" / "s3a"


def jars() -> list[Path]:
    """The jars; PipelineFailure without Maven or without a repository that has them."""
    return list(artefacts.jars(SPARK, CACHE, print).values())


def spark_defaults(folder: Path) -> dict[str, str]:
    """A configuration folder for Spark that knows the jars; what the nodes' environment needs to find it."""
    conf = folder / "spark-conf"
    conf.mkdir()
    path = ":".join(str(jar) for jar in jars())
    lines = [f"spark.driver.extraClassPath {path}", f"spark.executor.extraClassPath {path}", "spark.ui.enabled false"]
    lines += ["spark.executor.memory 1g", "spark.cores.max 2", f"spark.executor.extraJavaOptions {_QUICK}"]
    (conf / "spark-defaults.conf").write_text("\n".join(lines) + "\n")
    return {"SPARK_CONF_DIR": str(conf)}


def or_skip(folder: Path) -> dict[str, str]:
    """``spark_defaults``, or the test is skipped and says what is missing."""
    needs.spark()
    try:
        return spark_defaults(folder)
    except PipelineFailure as why:
        needs.missing(f"Spark's S3 file system cannot be had: {why.message}")
