"""Commands run in this process, with what an operator has in the environment."""

from __future__ import annotations

import sys
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from pothole.cli import console, main
from pothole.cloud import airflow_api, task_logs
from tests import needs
from tests.servers.fake_airflow import FakeAirflow, environment, fake_airflow
from tests.servers.moto import moto


@dataclass
class Said:
    """How a command ended, what it said (results and messages), and its results alone."""

    status: int
    text: str
    out: str


Run = Callable[..., Said]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """``pothole`` with these arguments."""
    monkeypatch.setenv("COLUMNS", "200")
    for shown in (console.out, console.err):  # an earlier test may have loaded them with another width
        monkeypatch.setattr(shown, "_width", 200)

    def go(*arguments: str) -> Said:
        monkeypatch.setattr(sys, "argv", ["pothole", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        captured = capsys.readouterr()
        assert "Traceback" not in captured.err
        return Said(int(ended.value.code or 0), captured.out + captured.err, captured.out)

    return go


@pytest.fixture(scope="session")
def aws() -> Iterator[str]:
    needs.module("boto3")
    with moto() as endpoint:
        yield endpoint


@pytest.fixture
def operator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The variables of a filled env.sh, as the environment; no server behind them."""
    (tmp_path / "key").write_text("a private key")
    variables = {
        "AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
        "S3_BUCKET": f"roads-{uuid.uuid4().hex[:10]}", "MASTER_INSTANCE_ID": "i-0123456789abcdef0",
        "WORKER1_INSTANCE_ID": "i-0123456789abcdef1", "MASTER_PRIVATE_IP": "10.0.0.5",
        "SPARK_SSH_KEY_FILE": str(tmp_path / "key"), "SPARK_MASTER_HOST_KEY": "ssh-ed25519 AAAA",
    }  # fmt: skip
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return variables


@pytest.fixture
def s3(operator: dict[str, str], aws: str, monkeypatch: pytest.MonkeyPatch):
    """A client of the operator's bucket, which is there and empty."""
    import boto3

    monkeypatch.setenv("AWS_ENDPOINT_URL", aws)
    made = boto3.session.Session().client("s3", region_name="us-east-1")
    made.create_bucket(Bucket=operator["S3_BUCKET"])
    return made


@pytest.fixture
def airflow_api_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeAirflow]:
    """What answers as Airflow does, and the variables that lead to it; the client asks ten times a second."""
    for module in (airflow_api, task_logs):
        monkeypatch.setattr(module, "_POLL_SECONDS", 0.1)
    with fake_airflow() as made:
        for name, value in environment(made).items():
            monkeypatch.setenv(name, value)
        yield made
