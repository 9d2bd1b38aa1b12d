"""The cluster's machines: all there, and at the addresses that the settings say."""

from __future__ import annotations

from collections.abc import Iterator

from pothole.doctor.context import Context
from pothole.doctor.findings import Finding, ok, wrong

_USABLE = ("stopped", "stopping", "pending", "running")


def there(context: Context) -> Iterator[Finding]:
    """Every instance exists and can be started."""
    settings, found = context.settings, context.instances
    missing = [i for i in settings.instance_ids if i not in found]
    if missing:
        yield wrong(
            f"there is no instance {', '.join(missing)} in {settings.region}",
            "set MASTER_INSTANCE_ID, WORKERn_INSTANCE_ID and AWS_REGION to those of the cluster",
        )
    states = {i: str(about["State"]["Name"]) for i, about in found.items()}
    for instance_id, state in states.items():
        if state not in _USABLE:
            yield wrong(f"{instance_id} is {state}: it cannot be started again", "make a new one and set its id")
    if not missing and set(states.values()) <= set(_USABLE):
        yield ok(", ".join(f"{i} {state}" for i, state in states.items()))


def addresses(context: Context) -> Iterator[Finding]:
    """The master's private address is the one that workers are told."""
    settings = context.settings
    found = context.instances[settings.master_id].get("PrivateIpAddress")
    if found != settings.master_ip:
        yield wrong(
            f"MASTER_PRIVATE_IP is {settings.master_ip}, but {settings.master_id} has {found}",
            f"set MASTER_PRIVATE_IP={found} for Airflow's services and here",
        )
    else:
        yield ok(f"the master is {found}")
