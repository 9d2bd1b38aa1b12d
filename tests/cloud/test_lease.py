"""The dead man's switch: a node that nobody renews shuts itself down."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pothole.cloud import lease, ssh
from pothole.errors import PipelineFailure
from tests import needs

pytestmark = pytest.mark.slow

SPARK = Path(__file__).parents[2] / "infra" / "spark"
SCRIPT = SPARK / "pothole-lease.sh"


def twenty_minutes(expiry: str, before: float) -> bool:
    """Is that the end of a lease that was taken since then?"""
    return int(before) + 1200 <= int(expiry) <= time.time() + 1200


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
    before = time.time()
    lease.renew(hosts, 20, said.append)
    for node in cluster.nodes:
        assert twenty_minutes((node.home / "lease").read_text(), before)
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


@pytest.fixture
def as_root(cluster) -> Iterator[Callable[[str], str]]:
    """The master has just booted: its /run is root's and empty, and it is logged into as somebody else.

    What runs a command there as root. /run is the master's own, so that the lease is where it is in production.
    """
    needs.programs_of_the_system("nsenter", "setpriv", "unshare")
    needs.allowed(os.geteuid() == 0, "only root can give a node a /run of its own")
    made = subprocess.run(["unshare", "--mount", "true"], capture_output=True, text=True, check=False)
    needs.allowed(made.returncode == 0, f"no mounts of its own can be made here: {made.stderr}")
    place = subprocess.Popen(["unshare", "--mount", "sleep", "600"])
    within = ("nsenter", "-t", str(place.pid), "--mount")
    cluster.master.shell = (*within, "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "bash", "-c")
    cluster.master.environment.pop("POTHOLE_LEASE_FILE")

    def run(command: str) -> str:
        return subprocess.run([*within, "bash", "-c", command], capture_output=True, text=True, check=True).stdout

    try:
        while os.readlink(f"/proc/{place.pid}/ns/mnt") == os.readlink("/proc/self/ns/mnt"):
            time.sleep(0.01)
        run("mount -t tmpfs -o mode=755 tmpfs /run && cd /")
        yield run
    finally:
        place.kill()
        place.wait(10)


def made_at_boot(as_root: Callable[[str], str]) -> None:
    """What systemd does with the installed file before anybody can log in."""
    needs.programs_of_the_system("systemd-tmpfiles")
    as_root(f"systemd-tmpfiles --create {SPARK}/pothole-lease.conf")


def test_a_node_that_has_just_booted_takes_its_first_lease(as_root, hosts, said):
    made_at_boot(as_root)
    before = time.time()
    lease.begin(hosts[:1], 20, said.append)
    assert twenty_minutes(as_root("cat /run/pothole/lease"), before)
    assert as_root("stat -c %u /run/pothole/lease") == "65534\n"


def test_a_node_without_that_file_takes_it_when_its_timer_has_looked(as_root, hosts, said):
    looks = f"(sleep 3; POTHOLE_SHUTDOWN=true sh {SCRIPT}) > /dev/null 2>&1 &"
    as_root(looks)
    before = time.time()
    lease.begin(hosts[:1], 20, said.append)
    assert twenty_minutes(as_root("cat /run/pothole/lease"), before)


def test_a_node_that_never_takes_it_is_not_used(as_root, hosts, said, monkeypatch):
    monkeypatch.setattr(lease, "_FOLDER_SECONDS", 1)
    with pytest.raises(PipelineFailure, match=r"renewing the lease on .* Permission denied") as told:
        lease.begin(hosts[:1], 20, said.append)
    assert "pothole-lease.*" in str(told.value.hint)


def test_in_mid_stage_that_is_said(as_root, hosts, said):
    lease.renew(hosts, 20, said.append)
    assert [line for line in said if "could not be renewed" in line and "Permission denied" in line] == said
    assert len(said) == 1, "the workers have theirs"


def test_a_lease_that_root_has_set_stops_no_run(as_root, hosts, said):
    made_at_boot(as_root)
    as_root("echo 1 > /run/pothole/lease")
    before = time.time()
    lease.renew(hosts[:1], 20, said.append)
    assert twenty_minutes(as_root("cat /run/pothole/lease"), before) and said == []


def test_the_timer_makes_such_a_folder_too(as_root, hosts, said):
    as_root(f"POTHOLE_SHUTDOWN=true sh {SCRIPT} && echo 1 > /run/pothole/lease")
    before = time.time()
    lease.renew(hosts[:1], 20, said.append)
    assert twenty_minutes(as_root("cat /run/pothole/lease"), before) and said == []


def test_a_node_out_of_reach_does_not_stop_the_others(cluster, hosts, said):
    cluster.master.down()
    lease.renew(hosts, 20, said.append)
    assert (cluster.nodes[1].home / "lease").exists()
    assert any("could not be renewed" in line for line in said)
