"""What must be so on every node, from what each told of itself. Nodes that are off are not started."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from importlib.metadata import metadata, requires

from pothole.doctor.context import Context
from pothole.doctor.findings import Finding, gathered, not_checked, ok, warning, wrong
from pothole.doctor.probe import Probe

WORKER_PORT = "7078"
_JAVA = 17
_FREE_GIB, _LOW_GIB = 5.0, 10.0
_SKEW_SECONDS, _FAR_SECONDS = 5.0, 60.0


def _each(look: Callable[[Probe], Finding]) -> Callable[[Context], Iterator[Finding]]:
    """A check of every node that told something of itself."""

    def check(context: Context) -> Iterator[Finding]:
        yield from gathered((p.ip, look(p) if p.facts else _silent(p)) for p in context.probes)

    check.__doc__ = look.__doc__
    return check


def _silent(probe: Probe) -> Finding:
    return not_checked(probe.off or "it is not reached by SSH")


def answers(context: Context) -> Iterator[Finding]:
    """Every node that is on takes this key and shows the host key that is pinned."""

    def look(probe: Probe) -> Finding:
        if probe.error is not None:
            return wrong(probe.error.message, probe.error.hint or "look at the node in the EC2 console")
        return not_checked(probe.off) if probe.off else ok("key and host key work")

    yield from gathered((probe.ip, look(probe)) for probe in context.probes)


@_each
def worker_port(probe: Probe) -> Finding:
    """SPARK_WORKER_PORT is 7078 in the node's spark-env.sh."""
    found, file = probe.facts["worker_port"], probe.facts["env_file"]
    if found == WORKER_PORT:
        return ok(f"SPARK_WORKER_PORT is {WORKER_PORT}")
    what = f"SPARK_WORKER_PORT is {found}, expected {WORKER_PORT}" if found else "SPARK_WORKER_PORT is not set"
    return wrong(
        f"{what}: a worker that is started by hand listens elsewhere",
        f"on the node: `echo 'export SPARK_WORKER_PORT={WORKER_PORT}' | sudo tee -a {file}`, then start Spark again",
    )


@_each
def disk(probe: Probe) -> Finding:
    """Room for the code, logs and what Spark spills."""
    free = min(int(probe.facts[name] or 0) for name in ("job_kib", "tmp_kib")) / 2**20
    fix = "remove old Spark work folders there, or enlarge its disk"
    if free < _FREE_GIB:
        return wrong(f"{free:.1f} GiB are free, {_FREE_GIB:.0f} are needed", fix)
    return warning(f"only {free:.1f} GiB are free", fix) if free < _LOW_GIB else ok(f"at least {_LOW_GIB:.0f} GiB free")


def expected_spark() -> str:
    """The version of Spark that the package is made for."""
    for requirement in requires("pothole-pipeline") or []:
        if match := re.match(r"pyspark==([\d.]+)", requirement):
            return match[1]
    raise LookupError("the package names no version of pyspark")


@_each
def spark_version(probe: Probe) -> Finding:
    """Spark on the node is of the bundle's version."""
    found, expected = probe.facts["spark"], expected_spark()
    if found == expected:
        return ok(f"Spark {found}, as the bundle is made for")
    what = f"Spark is {found}" if found else "there is no Spark in SPARK_HOME_ON_NODES"
    return wrong(f"{what}, the bundle is made for {expected}", f"install Spark {expected} there, the same on all nodes")


@_each
def s3a_jars(probe: Probe) -> Finding:
    """Spark reads S3 with the jars of infra/spark/s3a, of its own Hadoop's version."""
    found, hadoop = probe.facts["hadoop_aws"], probe.facts["hadoop"]
    if found and found == hadoop:
        return ok(f"hadoop-aws {found}")
    what = f"hadoop-aws {found} lies beside Hadoop {hadoop}" if found else "Spark has no hadoop-aws jar"
    return wrong(f"{what}: S3 cannot be read", "bring the jars of infra/spark/s3a into Spark's jars/ on the node")


@_each
def java(probe: Probe) -> Finding:
    """Java 17."""
    found = re.search(r'version "(\d+)', probe.facts["java"])
    if found and int(found[1]) == _JAVA:
        return ok(f"Java {_JAVA}")
    what = f"Java is {found[1]}" if found else f"there is no Java ({probe.facts['java'] or 'no answer'})"
    return wrong(f"{what}, expected {_JAVA}", f"install Java {_JAVA} there, or set JAVA_HOME in spark-env.sh")


def expected_python() -> str:
    """The oldest Python that runs the package, such as ``3.11``."""
    if match := re.search(r">=\s*(\d+\.\d+)", metadata("pothole-pipeline")["Requires-Python"] or ""):
        return match[1]
    raise LookupError("the package names no version of Python")


@_each
def python(probe: Probe) -> Finding:
    """The Python that spark-env.sh names runs the stages (3.11 or later); curl for asking Spark's master."""
    facts, expected = probe.facts, expected_python()
    for variable, name in (("PYSPARK_PYTHON", "python"), ("PYSPARK_DRIVER_PYTHON", "driver")):
        found = facts[f"{name}_version"]
        if not found or _release(found) < _release(expected):
            what = f"is Python {found}" if found else "does not run"
            return wrong(
                f"{facts[name]} ({variable} in {facts['env_file']}) {what}, expected Python {expected} or later",
                f"on the node: `sudo dnf install -y python{expected}`, then "
                f"`echo 'export {variable}=/usr/bin/python{expected}' | sudo tee -a {facts['env_file']}`",
            )
    if not facts["curl"]:
        return wrong("there is no curl", "install curl there")
    return ok(f"Python {facts['python_version']} ({facts['python']}), curl")


def _release(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


@_each
def clock(probe: Probe) -> Finding:
    """The node's clock is this machine's: S3 refuses what is signed with another, and leases end too early."""
    skew = probe.skew_seconds
    if skew <= _SKEW_SECONDS:
        return ok("the clock is this machine's")
    told, fix = f"the clock is {skew:.0f} s from this machine's", "on the node: `sudo chronyc makestep`"
    return wrong(told, fix) if skew > _FAR_SECONDS else warning(told, fix)


@_each
def lease_timer(probe: Probe) -> Finding:
    """The dead man's switch, which stops the node when Airflow is dead."""
    if probe.facts["lease"] == "active":
        return ok("pothole-lease.timer is active")
    return wrong(
        f"pothole-lease.timer is {probe.facts['lease'] or 'not there'}: a run may find no place for its lease and stop "
        "the machines again, and the node would run on if Airflow died",
        "install infra/spark/pothole-lease.* (docs/cluster.md), then `sudo systemctl enable --now pothole-lease.timer`",
    )
