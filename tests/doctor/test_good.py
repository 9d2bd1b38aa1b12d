"""A set-up that is in order, and one whose machines are off, as they are most of the day."""

from __future__ import annotations

import pytest

from pothole.doctor import CHECKS
from tests.doctor.faults import stage_file
from tests.infra.roles import beyond
from tests.servers.site import DAY

pytestmark = pytest.mark.slow


def test_everything_is_in_order(doctor, place):
    status, rows = doctor()
    assert [row for row in rows if row[1] != "ok"] == []
    assert (status, [row[0] for row in rows]) == (0, [check.name for check in CHECKS])
    assert not any(row[3] for row in rows), "nothing to mend"


def test_as_a_table(run, place, monkeypatch):
    for name, value in place.environ.items():
        monkeypatch.setenv(name, value)
    done = run("doctor", DAY, "--root", str(place.root), "--only", "worker-port", "--only", "input")
    assert done.status == 0
    assert "SPARK_WORKER_PORT is 7078" in done.text and f"{DAY}: 1 files" in done.text
    assert "2 ok" in done.text and "java" not in done.text


def test_machines_that_are_off_are_left_off(doctor, place):
    ec2 = place.client("ec2")
    ec2.stop_instances(InstanceIds=place.cluster.instance_ids)
    try:
        status, rows = doctor()
        assert place.cluster.states() == ["stopped"] * 3
    finally:
        ec2.start_instances(InstanceIds=place.cluster.instance_ids)
    found = {row[0]: row for row in rows}
    assert status == 0, [row for row in rows if row[1] == "wrong"]
    for name in ("ssh", "worker-port", "disk", "spark-version", "java", "clock", "connection"):
        assert found[name][1] == "not checked" and "is stopped" in found[name][2], found[name]
    assert found["security-group"][1] == "ok"


def test_airflows_own_role_suffices(doctor, place):
    place.gate.role = beyond("AirflowRole")
    try:
        status, rows = doctor()
        refused = sorted(place.gate.forbidden)
    finally:
        place.gate.role = None
        place.gate.forbidden.clear()
    assert (status, [row[:2] for row in rows if row[1] != "ok"]) == (0, [("s3-permissions", "warning")])
    assert all(what.startswith("s3:PutObject spark-job-code/.doctor-") for what in refused), refused


def test_mistakes_in_the_command(run, place):
    done = run("doctor", DAY, "--only", "weather")
    assert (done.status, "there is no check 'weather'" in done.text, "security-group" in done.text) == (2, True, True)
    assert run("doctor", "2999-01-01").status == 2


def test_every_check_says_what_it_is_for_and_has_a_deadline():
    assert all(check.find.__doc__ and check.deadline_seconds <= 120 for check in CHECKS)
    assert len({check.name for check in CHECKS}) == len(CHECKS)
    earlier: set[str] = set()
    for check in CHECKS:
        assert set(check.needs) <= earlier, f"{check.name} comes before what it needs"
        earlier.add(check.name)


def test_a_lake_given_as_s3_or_s3a_is_the_same(doctor, place):
    for scheme in ("s3", "s3a"):
        written = f"lake: {scheme}://{place.bucket}/"
        with stage_file("stage1/config_stage1.yaml", lambda t, w=written: t.replace("lake: null", w))(place):
            status, rows = doctor("--only", "configuration")
        assert (status, rows[0][1], f"s3a://{place.bucket} for every stage" in rows[0][2]) == (0, "ok", True), rows
