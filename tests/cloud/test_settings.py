"""All that is missing or malformed is named at once."""

from __future__ import annotations

import subprocess
import sys

import pytest

from pothole.cloud.settings import from_environment
from pothole.errors import ConfigError

GOOD = {
    "AWS_REGION": "ap-northeast-2",
    "S3_BUCKET": "roads",
    "MASTER_INSTANCE_ID": "i-0123456789abcdef0",
    "MASTER_PRIVATE_IP": "10.0.0.5",
    "WORKER1_INSTANCE_ID": "i-0123456789abcdef1",
}


def test_defaults():
    settings = from_environment(GOOD)
    assert settings.spark_master_uri == "spark://10.0.0.5:7077"
    assert (settings.lake_uri, settings.code_prefix) == ("s3://roads", "spark-job-code")
    assert settings.instance_ids == ("i-0123456789abcdef0", "i-0123456789abcdef1")
    assert settings.price_per_hour is None


def test_everything_missing_is_named_at_once():
    with pytest.raises(ConfigError) as told:
        from_environment({})
    assert all(name in str(told.value) for name in GOOD)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AWS_REGION", "Seoul"), ("S3_BUCKET", "s3://roads"), ("MASTER_INSTANCE_ID", "master"),
        ("MASTER_PRIVATE_IP", "10.0.0.500"), ("SPARK_MASTER_HOST_KEY", "AAAA"), ("LEASE_MINUTES", "-1"),
        ("POTHOLE_TIMEZONE", "Asia/Soul"), ("SPARK_HOST_MAP", "10.0.0.5"), ("INSTANCE_PRICE_PER_HOUR", "nan"),
    ],
)  # fmt: skip
def test_a_malformed_value_is_shown_with_what_is_expected(name, value):
    with pytest.raises(ConfigError) as told:
        from_environment(GOOD | {name: value, "WORKER1_INSTANCE_ID": "x"})
    assert f"{name} is {value!r}, expected" in str(told.value)
    assert "WORKER1_INSTANCE_ID is 'x'" in str(told.value)


def test_a_lease_is_longer_than_a_few_renewals():
    assert from_environment(GOOD | {"LEASE_MINUTES": "5"}).lease_minutes == 5
    with pytest.raises(ConfigError, match="LEASE_MINUTES is '1', expected minutes, 5 or more"):
        from_environment(GOOD | {"LEASE_MINUTES": "1"})
    with pytest.raises(ConfigError, match="LEASE_MINUTES"):
        from_environment(GOOD | {"LEASE_MINUTES": "4.9"})


def test_any_number_of_workers_without_a_gap():
    many = {f"WORKER{i}_INSTANCE_ID": f"i-0123456789abcde{i:02d}" for i in range(1, 13)}
    assert len(from_environment(GOOD | many).worker_ids) == 12
    del many["WORKER7_INSTANCE_ID"]
    with pytest.raises(ConfigError, match="WORKER7_INSTANCE_ID is not set"):
        from_environment(GOOD | many)


def test_the_host_map():
    settings = from_environment(GOOD | {"SPARK_HOST_MAP": "10.0.0.5=bastion:2222, 10.0.0.6=other"})
    assert settings.host_map == {"10.0.0.5": ("bastion", 2222), "10.0.0.6": ("other", 22)}


def test_reading_them_loads_nothing_heavy():
    heavy = ("boto3", "paramiko", "pydantic", "yaml", "duckdb", "numpy")
    code = f"import sys, pothole.cloud.settings; print([m for m in {heavy} if m in sys.modules])"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
