"""``pothole check``: exit status 0 there, 2 not there, 1 cannot be told."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pothole.tables import RAW

DAY = "2026-02-12"


@pytest.fixture
def lake(s3, operator):
    """The lake's address, and a function that puts an object there."""

    def put(key: str, body: bytes = b"x") -> None:
        s3.put_object(Bucket=operator["S3_BUCKET"], Key=f"daily/{key}", Body=body)

    return f"s3://{operator['S3_BUCKET']}/daily", put


def publish(put, dataset: str, run_id: str) -> None:
    part = {"path": f"run-{run_id}/part-0.parquet", "rows": 0, "bytes": 1}
    put(f"{dataset}/dt={DAY}/run-{run_id}/part-0.parquet")
    manifest = {
        "dataset": dataset, "date": DAY, "run_id": run_id, "schema_version": 1, "code_version": "1",
        "config_hash": "x", "files": [part], "inputs": [],
    }  # fmt: skip
    put(f"{dataset}/dt={DAY}/_manifest.json", json.dumps(manifest).encode())


def test_input(run, lake):
    uri, put = lake
    put("raw-sensor-data/dt=2026-02-10/a.parquet")
    done = run("check", "raw-sensor-data", DAY, "--lake", uri)
    assert done.status == 2
    assert f"no raw data for {DAY}" in done.text and "입력 데이터 없음" in done.text and "2026-02-10" in done.text
    put(f"raw-sensor-data/dt={DAY}/a.parquet")
    done = run("check", "raw-sensor-data", DAY, "--lake", uri.replace("s3://", "s3a://"))
    assert (done.status, "1 files" in done.text) == (0, True)


def test_a_day_without_potholes_is_there(run, lake):
    uri, put = lake
    name = "stage2_spatial_clustering"
    done = run("check", name, DAY, "--lake", uri)
    assert (done.status, "nothing is published" in done.text) == (2, True)
    publish(put, name, "r-1")
    done = run("check", name, DAY, "--lake", uri)
    assert (done.status, "0 rows in 1 files, run r-1" in done.text) == (0, True)
    assert run("check", name, DAY, "--lake", uri, "--run-id", "r-1").status == 0
    done = run("check", name, DAY, "--lake", uri, "--run-id", "r-2")
    assert (done.status, "is of run r-1, expected r-2" in done.text) == (2, True)


def test_a_damaged_manifest(run, lake):
    uri, put = lake
    put(f"quarantine/dt={DAY}/_manifest.json", b"{")
    done = run("check", "quarantine", DAY, "--lake", uri)
    assert (done.status, "is not a valid manifest" in done.text) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("stage9", DAY, "--lake", "s3://b"), "there is no dataset stage9"),
        (("quarantine", "2026-02-30", "--lake", "s3://b"), "'2026-02-30' is not a date"),
        (("quarantine", DAY, "--lake", "./no-lake"), "no lake at"),
        (("quarantine", DAY, "--lake", "s3://"), "'s3://' is not on S3"),
    ],
)
def test_mistakes(run, operator, arguments, words):
    done = run("check", *arguments)
    assert (done.status, words in done.text) == (2, True)


def test_no_network_and_no_bucket_tell_nothing_about_data(run, lake, operator, monkeypatch):
    done = run("check", "quarantine", DAY, "--lake", "s3://no-such-bucket-here")
    assert (done.status, "there is no such bucket" in done.text) == (1, True)
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda seconds: None)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    done = run("check", "quarantine", DAY, "--lake", lake[0])
    assert (done.status, "no network to S3" in done.text) == (1, True)


@pytest.fixture
def folder(tmp_path: Path):
    """A lake in a folder, and a function that puts a file there."""

    def put(key: str, body: bytes = b"x") -> None:
        file = tmp_path / "lake" / key
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(body)

    put("raw-sensor-data/.keep")
    return tmp_path / "lake", put


def test_input_in_a_folder(run, folder):
    place, _ = folder
    done = run("check", RAW.name, DAY, "--lake", str(place))
    assert (done.status, f"no raw data for {DAY}" in done.text) == (2, True)
    file = place / RAW.name / f"dt={DAY}" / "a.parquet"
    file.parent.mkdir()
    row = {c.name: pa.array(["a" if c.type == "string" else 1], _ARROW[c.type]) for c in RAW.columns}
    pq.write_table(pa.table(row), file)
    done = run("check", RAW.name, DAY, "--lake", str(place))
    assert (done.status, "1 files" in done.text) == (0, True), done.text


_ARROW = {"bigint": pa.int64(), "int": pa.int32(), "double": pa.float64(), "string": pa.string()}


def test_what_is_published_in_a_folder(run, folder):
    place, put = folder
    name, lake = "stage2_spatial_clustering", ("--lake", str(place))
    assert run("check", name, DAY, *lake).status == 2
    publish(put, name, "r-1")
    done = run("check", name, DAY, *lake)
    assert (done.status, "0 rows in 1 files, run r-1" in done.text) == (0, True), done.text
    assert run("check", name, DAY, *lake, "--run-id", "r-1").status == 0
    done = run("check", name, DAY, *lake, "--run-id", "r-2")
    assert (done.status, "is of run r-1, expected r-2" in done.text) == (2, True)
    put(f"{name}/dt={DAY}/run-r-1/part-0.parquet", b"two")
    done = run("check", name, DAY, *lake)
    assert (done.status, "has 3 bytes, not 1" in done.text) == (1, True)
    (place / name / f"dt={DAY}" / "run-r-1" / "part-0.parquet").unlink()
    done = run("check", name, DAY, *lake)
    assert (done.status, "is not there" in done.text) == (1, True)
