"""The dead man's switch: nodes shut themselves down unless the run renews their lease (`infra/spark`)."""

from __future__ import annotations

from collections.abc import Sequence

from pothole.cloud import ssh
from pothole.cloud.ssh import Host, Say

_RENEW = """
file=${{POTHOLE_LEASE_FILE:-/run/pothole/lease}}
mkdir -p "$(dirname "$file")" && echo $(( $(date +%s) + {seconds} )) > "$file.new" && mv "$file.new" "$file"
"""


def renew(hosts: Sequence[Host], minutes: float, say: Say) -> None:
    """Let every node live for so many minutes from now, by its own clock. A node that cannot be reached is said."""
    for host in hosts:
        try:
            ssh.run(host, _RENEW.format(seconds=int(minutes * 60)), what="renewing the lease", timeout_seconds=30)
        except ssh.UnreachableError as error:
            say(f"the lease of {host.private_ip} could not be renewed: {error.message}")
