"""A node's ``spark-env.sh``, for commands that run there without Spark's own programs.

They come over SSH, into a shell that knows nothing but the system's defaults: what the node is set up with stands in
that file alone, and its ``python3`` may be older than the stages need (Amazon Linux 2023 keeps 3.9).
"""

from __future__ import annotations

import shlex


def sourced(spark_home: str) -> str:
    """Lines for a POSIX shell that take in the file as Spark does, where there is one.

    Then ``$env`` is its path, and ``$python`` the interpreter that runs the project's code on this node.
    """
    return (
        f"home={shlex.quote(spark_home)}\n"
        'env="${SPARK_CONF_DIR:-$home/conf}/spark-env.sh"\n'
        '[ -r "$env" ] && . "$env" > /dev/null 2>&1 < /dev/null\n'
        'python="${PYSPARK_PYTHON:-python3}"\n'
    )
