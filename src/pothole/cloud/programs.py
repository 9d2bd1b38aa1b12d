"""What runs a stage of one's own on the cluster, where the repository has no files for it: made of its declaration."""

from __future__ import annotations

from collections.abc import Mapping
from string import Template
from typing import Any

from pothole.registry import named

_CONNECTION = '''"""The Spark session of $stage; its ``spark.*`` options come from the configuration."""

from pothole.engines import spark


def connect(options):
    """A session on the master that spark-submit was given."""
    return spark.session("pothole $stage", options=options)
'''

_PROGRAM = '''"""$stage on the cluster.

By hand, on the master, in the folder that ``download_code`` has filled:

    spark-submit --master spark://MASTER:7077 --py-files pothole.zip,connection_$stage.py \\
        $program --env $stage --batch-date 2026-02-12
"""

import sys
from pathlib import Path

from pothole import cluster


def connect(options):
    """The stage's own session; imported late, so that a missing file is told as one."""
    from connection_$stage import connect as session

    return session(options)


if __name__ == "__main__":
    sys.exit(cluster.main("$stage", Path(__file__).resolve().parent, connect))
'''


def programs(stage: str) -> dict[str, bytes]:
    """The stage's program and its connection, by file name."""
    words = {"stage": stage, "program": named(stage).program}
    texts = {words["program"]: _PROGRAM, f"connection_{stage}.py": _CONNECTION}
    return {name: Template(text).substitute(words).encode() for name, text in texts.items()}


def config(stage: str, like: Mapping[str, Any]) -> bytes:
    """The stage's configuration: the lake, Spark options and settings of another stage's section."""
    import yaml

    head = f"# As that of the stage before. A {stage}/config_{stage}.yaml in the repository takes its place.\n"
    return (head + yaml.safe_dump({stage: dict(like)}, sort_keys=False)).encode()
