"""Machines: all started or none, all stopped whatever happens; against EC2's API over HTTP."""

from __future__ import annotations

import dataclasses

import pytest

from pothole.cloud import ec2
from pothole.errors import PipelineFailure
from tests.servers.nodes import client

pytestmark = pytest.mark.slow


def test_all_start_and_all_stop(cluster, settings, said):
    assert ec2.start(settings, said.append) == dict(
        zip(cluster.instance_ids, [n.ip for n in cluster.nodes], strict=True)
    )
    assert cluster.states() == ["running"] * 3
    ec2.start(settings, said.append)
    assert f"{cluster.instance_ids[0]} is running already" in said
    ec2.stop(settings, said.append)
    ec2.stop(settings, said.append)
    assert cluster.states() == ["stopped"] * 3


def test_if_one_cannot_start_the_others_are_stopped_and_it_is_named(cluster, settings, said):
    client("ec2", cluster.endpoint).terminate_instances(InstanceIds=cluster.instance_ids[2:])
    with pytest.raises(PipelineFailure, match=f"{cluster.instance_ids[2]} is terminated"):
        ec2.start(settings, said.append)
    assert cluster.states()[:2] == ["stopped", "stopped"]


def test_one_that_fails_half_way_stops_what_this_call_has_started(cluster, settings, said, monkeypatch):
    client("ec2", cluster.endpoint).start_instances(InstanceIds=cluster.instance_ids[:1])
    real = ec2._client

    def refusing(given):
        made = real(given)
        start = made.start_instances

        def start_instances(InstanceIds):
            if InstanceIds == cluster.instance_ids[2:]:
                raise PipelineFailure(f"cannot start {InstanceIds[0]}: InsufficientInstanceCapacity")
            return start(InstanceIds=InstanceIds)

        made.start_instances = start_instances
        return made

    monkeypatch.setattr(ec2, "_client", refusing)
    with pytest.raises(PipelineFailure, match="InsufficientInstanceCapacity"):
        ec2.start(settings, said.append)
    assert cluster.states() == ["running", "stopped", "stopped"], "what ran before is left as it was"


def test_the_others_are_stopped_where_one_does_not_exist(cluster, settings, said):
    ec2.start(settings, said.append)
    gone = "i-0123456789abcdef0"
    with pytest.raises(PipelineFailure, match=f"cannot stop {gone}: InvalidInstanceID"):
        ec2.stop(dataclasses.replace(settings, worker_ids=(gone, *settings.worker_ids)), said.append)
    assert cluster.states() == ["stopped"] * 3


@pytest.fixture
def lost(cluster, monkeypatch):
    """The second instance, terminated when it is started; as EC2 does (and moto does not) it cannot be stopped then."""
    real, lost = ec2._client, cluster.instance_ids[1]

    def as_ec2(given):
        made = real(given)
        start, stop = made.start_instances, made.stop_instances

        def start_instances(InstanceIds):
            start(InstanceIds=InstanceIds)
            if lost in InstanceIds:
                made.terminate_instances(InstanceIds=[lost])

        def stop_instances(InstanceIds):
            if lost in InstanceIds:
                raise PipelineFailure(f"cannot stop {lost}: IncorrectInstanceState")
            stop(InstanceIds=InstanceIds)

        made.start_instances, made.stop_instances = start_instances, stop_instances
        return made

    monkeypatch.setattr(ec2, "_client", as_ec2)
    return lost


def test_one_that_is_terminated_while_it_starts_does_not_leave_the_others_on(cluster, settings, said, lost):
    with pytest.raises(PipelineFailure, match=f"{lost} is terminated"):
        ec2.start(settings, said.append)
    assert cluster.states() == ["stopped", "terminated", "stopped"]


def test_one_that_is_terminated_is_off(cluster, settings, said, lost):
    with pytest.raises(PipelineFailure, match=f"{lost} is terminated"):
        ec2.start(settings, said.append)
    client("ec2", cluster.endpoint).start_instances(InstanceIds=[cluster.instance_ids[0], cluster.instance_ids[2]])
    ec2.stop(settings, said.append)
    assert cluster.states() == ["stopped", "terminated", "stopped"]
    assert f"{lost} is terminated" in said


def test_an_instance_that_does_not_exist_is_named(settings, said):
    odd = dataclasses.replace(settings, worker_ids=("i-0123456789abcdef0",))
    with pytest.raises(PipelineFailure, match=r"there is no instance i-0123456789abcdef0 in us-east-1"):
        ec2.start(odd, said.append)


def test_no_network_is_told_as_such(settings, said, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(PipelineFailure, match="cannot describe instances") as told:
        ec2.start(settings, said.append)
    assert "check the network" in str(told.value)
