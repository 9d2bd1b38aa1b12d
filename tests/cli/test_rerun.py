"""``pothole rerun``: a task and what comes after it, again."""

from __future__ import annotations

DAY = "2026-02-12"


def test_a_task_and_all_after_it(run, airflow_api_server):
    server = airflow_api_server
    server.tasks = dict.fromkeys(("lease", "run_stage1", "run_stage2", "verdict"), "success")
    server.add("x", "failed", logical_date=None, run_after="2026-03-01T00:00:00Z", conf={"date": DAY})
    server.ends["x"] = "success"
    done = run("rerun", "--from", "run_stage2", DAY, "--wait")
    assert done.status == 0
    assert f"{DAY} runs again from run_stage2: run x (was failed); again: run_stage2, verdict" in done.text
    assert "run x: success" in done.text
    server.ends["x"] = "failed"
    assert run("rerun", "--from", "run_stage2", DAY, "--wait").status == 1
    assert run("rerun", "--from", "run_stage2", DAY).status == 0


def test_a_check_runs_again_with_the_stage_whose_result_it_looks_for(run, airflow_api_server):
    server = airflow_api_server
    server.tasks = dict.fromkeys(("lease", "run_stage1", "check_s3_stage1_out", "run_stage2", "verdict"), "success")
    server.add("x", "failed", logical_date=None, run_after="2026-03-01T00:00:00Z", conf={"date": DAY})
    done = run("rerun", "--from", "check_s3_stage1_out", DAY)
    assert done.status == 0
    assert "check_s3_stage1_out looks for what this very run has published: it begins with run_stage1" in done.text
    assert f"{DAY} runs again from run_stage1: run x (was failed); again: run_stage1, check_s3_stage1_out" in done.text


def test_what_cannot_run_again(run, airflow_api_server):
    server = airflow_api_server
    done = run("rerun", "--from", "run_stage1", DAY)
    assert (done.status, f"there is no run of {DAY}" in done.text, "pothole trigger" in done.text) == (2, True, True)
    server.add("x", "running", logical_date=None, run_after="2026-03-01T00:00:00Z", conf={"date": DAY})
    done = run("rerun", "--from", "run_stage1", DAY)
    assert (done.status, "is running already" in done.text, "--watch" in done.text) == (2, True, True)
    done = run("rerun", "--from", "run_stage_1", DAY)
    assert (done.status, "did you mean run_stage1? the tasks are lease, run_stage1" in done.text) == (2, True)
    server.runs["x"]["state"], server.paused = "success", True
    assert "is paused" in run("rerun", "--from", "run_stage1", DAY).text
    assert server.posted("/clearTaskInstances") == 0
