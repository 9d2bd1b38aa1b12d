"""``pothole metrics``: which dates, from which lake. The text itself: tests/test_metrics.py."""

from __future__ import annotations

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from pothole.lake import Lake, open_lake


@pytest.fixture
def lake(tmp_path) -> Lake:
    lake = open_lake(str(tmp_path / "lake"), create=True)
    for number, day in enumerate(("2026-02-10", "2026-02-11", "2026-02-12")):
        record = {"run_id": "r-1", "stage": "stage1", "date": day, "outcome": "success", "started_ms": 1}
        lake.write_run_record(day, "r-1", "stage1", record | {"seconds": 10.0 + number})
    return lake


def seconds(text: str) -> dict[str, float]:
    families = {family.name: family for family in text_string_to_metric_families(text)}
    return {sample.labels["date"]: sample.value for sample in families["pothole_stage_seconds"].samples}


def test_the_last_date_or_the_one_asked_for_or_several(run, lake):
    assert seconds(run("metrics", "--lake", lake.uri).out) == {"2026-02-12": 12.0}
    assert seconds(run("metrics", "2026-02-11", "--lake", lake.uri).out) == {"2026-02-11": 11.0}
    both = {"2026-02-10": 10.0, "2026-02-11": 11.0}
    assert seconds(run("metrics", "2026-02-11", "--last", "5", "--lake", lake.uri).out) == both


def test_the_clusters_lake_is_the_default(run, s3, operator, monkeypatch):
    monkeypatch.setenv("S3_LAKE_PREFIX", "seoul")
    record = b'{"run_id": "r-1", "stage": "stage1", "date": "2026-02-12", "outcome": "success", "seconds": 7}'
    key = "seoul/runs/dt=2026-02-12/r-1/stage1.json"
    s3.put_object(Bucket=operator["S3_BUCKET"], Key=key, Body=record)
    assert seconds(run("metrics").out) == {"2026-02-12": 7.0}


def test_no_records_and_no_lake(run, lake, tmp_path, monkeypatch):
    done = run("metrics", "2026-02-13", "--lake", lake.uri)
    assert (done.status, "there is no run record of 2026-02-13" in done.text) == (2, True)
    (tmp_path / "empty").mkdir()
    assert "there is no run record in" in run("metrics", "--lake", str(tmp_path / "empty")).text
    monkeypatch.delenv("S3_BUCKET", raising=False)
    done = run("metrics")
    assert (done.status, "which lake?" in done.text, "S3_BUCKET" in done.text) == (2, True, True)
