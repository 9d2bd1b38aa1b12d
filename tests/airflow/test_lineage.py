"""Lineage: the events that OpenLineage's provider writes of a run name what each stage has read and published."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest
from airflow_service.dags import pothole_lineage

from tests import needs
from tests.airflow.test_dag import DAGS
from tests.airflow.test_run_state import play

DAY = "2026-01-05"
ROADS = "s3://roads"


@pytest.mark.slow
@pytest.mark.airflow
def test_the_events_of_a_run(tmp_path: Path):
    needs.module("airflow.providers.openlineage")
    events_file = tmp_path / "events.jsonl"
    transport = {"type": "file", "log_file_path": str(events_file), "append": True}
    environment = {
        "AIRFLOW__OPENLINEAGE__TRANSPORT": json.dumps(transport), "AIRFLOW__OPENLINEAGE__NAMESPACE": "pothole",
    }  # fmt: skip
    (told,) = play(tmp_path / "home", DAGS, [{"date": DAY}], environment)
    assert told["run"] == "success"
    events = [json.loads(line) for line in events_file.read_text().splitlines()]
    complete = {e["job"]["name"].rpartition(".")[2]: e for e in events if e["eventType"] == "COMPLETE"}
    assert {"run_stage1", "check_s3_stage1_out", "check_s3_stage2_out"} <= set(complete)
    assert {e["job"]["namespace"] for e in events} == {"pothole"}
    stage1, stage2 = (complete[f"check_s3_stage{n}_out"] for n in (1, 2))
    assert names(stage1["inputs"]) == ["raw-sensor-data", "road-network"]
    assert names(stage1["outputs"]) == ["quarantine", "stage1_anomaly_detected", "stage1_traversals"]
    # A process a task in production; dag.test() has one for all, whose collector still holds what stage 1 gave it.
    assert {"stage2_segment_condition", "stage2_spatial_clustering"} < set(names(stage2["outputs"]))
    assert "stage1_x" in names(stage2["inputs"])
    assert {d["namespace"] for e in (stage1, stage2) for d in e["inputs"] + e["outputs"]} == {ROADS}


def names(datasets: list[dict]) -> list[str]:
    return sorted(dataset["name"] for dataset in datasets)


def test_what_goes_wrong_with_lineage_is_only_logged(caplog: pytest.LogCaptureFixture):
    pothole_lineage.report(ROADS, [SimpleNamespace(inputs=None, dataset="quarantine")])
    assert "no lineage: TypeError" in caplog.text


def test_the_datasets_of_inputs():
    inputs = [
        {"path": "bucket/lake/raw-sensor-data/dt=2026-02-12/a/b.parquet"}, {"dataset": "road-network", "path": "x"},
        {"path": "raw/dt=2026-02-12/c.parquet", "skipped": "cut off"}, {"path": "elsewhere.csv"},
    ]  # fmt: skip
    assert list(pothole_lineage._inputs(inputs)) == ["raw-sensor-data", "road-network"]
