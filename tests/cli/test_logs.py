"""``pothole logs``: a task's lines through Airflow. Spark's from the nodes: tests/cloud/test_spark_logs.py."""

from __future__ import annotations

import pytest

DAY = "2026-02-12"


@pytest.fixture
def server(airflow_api_server):
    server = airflow_api_server
    server.tasks["run_stage1"] = "failed"
    server.details["run_stage1"] = {"try_number": 2}
    server.logs = {("run_stage1", 1): ["first", "ERROR away"], ("run_stage1", 2): ["again", "done"]}
    server.add("x", "failed", logical_date=None, run_after="2026-03-01T00:00:00Z", conf={"date": DAY})
    return server


def lines(text: str) -> list[str]:
    return [line.removeprefix("01:02:03 ") for line in text.splitlines()]


def test_the_last_try_or_the_one_asked_for(run, server):
    done = run("logs", "run_stage1", DAY)
    assert (done.status, lines(done.out)) == (0, ["again", "done"])
    assert lines(run("logs", "run_stage1", DAY, "--try", "1").out) == ["first", "ERROR away"]
    done = run("logs", "run_stage1", DAY, "--try", "3")
    assert (done.status, "had no try 3: it is failed after 2 tries" in done.text) == (2, True)


def test_following_a_task_through_its_tries(run, server):
    """Before it begins, while it runs, between two tries, to its end; no line twice."""
    server.tasks["run_stage1"], server.details["run_stage1"], server.logs = None, {"try_number": 0}, {}
    log = ("run_stage1", 1)
    steps = iter(
        [
            lambda: None,
            lambda: server.tasks.update(run_stage1="queued") or server.details["run_stage1"].update(try_number=1),
            lambda: None,
            lambda: server.tasks.update(run_stage1="running") or server.logs.update({log: ["one"]}),
            lambda: server.logs[log].append("two"),
            lambda: server.logs[log].append("three") or server.tasks.update(run_stage1="up_for_retry"),
            lambda: None,
            lambda: server.tasks.update(run_stage1="queued") or server.details["run_stage1"].update(try_number=2),
            lambda: server.tasks.update(run_stage1="running") or server.logs.update({("run_stage1", 2): ["four"]}),
            lambda: server.logs["run_stage1", 2].append("five") or server.tasks.update(run_stage1="success"),
        ]
    )

    def look(method: str, path: str) -> None:
        if path.endswith("/taskInstances/run_stage1"):
            next(steps, lambda: None)()
            server.broken = [(503, b"busy")] if "four" in str(server.logs) and not broken else []
            broken.extend(server.broken)

    broken: list[tuple[int, object]] = []
    server.seen = look
    done = run("logs", "run_stage1", DAY, "--follow")
    assert (done.status, lines(done.out)) == (0, ["one", "two", "three", "four", "five"])
    assert broken, "the API was away once"


def test_what_has_no_log(run, server):
    server.tasks["verdict"] = None
    done = run("logs", "verdict", DAY)
    assert (done.status, "verdict of run x has not begun: it is waiting after 0 tries" in done.text) == (2, True)
    done = run("logs", "run_stage_1", DAY)
    assert (done.status, "did you mean run_stage1?" in done.text) == (2, True)
    done = run("logs", "run_stage1", "2026-02-10")
    assert (done.status, "there is no run of 2026-02-10" in done.text) == (2, True)


def test_spark_goes_with_a_stage_on_machines_that_are_known(run, server, operator, monkeypatch):
    done = run("logs", "stop_spark", DAY, "--spark")
    assert (done.status, "stop_spark runs nothing on Spark" in done.text) == (2, True)
    assert "exclude each other" in run("logs", "run_stage1", DAY, "--spark", "--try", "1").text
    monkeypatch.delenv("MASTER_INSTANCE_ID")
    done = run("logs", "run_stage1", DAY, "--spark")
    assert (done.status, "MASTER_INSTANCE_ID is not set" in done.text) == (2, True)
