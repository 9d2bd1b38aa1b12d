"""How a run ends, whatever goes wrong in it: the whole DAG in one process, with stand-ins for all that is outside."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.airflow.test_dag import DAGS, ENVIRONMENT, own_tasks, without_cluster
from tests.servers.messages import inbox
from tests.servers.migrated import migrated

pytestmark = [pytest.mark.slow, pytest.mark.airflow]
PRICE = {"INSTANCE_PRICE_PER_HOUR": "0.36", "RETRY_DELAY_SECONDS": "0.01"}
CASES = {
    "good": {},
    "stage 1 fails": {"follow stage1": "PipelineFailure: stage1 failed with exit status 1: ERROR <no> memory"},
    "a host key is wrong": {"begin stage1": "UserError: 10.0.0.5 shows another host key"},
    "stage 2 publishes nothing": {"output stage2": "NoDataError: this run has published nothing"},
    "S3 does not tell what stage 2 has published": {"output stage2": "LakeError: cannot read: no network"},
    "no data": {"input": "NoDataError: no raw data"},
    "an instance cannot start": {"start": "PipelineFailure: i-1 is terminated"},
    "a node does not answer": {"answers": "PipelineFailure: 10.0.0.6 took no command"},
    "the first lease is refused": {"first lease": "PipelineFailure: 10.0.0.6: Permission denied"},
    "Spark does not come up": {"start_spark": "PipelineFailure: 10.0.0.6 is missing"},
    "Spark does not stop": {"stop_spark": "PipelineFailure: it will not"},
    "an instance does not stop": {"stop": "PipelineFailure: cannot stop i-1"},
    "EC2 does not tell of an instance": {"describe": "PipelineFailure: there is no instance i-2"},
    "the record cannot be kept": {"record": "access denied"},
}


BASTION = {"conn_type": "ssh", "host": "bastion", "login": "crew", "extra": {"private_key": "KEY"}}
CONNECTIONS = {
    "no connection": {"AIRFLOW_CONN_SPARK_MASTER": ""},
    "a connection": {"AIRFLOW_CONN_SPARK_MASTER": json.dumps(BASTION), "SPARK_SSH_KEY_FILE": "/nowhere"},
}


@dataclass(frozen=True)
class Played:
    """What every case has come to, and the messages that were sent in its course."""

    cases: dict[str, dict]
    slack: list[str]
    mail: list[str]

    def of(self, day: str, where: list[str]) -> list[str]:
        return [text for text in where if day in text]


def day(name: str) -> str:
    return f"2026-01-{1 + list(CASES).index(name):02}"


def play(home: Path, dags: Path, cases: list[dict], environment: Mapping[str, str]) -> list[dict]:
    """Runs of the DAG in a folder, each with its plan."""
    own = {
        "AIRFLOW_HOME": str(home), "AIRFLOW__CORE__LOAD_EXAMPLES": "False", "AIRFLOW__CORE__DAGS_FOLDER": str(dags),
        "PYTHONWARNINGS": "ignore",
        "AIRFLOW_CONN_SPARK_MASTER": json.dumps({"conn_type": "ssh", "host": "10.0.0.5", "login": "ec2-user"}),
    }  # fmt: skip
    environ = without_cluster(os.environ) | own | ENVIRONMENT | PRICE | dict(environment)
    migrated(home)
    ran = subprocess.run(
        [sys.executable, str(Path(__file__).parent / "play.py"), str(dags)],
        env=environ, input=json.dumps(cases), capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    lines = [line.removeprefix("TOLD ") for line in ran.stdout.splitlines() if line.startswith("TOLD ")]
    told = [json.JSONDecoder().raw_decode(line)[0] for line in lines]  # a listener's process may print on the same line
    assert len(told) == len(cases), ran.stdout[-3000:] + ran.stderr[-3000:]
    return told


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    cases = [{"date": day(name), "fail": fail} for name, fail in CASES.items()]
    cases += [{"date": "2999-01-01"}, {"logical": "2026-02-12T01:00:00+00:00"}]
    cases += [{"date": f"2026-03-{n + 1:02}", "environ": environ} for n, environ in enumerate(CONNECTIONS.values())]
    with inbox() as messages:
        told = play(tmp_path_factory.mktemp("airflow"), DAGS, cases, messages.environ)
    return Played(
        dict(zip([*CASES, "future", "scheduled", *CONNECTIONS], told, strict=True)), messages.slack, messages.mail
    )


@pytest.mark.parametrize("name", CASES)
def test_the_state_is_true_and_the_machines_are_off(played, name):
    case = played.cases[name]
    assert case["run"] == ("success" if name == "good" else "failed"), case["states"]
    assert case["on"] is (name == "an instance does not stop")
    assert "stop" in case["calls"], "stop_cluster runs in every case"
    assert case["states"]["verdict"] == case["run"]
    failed = name in ("an instance does not stop", "EC2 does not tell of an instance")
    assert case["states"]["stop_cluster"] == ("failed" if failed else "success")


@pytest.mark.parametrize(
    ("name", "task", "never"),
    [
        ("stage 1 fails", "run_stage1", "begin stage2"),
        ("a host key is wrong", "run_stage1", "follow stage1"),
        ("stage 2 publishes nothing", "check_s3_stage2_out", None),
        ("S3 does not tell what stage 2 has published", "check_s3_stage2_out", None),
        ("no data", "check_s3_input", "start"),
        ("an instance cannot start", "start_cluster", "start_spark"),
        ("a node does not answer", "start_cluster", "start_spark"),
        ("the first lease is refused", "start_cluster", "start_spark"),
        ("Spark does not come up", "start_spark", "fetch"),
        ("Spark does not stop", "stop_spark", None),
        ("an instance does not stop", "stop_cluster", None),
    ],
)
def test_the_task_that_failed_is_the_one(played, name, task, never):
    case = played.cases[name]
    failed = {t for t, state in case["states"].items() if state == "failed"}
    assert failed == {task, "verdict"}
    assert never not in case["calls"]


def test_a_stage_is_tried_twice_but_not_where_somebody_must_mend_something(played):
    assert played.cases["stage 1 fails"]["calls"].count("begin stage1") == 2
    assert played.cases["a host key is wrong"]["calls"].count("begin stage1") == 1


def test_s3_is_asked_three_times_but_not_for_what_it_has_told(played):
    calls = [played.cases[name]["calls"] for name in CASES]
    asked = dict(zip(CASES, [(c.count("input"), c.count("output stage2")) for c in calls], strict=True))
    assert asked["S3 does not tell what stage 2 has published"] == (1, 3)
    assert asked["stage 2 publishes nothing"] == (1, 1)
    assert asked["no data"] == (1, 0)


def test_the_lease_is_renewed_before_all_that_may_take_long_on_the_machines(played):
    calls = played.cases["good"]["calls"]
    assert calls.index("answers") < calls.index("first lease") < calls.index("renew")
    for work in ("start_spark", "fetch", "begin stage1", "begin stage2"):
        assert calls[calls.index(work) - 1] == "renew", work
    assert "start_spark" not in played.cases["the first lease is refused"]["calls"]


def test_what_still_runs_of_a_stage_is_ended_before_the_cluster_goes(played):
    calls = played.cases["stage 1 fails"]["calls"]
    assert calls.index("end stage1") < calls.index("stop_spark") < calls.index("stop")


def test_the_record_tells_tasks_seconds_and_money(played):
    record = played.cases["good"]["record"]
    assert record["key"] == f"runs/dt={day('good')}/{record['run_id']}/dag.json"
    assert record["outcome"] == "success" and record["date"] == day("good")
    assert set(record["instance_seconds"]) == {"i-0123456789abcdef0", "i-0123456789abcdef1"}
    assert all(task["state"] == "success" and task["seconds"] >= 0 for task in record["tasks"].values())
    assert len(record["tasks"]) == 11 + len(own_tasks())
    assert record["cost"] == pytest.approx(sum(record["instance_seconds"].values()) / 3600 * 0.36, abs=1e-4)


def test_the_record_of_a_failed_run(played):
    record = played.cases["stage 1 fails"]["record"]
    assert record["outcome"] == "failed"
    assert record["tasks"]["run_stage1"]["state"] == "failed" and record["tasks"]["run_stage1"]["seconds"] >= 0
    assert record["tasks"]["run_stage2"] == {"state": "upstream_failed", "seconds": 0.0}


@pytest.mark.parametrize("name", ["an instance does not stop", "EC2 does not tell of an instance"])
def test_a_cost_that_nobody_knows_is_not_nothing(played, name):
    record = played.cases[name]["record"]
    assert record["instance_seconds"] is None and record["cost"] is None


def test_a_date_that_has_not_ended_touches_nothing(played):
    case = played.cases["future"]
    assert case["run"] == "failed" and case["calls"] == []
    assert case["states"]["lease"] == "failed"


def test_a_scheduled_run_takes_its_date_from_the_schedule(played):
    assert played.cases["scheduled"]["record"]["date"] == "2026-02-12"


def test_messages_of_a_failed_run(played):
    first, second = played.of(day("stage 1 fails"), played.slack)
    assert first.startswith(f"pothole pipeline of {day('stage 1 fails')}: run_stage1 failed\n")
    assert "stage1 failed with exit status 1: ERROR <no> memory" in first
    assert "http" in first and "run_stage1" in first.splitlines()[-1], "a link to its log"
    assert "verdict failed" in second and "not every task succeeded: run_stage1 failed; 0 instance-seconds" in second
    mails = played.of(day("stage 1 fails"), played.mail)
    assert len(mails) == 2
    assert "crew@roads.example" in mails[0] and "&lt;no&gt; memory" in mails[0]


def test_one_message_of_a_good_run_and_none_of_success_from_a_failed_one(played):
    assert len(played.of(day("good"), played.slack)) == len(played.of(day("good"), played.mail)) == 1
    done = [text for text in played.slack if "succeeded\n" in text.splitlines(keepends=True)[0]]
    assert len(done) == 3, "the good run, the scheduled one, and that by another connection"


def test_the_webhook_is_no_part_of_any_message(played):
    assert not any("secret" in text for text in played.slack + played.mail)


def test_without_its_connection_nothing_is_started(played):
    case = played.cases["no connection"]
    assert case["run"] == case["states"]["start_cluster"] == "failed"
    assert "start" not in case["calls"]


def test_the_connection_leads_to_the_nodes(played):
    assert "as crew with KEY" in played.cases["a connection"]["calls"]


def test_a_third_stage_has_its_turn_after_the_two(tmp_path):
    dags = Path(shutil.copytree(DAGS, tmp_path / "dags"))
    file, begin = dags / "pothole_pipeline_dag.py", "    for stage in STAGES:\n"
    third = '    STAGES += (Stage("stage9", (), (Table("stage9_toys", "one toy", (), ()),), print),)\n'
    imports = "    from pothole.stages.stage import Stage\n    from pothole.tables import Table\n\n"
    assert begin in file.read_text()
    file.write_text(file.read_text().replace(begin, imports + third + begin))
    (case,) = play(tmp_path, dags, [{"date": "2026-01-01"}], {})
    assert (
        case["run"] == "success" and case["states"]["run_stage9"] == case["states"]["check_s3_stage9_out"] == "success"
    )
    calls = case["calls"]
    assert calls.index("output stage2") < calls.index("follow stage9") < calls.index("output stage9")
    assert calls.index("output stage9") < calls.index("end stage9") < calls.index("stop")
