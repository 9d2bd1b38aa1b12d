"""Run records as figures and as OpenMetrics text, read back by the parser of Prometheus's own client."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from pothole import metrics, records
from pothole.errors import NoDataError
from pothole.lake import open_lake
from tests.servers.day import DAY, small_lake


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory):
    return open_lake(str(shutil.copytree(small_lake(), tmp_path_factory.mktemp("metrics") / "lake")))


def samples(text: str) -> dict[str, list[tuple[dict[str, str], float]]]:
    found: dict[str, list[tuple[dict[str, str], float]]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found.setdefault(sample.name, []).append((sample.labels, sample.value))
    return found


@pytest.mark.slow
def test_a_real_days_figures_are_those_of_its_partitions(lake):
    stage1, stage2 = records.of_date(lake, DAY).last_of_each_stage()
    published = {name: lake.published(name, DAY) for name in ("stage1_anomaly_detected", "stage1_traversals")}
    assert stage1.rows_in == sum(f.rows for f in lake.check_raw(DAY).files)
    assert stage1.rows_out == stage2.rows_in == sum(m.rows for m in published.values())
    assert sum(stage1.quarantined.values()) == lake.published("quarantine", DAY).rows > 0
    assert stage1.outputs["quarantine"]["bytes"] == lake.published("quarantine", DAY).total_bytes
    assert (stage2.bytes_in or 0) == sum(m.total_bytes for m in published.values()) > 0


def test_what_prometheus_reads(lake):
    found = samples(metrics.text([records.of_date(lake, DAY)]))
    stage1 = {"date": DAY, "stage": "stage1"}
    rows = {(labels["stage"], labels["direction"]): n for labels, n in found["pothole_stage_rows"]}
    assert rows["stage1", "in"] > rows["stage1", "out"] == rows["stage2", "in"] > 0
    quarantined = {labels["reason"]: n for labels, n in found["pothole_quarantined_rows"]}
    assert sum(quarantined.values()) == lake.published("quarantine", DAY).rows
    assert (stage1, 1.0) in found["pothole_stage_success"]
    (run,) = [labels for labels, _ in found["pothole_stage_run_info"] if labels["stage"] == "stage1"]
    assert run["run_id"] == lake.published("quarantine", DAY).run_id
    others = [labels for name, all_ in found.items() if name != "pothole_stage_run_info" for labels, _ in all_]
    assert not any("run_id" in labels for labels in others), "a run id as a label makes a series a run"


def dag_record(run_id: str, **more: Any) -> dict[str, Any]:
    return {
        "run_id": run_id, "stage": "dag", "date": DAY, "dag_run": "batch", "outcome": "success", "seconds": 600.5,
        "began": "2026-02-13T01:00:00Z", "tasks": {"run_stage1": {"state": "success", "seconds": 300.0}},
        "instance_seconds": {"i-1": 600.0, "i-2": 500.0}, "cost": 0.0611, "currency": "USD",
    } | more  # fmt: skip


def test_the_last_run_counts_and_the_money_of_all(tmp_path: Path):
    lake = open_lake(str(tmp_path / "lake"), create=True)
    for number, outcome in enumerate(("failed", "success")):
        began = f"2026-02-13T0{number + 1}:00:00Z"
        lake.write_run_record(DAY, f"r-{number}", "dag", dag_record(f"r-{number}", outcome=outcome, began=began))
        stage = {"run_id": f"r-{number}", "stage": "stage1", "date": DAY, "outcome": outcome, "seconds": number}
        reasons = {'odd "reason"\\': 3}
        more = {"started_ms": number, "quarantined": reasons, "inputs": [{"rows": 7, "bytes": 9}], "outputs": []}
        lake.write_run_record(DAY, f"r-{number}", "stage1", stage | more)
    found = samples(metrics.text([records.of_date(lake, DAY)]))
    assert found["pothole_run_success"] == [({"date": DAY}, 1.0)]
    assert found["pothole_run_cost"] == [({"date": DAY, "currency": "USD"}, 0.1222)]
    assert found["pothole_instance_seconds"] == [({"date": DAY}, 2200.0)]
    assert found["pothole_task_seconds"] == [({"date": DAY, "task": "run_stage1"}, 300.0)]
    assert found["pothole_stage_seconds"] == [({"date": DAY, "stage": "stage1"}, 1.0)]
    assert found["pothole_quarantined_rows"] == [({"date": DAY, "stage": "stage1", "reason": 'odd "reason"\\'}, 3.0)]


def test_what_is_not_known_is_left_out(tmp_path: Path):
    lake = open_lake(str(tmp_path / "lake"), create=True)
    lake.write_run_record(DAY, "r-1", "dag", dag_record("r-1"))
    lake.write_run_record(DAY, "r-2", "dag", dag_record("r-2", instance_seconds=None, cost=None))
    old = {"run_id": "r-1", "stage": "stage1", "date": DAY, "outcome": "failed", "seconds": 1.0, "started_ms": 5}
    lake.write_run_record(DAY, "r-1", "stage1", old)
    found = samples(metrics.text([records.of_date(lake, DAY)]))
    assert "pothole_run_cost" not in found and "pothole_stage_rows" not in found
    assert found["pothole_stage_success"][0][1] == 0.0


def test_no_records_are_only_the_end_mark(tmp_path: Path):
    assert metrics.text([records.of_date(open_lake(str(tmp_path / "lake"), create=True), DAY)]) == "# EOF\n"


def test_a_record_that_lacks_what_it_must_have(tmp_path: Path):
    lake = open_lake(str(tmp_path / "lake"), create=True)
    (Path(lake.root) / f"runs/dt={DAY}/r-1").mkdir(parents=True)
    (Path(lake.root) / f"runs/dt={DAY}/r-1/stage1.json").write_text(json.dumps({"stage": "stage1"}))
    with pytest.raises(Exception, match="is not a run record") as told:
        records.of_date(lake, DAY)
    assert not isinstance(told.value, (KeyError, NoDataError))
