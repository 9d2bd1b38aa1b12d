"""The dead man's switch: nodes shut themselves down unless the run renews their lease (`infra/spark`)."""

from __future__ import annotations

from collections.abc import Sequence

from pothole.cloud import ssh
from pothole.cloud.say import Say
from pothole.cloud.ssh import Host
from pothole.errors import PipelineFailure, PotholeError

#: A node without infra/spark/pothole-lease.conf has the lease's folder only when its timer has looked, a minute after
#: boot.
_FOLDER_SECONDS = 90
_RENEW = """
file=${{POTHOLE_LEASE_FILE:-/run/pothole/lease}}
folder=$(dirname "$file") waited=0
until mkdir -p "$folder" 2>/dev/null && [ -w "$folder" ] || [ $waited -ge {wait} ]; do
  sleep 1
  waited=$((waited + 1))
done
mkdir -p "$folder" && echo $(( $(date +%s) + {seconds} )) > "$file.new" && mv -f "$file.new" "$file"
"""


def begin(hosts: Sequence[Host], minutes: float, say: Say) -> None:
    """Give nodes that have just booted their first lease. PipelineFailure when one does not take it.

    A node that cannot be reached is said, as by ``renew``.
    """
    for host in hosts:
        try:
            _give(host, minutes, wait_seconds=_FOLDER_SECONDS)
        except ssh.UnreachableError as error:
            _say_failed(host, error, say)
        except PipelineFailure as error:
            raise PipelineFailure(
                error.message,
                hint="is infra/spark/pothole-lease.* installed there? `pothole doctor` looks at its timer",
            ) from None


def renew(hosts: Sequence[Host], minutes: float, say: Say) -> None:
    """Let every node live for so many minutes from now, by its own clock.

    What fails is said: the lease before has room for several renewals, and a stage at work is worth more than one.
    """
    for host in hosts:
        try:
            _give(host, minutes, wait_seconds=0)
        except PotholeError as error:
            _say_failed(host, error, say)


def _give(host: Host, minutes: float, *, wait_seconds: int) -> None:
    command = _RENEW.format(seconds=int(minutes * 60), wait=wait_seconds)
    ssh.run(host, command, what="renewing the lease", timeout_seconds=wait_seconds + 30)


def _say_failed(host: Host, error: PotholeError, say: Say) -> None:
    say(f"the lease of {host.private_ip} could not be renewed: {error.message}")
