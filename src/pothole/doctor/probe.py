"""One look at every node that is on: a script that only reads, over SSH, and what it tells."""

from __future__ import annotations

import shlex
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from pothole.cloud import spark_env, ssh
from pothole.cloud.settings import CloudSettings
from pothole.errors import PotholeError

_SECONDS = 45.0
_SCRIPT = r"""
{sourced}job={job}
version() {{
  for jar in "$home"/jars/$1; do [ -e "$jar" ] && jar=${{jar##*-}} && echo "${{jar%.jar}}" && return; done
}}
there() {{ d=$1; while [ ! -d "$d" ]; do d=$(dirname "$d"); done; df -Pk "$d" | tail -1 | tr -s ' ' | cut -d' ' -f4; }}
echo "clock=$(date +%s)"
echo "worker_port=$SPARK_WORKER_PORT"
echo "env_file=$env"
echo "spark=$(version 'spark-core_*.jar')"
echo "hadoop=$(version 'hadoop-client-api-*.jar')"
echo "hadoop_aws=$(version 'hadoop-aws-*.jar')"
echo "job_kib=$(there "$job")"
echo "tmp_kib=$(there "${{SPARK_LOCAL_DIRS:-/tmp}}")"
echo "java=$("${{JAVA_HOME:+$JAVA_HOME/bin/}}java" -version 2>&1 | head -n 1)"
version_of() {{ "$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null < /dev/null; }}
driver="${{PYSPARK_DRIVER_PYTHON:-$python}}"
echo "python=$python"
echo "python_version=$(version_of "$python")"
echo "driver=$driver"
echo "driver_version=$(version_of "$driver")"
echo "curl=$(command -v curl)"
echo "lease=$(systemctl is-active pothole-lease.timer 2>/dev/null)"
"""


@dataclass(frozen=True)
class Probe:
    """A node's facts by name; without facts, why there are none: it is off, or refuses (``error``)."""

    ip: str
    facts: Mapping[str, str] = field(default_factory=dict)
    off: str = ""
    error: PotholeError | None = None
    skew_seconds: float = 0.0


def probes(settings: CloudSettings, instances: Mapping[str, Mapping[str, Any]]) -> list[Probe]:
    """Master, then workers; all at the same time."""
    ips = {i: str(about.get("PrivateIpAddress")) for i, about in instances.items()}
    master, workers = ssh.hosts(settings, ips)
    states = [str(instances[i]["State"]["Name"]) for i in settings.instance_ids]
    script = _SCRIPT.format(sourced=spark_env.sourced(settings.spark_home), job=shlex.quote(settings.job_dir))
    with ThreadPoolExecutor(max_workers=16) as pool:
        return list(pool.map(lambda node, state: _probe(node, state, script), [master, *workers], states))


def _probe(node: ssh.Host, state: str, script: str) -> Probe:
    if state != "running":
        return Probe(node.private_ip, off=f"the node is {state}")
    before = time.time()
    try:
        told = ssh.run(node, "bash -s", stdin=script, timeout_seconds=_SECONDS, what="looking at the node")
    except PotholeError as error:
        return Probe(node.private_ip, error=error)
    facts = {name: value.strip() for name, _, value in (line.partition("=") for line in told.splitlines())}
    clock = float(facts.get("clock") or 0)
    skew = max(before - 1 - clock, clock - time.time(), 0.0)  # the node tells whole seconds
    return Probe(node.private_ip, facts, skew_seconds=skew)
