"""All checks in their order, and how they are made: each within its deadline, none on top of one that went wrong."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from pothole.doctor import airflow, code, connection, data, environment, instances, network, nodes, permissions
from pothole.doctor.context import Context
from pothole.doctor.findings import Finding, Status, not_checked, wrong
from pothole.errors import PotholeError, UserError


@dataclass(frozen=True)
class Check:
    """A check by the name that ``--only`` takes. ``needs`` are checks without which it could say nothing."""

    name: str
    find: Callable[[Context], Iterable[Finding]]
    needs: tuple[str, ...] = ()
    deadline_seconds: float = 45.0


CHECKS = (
    Check("environment", environment.complete),
    Check("environment-extras", environment.extras, ("environment",)),
    Check("airflow-services", airflow.services),
    Check("airflow-login", airflow.login),
    Check("dag", airflow.dag, ("airflow-login",)),
    Check("aws-credentials", permissions.credentials, ("environment",)),
    Check("ec2-permissions", permissions.ec2, ("aws-credentials",)),
    Check("s3-permissions", permissions.s3, ("aws-credentials",)),
    Check("instances", instances.there, ("aws-credentials",)),
    Check("addresses", instances.addresses, ("instances",)),
    Check("network", network.one_network, ("instances",)),
    Check("security-group", network.talks_to_itself, ("instances",)),
    Check("open-ports", network.open_to_everybody, ("instances",)),
    Check("connection", connection.registered, ("airflow-login", "environment")),
    Check("ssh", nodes.answers, ("instances",), deadline_seconds=120),
    Check("worker-port", nodes.worker_port, ("instances",), deadline_seconds=120),
    Check("disk", nodes.disk, ("instances",), deadline_seconds=120),
    Check("spark-version", nodes.spark_version, ("instances",), deadline_seconds=120),
    Check("s3a-jars", nodes.s3a_jars, ("instances",), deadline_seconds=120),
    Check("java", nodes.java, ("instances",), deadline_seconds=120),
    Check("python", nodes.python, ("instances",), deadline_seconds=120),
    Check("clock", nodes.clock, ("instances",), deadline_seconds=120),
    Check("lease-timer", nodes.lease_timer, ("instances",), deadline_seconds=120),
    Check("configuration", code.configuration, ("environment",)),
    Check("code", code.deployed, ("aws-credentials",)),
    Check("input", data.input_there, ("aws-credentials",)),
    Check("road-network", data.roads, ("aws-credentials",)),
    Check("previous-output", data.previous, ("aws-credentials",)),
)


def examine(
    context: Context, only: Sequence[str] = (), checks: Sequence[Check] = CHECKS
) -> Iterator[tuple[str, list[Finding]]]:
    """Names and findings as they come. With ``only``, those checks; what they need is told where it is not in order."""
    known = {check.name: check for check in checks}
    for name in only:
        if name not in known:
            raise UserError(f"there is no check {name!r}", hint=f"the checks are {', '.join(known)}")
    wanted = _with_needs(only, known) if only else set(known)
    bad: set[str] = set()
    for check in (c for c in checks if c.name in wanted):
        findings = _made(check, context, bad)
        if any(f.status is Status.WRONG for f in findings) or findings[0].status is Status.NOT_CHECKED:
            bad.add(check.name)
        if not only or check.name in only or check.name in bad:
            yield check.name, findings


def _with_needs(names: Iterable[str], known: dict[str, Check]) -> set[str]:
    found = set(names)
    return found | {need for name in found for need in _with_needs(known[name].needs, known)} if found else found


def _made(check: Check, context: Context, bad: set[str]) -> list[Finding]:
    missing = [need for need in check.needs if need in bad]
    if missing:
        return [not_checked(f"{', '.join(missing)} is not in order")]
    return _within(check.deadline_seconds, lambda: _found(check, context))


def _found(check: Check, context: Context) -> list[Finding]:
    try:
        return list(check.find(context))
    except PotholeError as error:
        return [wrong(error.message, error.hint or "mend it, then ask again")]
    except Exception as error:  # one check that breaks must not keep the others from being made
        said = " ".join(str(error).split())
        return [wrong(f"the check itself failed: {type(error).__name__}: {said}", "tell the developers of pothole")]


def _within(seconds: float, work: Callable[[], list[Finding]]) -> list[Finding]:
    """What ``work`` gives; it is left behind when it takes longer."""
    answer: list[Finding] = []
    thread = threading.Thread(target=lambda: answer.extend(work()), daemon=True)
    thread.start()
    thread.join(seconds)
    late = f"no answer within {seconds:.0f} s"
    return list(answer) or [wrong(late, "is the network there? then ask again, with --only for this check alone")]
