"""Whether the nodes reach each other on every TCP port, and who else reaches them."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import Any

from pothole.doctor.context import Context
from pothole.doctor.findings import Finding, ok, warning, wrong

_EVERYBODY = ("0.0.0.0/0", "::/0")
_ALL = (1, 65535)


def one_network(context: Context) -> Iterator[Finding]:
    """All instances are of one VPC, where private addresses reach each other."""
    vpcs: dict[str, list[str]] = {}
    for instance_id, about in context.instances.items():
        vpcs.setdefault(str(about.get("VpcId")), []).append(instance_id)
    if len(vpcs) == 1:
        yield ok(f"all in {next(iter(vpcs))}")
        return
    told = "; ".join(f"{vpc}: {', '.join(ids)}" for vpc, ids in vpcs.items())
    yield wrong(
        f"the instances are of {len(vpcs)} networks ({told})", "make those of the other network anew in this one"
    )


def talks_to_itself(context: Context) -> Iterator[Finding]:
    """Drivers and executors meet on ports of every number: each node must let in every other on all TCP ports."""
    nodes, blocked = context.instances, dict[tuple[str, str], str]()
    for name, target in nodes.items():
        for other, source in nodes.items():
            if other == name:
                continue
            ports = _merged(_let_in(context, target, source))
            if ports != [_ALL]:
                groups = (_first_group(target), _first_group(source))
                blocked.setdefault(groups, f"{name} lets in {other} on {_listed(ports)} alone")
    for (target_group, source_group), what in blocked.items():
        yield wrong(
            f"{what}: executors end with `Failed to connect to ...<port>`, or none comes at all",
            f"aws ec2 authorize-security-group-ingress --group-id {target_group} --protocol tcp --port 0-65535 "
            f"--source-group {source_group}",
        )
    if not blocked:
        yield ok(f"the nodes reach each other on all TCP ports ({', '.join(context.groups)})")


def _let_in(context: Context, target: dict[str, Any], source: dict[str, Any]) -> Iterator[tuple[int, int]]:
    """TCP ports on which a node takes connections of another."""
    theirs = {group["GroupId"] for group in source.get("SecurityGroups", [])}
    address = ipaddress.ip_address(source.get("PrivateIpAddress", "0.0.0.0"))  # noqa: S104 -- none is bound
    for group in target.get("SecurityGroups", []):
        for rule in context.groups[group["GroupId"]].get("IpPermissions", []):
            by_group = any(pair.get("GroupId") in theirs for pair in rule.get("UserIdGroupPairs", []))
            by_range = any(address in ipaddress.ip_network(r["CidrIp"], strict=False) for r in rule.get("IpRanges", []))
            if rule["IpProtocol"] in ("-1", "tcp", "6") and (by_group or by_range):
                yield _ports(rule)


def _ports(rule: dict[str, Any]) -> tuple[int, int]:
    if rule["IpProtocol"] == "-1":
        return _ALL
    return max(1, int(rule.get("FromPort", 0))), int(rule.get("ToPort", 65535))


def _merged(ranges: Iterator[tuple[int, int]]) -> list[tuple[int, int]]:
    """Ranges that overlap or touch as one."""
    merged: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if merged and low <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(high, merged[-1][1]))
        else:
            merged.append((low, high))
    return merged


def _listed(ports: list[tuple[int, int]]) -> str:
    return "TCP " + ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in ports) if ports else "no TCP port"


def _first_group(instance: dict[str, Any]) -> str:
    return next((str(group["GroupId"]) for group in instance.get("SecurityGroups", [])), "sg-...")


def open_to_everybody(context: Context) -> Iterator[Finding]:
    """A warning for each port that the whole internet may call."""
    found = [warning(*told) for group in context.groups.values() for told in _open(group)]
    yield from found or [ok("no port is open to 0.0.0.0/0")]


def _open(group: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for rule in group.get("IpPermissions", []):
        ranges = [r["CidrIp"] for r in rule.get("IpRanges", [])] + [r["CidrIpv6"] for r in rule.get("Ipv6Ranges", [])]
        for cidr in (r for r in ranges if r in _EVERYBODY):
            low, high = _ports(rule)
            ports, protocol = (str(low) if low == high else f"{low}-{high}"), rule["IpProtocol"]
            what = "all traffic" if protocol == "-1" else f"{protocol} {ports}"
            yield (
                f"{group['GroupId']} is open to {cidr} on {what}",
                f"aws ec2 revoke-security-group-ingress --group-id {group['GroupId']} "
                + _permission(protocol, ports, cidr),
            )


def _permission(protocol: str, ports: str, cidr: str) -> str:
    if ":" not in cidr:
        return f"--protocol {protocol} --port {ports} --cidr {cidr}"
    low, _, high = ports.partition("-")
    return (
        f"--ip-permissions IpProtocol={protocol},FromPort={low},ToPort={high or low},Ipv6Ranges=[{{CidrIpv6={cidr}}}]"
    )
