"""No data, no permission and no network are three different things."""

from __future__ import annotations

import json

import pytest

from pothole.cloud import objects
from pothole.errors import LakeError, NoDataError, PotholeError, UserError
from tests.servers.nodes import client
from tests.servers.unwell import unwell

pytestmark = pytest.mark.slow

DAY = "2026-02-12"


@pytest.fixture
def put(cluster):
    s3 = client("s3", cluster.endpoint)
    return lambda key, body=b"x": s3.put_object(Bucket=cluster.environ["S3_BUCKET"], Key=key, Body=body)


def manifest(run_id: str, files: int = 1) -> bytes:
    listed = [{"path": f"run-{run_id}/part-{i}.parquet", "rows": 0, "bytes": 1} for i in range(files)]
    return json.dumps(
        {
            "dataset": "quarantine", "date": DAY, "run_id": run_id, "schema_version": 1, "code_version": "1",
            "config_hash": "x", "files": listed, "inputs": [],
        }
    ).encode()  # fmt: skip


def test_input_that_is_there(put, settings):
    put(f"raw-sensor-data/dt={DAY}/a.parquet")
    put(f"raw-sensor-data/dt={DAY}/_temporary/b.parquet")
    assert objects.check_input(settings.lake_uri, DAY) == (1, 1)


def test_no_input_names_the_nearest_dates(put, settings):
    for day in ("2026-02-10", "2026-02-14", "2026-03-01", "2026-02-01"):
        put(f"raw-sensor-data/dt={day}/a.parquet")
    put(f"raw-sensor-data/dt={DAY}/empty.parquet", b"")
    with pytest.raises(NoDataError, match="입력 데이터 없음") as told:
        objects.check_input(settings.lake_uri, DAY)
    assert "the nearest dates there are 2026-02-01, 2026-02-10, 2026-02-14" in str(told.value)


def test_a_published_manifest_of_this_run(put, settings):
    put(f"quarantine/dt={DAY}/_manifest.json", manifest("r-1"))
    put(f"quarantine/dt={DAY}/run-r-1/part-0.parquet")
    assert objects.check_published(settings.lake_uri, "quarantine", DAY, "r-1").rows == 0
    with pytest.raises(NoDataError, match="is of run r-1, expected r-2: this run has published nothing"):
        objects.check_published(settings.lake_uri, "quarantine", DAY, "r-2")


def test_nothing_published_and_a_file_that_is_gone(put, settings):
    with pytest.raises(NoDataError, match="nothing is published"):
        objects.check_published(settings.lake_uri, "quarantine", DAY)
    put(f"quarantine/dt={DAY}/_manifest.json", manifest("r-1", files=2))
    put(f"quarantine/dt={DAY}/run-r-1/part-0.parquet")
    with pytest.raises(LakeError, match=r"lists run-r-1/part-1\.parquet, which is not there"):
        objects.check_published(settings.lake_uri, "quarantine", DAY)
    put(f"quarantine/dt={DAY}/run-r-1/part-1.parquet", b"half of it")
    with pytest.raises(LakeError, match=r"part-1\.parquet, which has 10 bytes, not 1"):
        objects.check_published(settings.lake_uri, "quarantine", DAY)


@pytest.fixture
def at_once(monkeypatch):
    """No pauses between tries."""
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda seconds: None)


def test_no_network_is_not_taken_for_no_data(settings, monkeypatch, at_once):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(LakeError, match="no network to S3"):
        objects.check_input(settings.lake_uri, DAY)


def test_no_bucket(settings):
    with pytest.raises(LakeError, match="there is no such bucket"):
        objects.check_input("s3://nowhere-at-all", DAY)
    with pytest.raises(LakeError, match="a bucket's name is lower-case"):
        objects.check_input("s3://No_Bucket!", DAY)


def test_503_for_good(cluster, settings, monkeypatch, at_once):
    with unwell(cluster.endpoint) as s3:
        monkeypatch.setenv("AWS_ENDPOINT_URL", s3.url)
        s3.always = 503
        with pytest.raises(LakeError, match=r"not available for now \(503 SlowDown\)"):
            objects.check_published(settings.lake_uri, "quarantine", DAY)
        assert s3.refused == 4


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"AWS_PROFILE": "nobody"}, "The config profile \\(nobody\\) could not be found"),
        ({"AWS_ENDPOINT_URL": "somewhere"}, "cannot use S3: Invalid endpoint: somewhere"),
        (
            {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_EC2_METADATA_DISABLED": "true"},
            "no AWS credentials were found",
        ),
    ],
)
def test_settings_of_the_aws_tools_that_cannot_be_used(settings, tmp_path, monkeypatch, variables, words):
    for name, value in (variables | {"AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none")}).items():
        monkeypatch.setenv(name, value)
    with pytest.raises(PotholeError, match=words):
        objects.check_input(settings.lake_uri, DAY)


def test_an_s3_that_is_busy_for_a_while_and_one_that_refuses_for_good(cluster, put, settings, monkeypatch):
    put(f"raw-sensor-data/dt={DAY}/a.parquet")
    with unwell(cluster.endpoint) as s3:
        monkeypatch.setenv("AWS_ENDPOINT_URL", s3.url)
        s3.refusals = [503, 503]
        assert objects.check_input(settings.lake_uri, DAY) == (1, 1)
        assert s3.refused == 2
        s3.always = 403
        with pytest.raises(LakeError, match="access denied") as told:
            objects.check_input(settings.lake_uri, DAY)
    assert "whether data is there is not known" in str(told.value)


@pytest.mark.parametrize("uri", ["/a/folder", "s3://", "gs://bucket"])
def test_what_is_not_on_s3(uri):
    with pytest.raises(UserError, match="is not on S3"):
        objects.split(uri)
    assert objects.split("s3a://b/p/q/") == ("b", "p/q")
