"""The dead man's switch: a node that nobody renews shuts itself down."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest

from pothole.cloud import lease, ssh

SCRIPT = Path(__file__).parents[2] / "infra" / "spark" / "pothole-lease.sh"


def check(home: Path, **environment: str) -> bool:
    """Run what the timer runs; whether it shut the node down."""
    own = {"POTHOLE_LEASE_FILE": str(home / "lease"), "POTHOLE_SHUTDOWN": f"touch {home}/down"}
    subprocess.run(["sh", str(SCRIPT)], env=os.environ | own | environment, check=True)
    return (home / "down").exists()


@pytest.fixture
def hosts(cluster, settings):
    ips = dict(zip(cluster.instance_ids, [n.ip for n in cluster.nodes], strict=True))
    master, workers = ssh.hosts(settings, ips)
    return [master, *workers]


def test_a_renewed_lease_keeps_every_node_up(cluster, hosts, said):
    lease.renew(hosts, 20, said.append)
    for node in cluster.nodes:
        expiry = int((node.home / "lease").read_text())
        assert expiry == pytest.approx(time.time() + 1200, abs=10)
        assert not check(node.home)


def test_an_expired_one_shuts_it_down(cluster, hosts, said):
    lease.renew(hosts, -1, said.append)
    assert check(cluster.master.home)


def test_without_any_there_is_a_grace_after_boot(tmp_path):
    uptime_minutes = float(Path("/proc/uptime").read_text().split()[0]) / 60
    assert not check(tmp_path, POTHOLE_LEASE_GRACE_MINUTES=str(int(uptime_minutes) + 5))
    assert check(tmp_path, POTHOLE_LEASE_GRACE_MINUTES="0")


def test_what_is_no_number_is_no_lease(tmp_path):
    (tmp_path / "lease").write_text("soon")
    assert check(tmp_path, POTHOLE_LEASE_GRACE_MINUTES="0")


def test_a_node_out_of_reach_does_not_stop_the_others(cluster, hosts, said):
    cluster.master.down()
    lease.renew(hosts, 20, said.append)
    assert (cluster.nodes[1].home / "lease").exists()
    assert any("could not be renewed" in line for line in said)
