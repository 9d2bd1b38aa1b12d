"""Every planted fault is found: by itself, and all at the same time."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from pothole.doctor import CHECKS
from tests.doctor.faults import ALONE, TOGETHER, Fault

pytestmark = pytest.mark.slow


def found(rows, fault: Fault) -> bool:
    return any(
        (check, status) == (fault.check, fault.status) and fault.words in told and fault.fix in fix
        for check, status, told, fix in rows
    )


@pytest.mark.parametrize("name", [*TOGETHER, *ALONE])
def test_one_by_one(doctor, place, name):
    fault = (TOGETHER | ALONE)[name]
    with fault.plant(place):
        status, rows = doctor("--only", fault.check)
    assert found(rows, fault), rows
    assert status == (0 if fault.status == "warning" else 1), rows
    assert all(row[3] for row in rows if row[1] in ("wrong", "warning")), "each says what mends it"
    assert not any("secret" in row[2] + row[3] or "the check itself" in row[2] for row in rows)


def test_all_together(doctor, place):
    with ExitStack() as planted:
        for fault in TOGETHER.values():
            planted.enter_context(fault.plant(place))
        status, rows = doctor()
    missed = [name for name, fault in TOGETHER.items() if not found(rows, fault)]
    assert missed == [], [row for row in rows if row[0] in {TOGETHER[name].check for name in missed}]
    assert status == 1 and len(TOGETHER) >= 15


def test_an_airflow_that_is_away_is_told_once(doctor, place):
    with ALONE["Airflow is not there"].plant(place):
        _, rows = doctor("--only", "airflow-services", "--only", "connection")
    assert [row[:2] for row in rows] == [
        ("airflow-services", "wrong"), ("airflow-login", "not checked"), ("connection", "not checked"),
    ]  # fmt: skip


def test_after_them_everything_is_in_order_again(doctor):
    assert doctor()[0] == 0


def test_what_rests_on_a_fault_is_not_checked_and_says_why(doctor, place):
    with ALONE["the credentials are refused"].plant(place):
        status, rows = doctor()
    by_name = {row[0]: row for row in rows}
    assert (status, by_name["aws-credentials"][1]) == (1, "wrong")
    resting = [check.name for check in CHECKS if {"aws-credentials", "instances"} & set(check.needs)]
    assert len(resting) > 10
    assert all(by_name[name][1] == "not checked" and "is not in order" in by_name[name][2] for name in resting)
    assert by_name["configuration"][1] == by_name["dag"][1] == "ok", "what does not rest on it is looked at"
