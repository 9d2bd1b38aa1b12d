"""Where S3 is asked, and where the links of ``download_code`` lead: to the region's host, or to an endpoint."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from pothole.cloud import objects
from pothole.cloud.settings import from_environment
from pothole.cloud.store import Store

pytestmark = pytest.mark.slow

#: me-central-1 and af-south-1 are younger than 2019: S3's global host refuses what is signed for them.
REGIONS = ("us-east-1", "eu-central-1", "ap-northeast-2", "me-central-1", "af-south-1", "us-gov-west-1")


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Credentials, and nothing else of the AWS tools' settings."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in {
        "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": str(tmp_path / "config"), "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none"),
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)


def link(region: str, bucket: str = "roads") -> str:
    """The link of a file of the code, without what signs it; that is checked."""
    settings = from_environment(
        {
            "AWS_REGION": region, "S3_BUCKET": bucket, "MASTER_INSTANCE_ID": "i-0123456789abcdef0",
            "MASTER_PRIVATE_IP": "10.0.0.5", "WORKER1_INSTANCE_ID": "i-0123456789abcdef1",
        }
    )  # fmt: skip
    address = urlsplit(Store(settings).link("stage1/a.py"))
    (scope,) = parse_qs(address.query)["X-Amz-Credential"]
    assert scope.split("/")[2:] == [region, "s3", "aws4_request"]
    return f"{address.scheme}://{address.netloc}{address.path}"


@pytest.mark.parametrize("region", REGIONS)
def test_the_regions_own_host(region):
    assert not [name for name in os.environ if name.startswith("AWS_ENDPOINT_URL")], "none is meant here"
    assert link(region) == f"https://roads.s3.{region}.amazonaws.com/spark-job-code/stage1/a.py"


@pytest.mark.parametrize("region", REGIONS)
def test_a_bucket_with_a_dot_is_part_of_the_path(region):
    dotted = f"https://s3.{region}.amazonaws.com/roads.example.org/spark-job-code/stage1/a.py"
    assert link(region, "roads.example.org") == dotted


@pytest.mark.parametrize("bucket", ["roads", "roads.example.org"])
@pytest.mark.parametrize("variable", ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"])
def test_an_endpoint_by_its_hosts_name(monkeypatch, variable, bucket):
    monkeypatch.setenv(variable, "http://minio.example.org:9000")
    assert link("eu-central-1", bucket) == f"http://minio.example.org:9000/{bucket}/spark-job-code/stage1/a.py"


@pytest.mark.parametrize("bucket", ["roads", "roads.example.org"])
def test_an_endpoint_of_a_profile(tmp_path, bucket):
    (tmp_path / "config").write_text("[default]\nendpoint_url = https://minio.example.org\n")
    assert link("us-east-1", bucket) == f"https://minio.example.org/{bucket}/spark-job-code/stage1/a.py"


def test_an_endpoint_that_is_the_regions_own(monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "https://s3.eu-central-1.amazonaws.com")
    assert link("eu-central-1") == "https://roads.s3.eu-central-1.amazonaws.com/spark-job-code/stage1/a.py"
    dotted = "https://s3.eu-central-1.amazonaws.com/a.b/spark-job-code/stage1/a.py"
    assert link("eu-central-1", "a.b") == dotted, "no certificate fits a.b.s3.eu-central-1.amazonaws.com"


@pytest.mark.parametrize("region", REGIONS)
def test_what_is_asked_goes_there_too(region):
    asked = []
    s3 = objects.client(region)
    s3.meta.events.register("before-send.s3", lambda request, **_: asked.append(request.url) or _answer(request))
    s3.get_object(Bucket="roads", Key="a")
    assert asked == [f"https://roads.s3.{region}.amazonaws.com/a"]


def _answer(request):
    from botocore.awsrequest import AWSResponse

    class Nothing:
        def stream(self, *_, **__):
            return iter(())

    return AWSResponse(request.url, 200, {}, Nothing())
