"""How checks are made: in order, within a deadline, none on top of one that went wrong; and EC2's rules as ports."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import pytest

from pothole.doctor import Check, Context, Finding, Status, examine, network
from pothole.doctor.findings import ok, warning, wrong
from pothole.errors import PipelineFailure, UserError

NOTHING = Context({}, "2026-02-12")


def made(*checks: Check, only: tuple[str, ...] = ()) -> dict[str, list[Finding]]:
    return dict(examine(NOTHING, only, checks))


def raising(error: Exception):
    def find(context):
        raise error

    return find


def test_one_that_hangs_is_left_behind():
    over, ended = threading.Event(), []
    hangs = Check("slow", lambda c: (over.wait(60) and []) or ended.append(c) or [], deadline_seconds=0.1)
    found = made(hangs, Check("next", lambda c: [ok("x")]))
    assert ended == [], "nobody has waited for its end"
    over.set()
    assert (found["slow"][0].status, "no answer within" in found["slow"][0].found) == (Status.WRONG, True)
    assert found["next"] == [ok("x")]


def test_expected_errors_keep_their_hint_and_others_do_not_end_the_command():
    found = made(
        Check("a", raising(PipelineFailure("no bucket", hint="set it"))), Check("b", raising(KeyError("x"))),
    )  # fmt: skip
    assert found["a"] == [wrong("no bucket", "set it")]
    assert found["b"][0].found == "the check itself failed: KeyError: 'x'"


def test_what_rests_on_another_is_made_only_if_that_is_right():
    checks = (
        Check("a", lambda c: [wrong("x", "y")]), Check("b", raising(KeyError("never")), ("a",)),
        Check("c", raising(KeyError("never")), ("b",)), Check("d", lambda c: [warning("x", "y")]),
        Check("e", lambda c: [ok("z")], ("d",)),
    )  # fmt: skip
    found = made(*checks)
    assert [found[name][0].status.value for name in "abcde"] == ["wrong", "not checked", "not checked", "warning", "ok"]
    assert found["c"][0].found == "b is not in order"
    assert set(made(*checks, only=("e",))) == {"e"}, "what it needs is silent while it is right"
    assert set(made(*checks, only=("c",))) == {"a", "b", "c"}
    with pytest.raises(UserError, match="there is no check 'f'"):
        made(*checks, only=("f",))


def rule(protocol: str = "tcp", low: int = 0, high: int = 65535, **who) -> dict:
    ports = {} if protocol == "-1" else {"FromPort": low, "ToPort": high}
    return {"IpProtocol": protocol} | ports | who


ITSELF = {"UserIdGroupPairs": [{"GroupId": "sg-1"}]}


@pytest.mark.parametrize(
    ("rules", "fine"),
    [
        ([rule(**ITSELF)], True),
        ([rule("-1", **ITSELF)], True),
        ([rule(low=1, high=7076, **ITSELF), rule(low=7000, high=65535, **ITSELF)], True),
        ([rule(low=1, high=7076, **ITSELF), rule(low=7078, high=65535, **ITSELF)], False),
        ([rule(IpRanges=[{"CidrIp": "10.0.0.0/8"}])], True),
        ([rule(IpRanges=[{"CidrIp": "10.1.0.0/16"}])], False),
        ([rule("udp", **ITSELF)], False),
        ([rule(UserIdGroupPairs=[{"GroupId": "sg-2"}])], False),
        ([], False),
    ],
)
def test_rules_that_let_the_nodes_talk(rules, fine):
    nodes = {f"i-{n}": {"SecurityGroups": [{"GroupId": "sg-1"}], "PrivateIpAddress": f"10.0.0.{n}"} for n in (1, 2)}
    context = SimpleNamespace(instances=nodes, groups={"sg-1": {"IpPermissions": rules}})
    (finding,) = network.talks_to_itself(context)
    assert (finding.status is Status.OK) is fine, finding
