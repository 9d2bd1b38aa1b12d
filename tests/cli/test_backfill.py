"""``pothole backfill``: in order, one at a time, going on where it was."""

from __future__ import annotations

import json

import pytest

DAYS = ["2026-02-10", "2026-02-11", "2026-02-12"]


@pytest.fixture
def server(airflow_api_server):
    airflow_api_server.ends = {f"batch__{day}": "success" for day in DAYS}
    return airflow_api_server


def started(server) -> list[str]:
    """What was asked to run, in order: new runs, and runs that run again."""
    return [call.rsplit("dagRuns", 1)[1] for call in server.calls if call.startswith("POST") and "dagRuns" in call]


def test_all_dates_in_order_and_none_twice(run, server):
    done = run("backfill", DAYS[0], DAYS[-1])
    assert (done.status, "3 run" in done.text) == (0, True)
    assert [r["conf"]["date"] for r in server.runs.values()] == DAYS
    done = run("backfill", DAYS[0], DAYS[-1])
    assert (done.status, "3 done before" in done.text, len(started(server))) == (0, True, 3)


def test_it_stops_at_a_date_that_fails_and_goes_on_there(run, server):
    server.ends["batch__2026-02-11"] = "failed"
    done = run("backfill", DAYS[0], DAYS[-1])
    assert (done.status, "2026-02-11 failed, 1 dates were not begun; 1 run, 1 failed" in done.text) == (1, True)
    assert list(server.runs) == ["batch__2026-02-10", "batch__2026-02-11"]
    server.ends["batch__2026-02-11"] = "success"
    done = run("backfill", DAYS[0], DAYS[-1], "--json")
    assert [(o["date"], o["what"]) for o in json.loads(done.out)] == list(
        zip(DAYS, ["skipped", "success", "success"], strict=True)
    )
    assert started(server) == ["", "", "/batch__2026-02-11/clear", ""], "the failed one again, the done one not"


def test_keep_going_and_force(run, server):
    server.ends["batch__2026-02-10"] = "failed"
    done = run("backfill", DAYS[0], DAYS[-1], "--keep-going")
    assert (done.status, "2 run, 1 failed" in done.text, len(server.runs)) == (1, True, 3)
    server.ends["batch__2026-02-10"] = "success"
    assert "3 run" in run("backfill", DAYS[0], DAYS[-1], "--force").text
    assert started(server)[3:] == [f"/batch__{day}/clear" for day in DAYS]


def test_a_date_that_is_running_is_waited_for(run, server):
    server.add("x", "running", logical_date=None, run_after="2026-03-01T00:00:00Z", conf={"date": DAYS[0]})
    looks = []

    def look(method: str, path: str) -> None:
        looks.append(path)
        if len(looks) > 8:
            server.runs["x"]["state"] = "success"

    server.seen = look
    done = run("backfill", DAYS[0], DAYS[0])
    assert (done.status, "is running already" in done.text, "1 run" in done.text) == (0, True, True)
    assert started(server) == []


def test_ctrl_c(run, server, monkeypatch):
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("pothole.cloud.backfill.trigger", interrupt)
    done = run("backfill", DAYS[0], DAYS[-1])
    assert (done.status, "goes on in Airflow" in done.text, "the same command" in done.text) == (1, True, True)


@pytest.mark.parametrize(
    ("first", "last", "words"),
    [
        ("2026-02-12", "2026-02-10", "`pothole backfill 2026-02-10 2026-02-12`"),
        ("2026-02-10", "2999-01-01", "has not ended"),
        ("2026-02-30", "2026-03-01", "'2026-02-30' is not a date"),
    ],
)
def test_ranges_that_are_refused(run, server, first, last, words):
    done = run("backfill", first, last)
    assert (done.status, words in done.text, server.calls) == (2, True, [])
