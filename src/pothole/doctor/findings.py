"""What a check finds: how it stands, what was seen, what mends it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    """``warning`` is worth a look and stops nothing; ``not checked`` says why in what was found."""

    OK = "ok"
    WARNING = "warning"
    WRONG = "wrong"
    NOT_CHECKED = "not checked"


@dataclass(frozen=True)
class Finding:
    """One line of the answer. ``fix`` is a command or a setting; empty where nothing is to be done."""

    status: Status
    found: str
    fix: str = ""


def ok(found: str) -> Finding:
    """As it should be."""
    return Finding(Status.OK, found)


def warning(found: str, fix: str) -> Finding:
    """A run would work."""
    return Finding(Status.WARNING, found, fix)


def wrong(found: str, fix: str) -> Finding:
    """A run would fail, or do something else than is wanted."""
    return Finding(Status.WRONG, found, fix)


def not_checked(why: str) -> Finding:
    """Could not be looked at."""
    return Finding(Status.NOT_CHECKED, why)


def gathered(by_node: Iterable[tuple[str, Finding]]) -> Iterator[Finding]:
    """One finding for all nodes that are alike, with their names in front."""
    alike: dict[Finding, list[str]] = {}
    for node, finding in by_node:
        alike.setdefault(finding, []).append(node)
    for finding, nodes in alike.items():
        yield Finding(finding.status, f"{', '.join(nodes)}: {finding.found}", finding.fix)


def differences(wanted: Mapping[str, object], found: Mapping[str, object]) -> list[str]:
    """``name is X, expected Y`` for every value that is another."""
    return [f"{name} is {found.get(name)}, expected {value}" for name, value in wanted.items() if found[name] != value]
