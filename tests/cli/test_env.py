"""``pothole env``: a stack of the template, deployed by moto, becomes an env.sh that everything else can read."""

from __future__ import annotations

import json
import os
import subprocess
import uuid
from datetime import UTC, datetime
from pathlib import Path

import boto3
import pytest
from botocore.stub import Stubber

from pothole.cloud import stack as stacks
from pothole.cloud.settings import from_environment
from tests.infra.stacks import create

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
TEMPLATE = str(ROOT / "infra" / "env.sh.template")
CONSOLE = """
[   21.1] cloud-init[1502]: Cloud-init v. 22.2 finished
-----BEGIN SSH HOST KEY KEYS-----
ecdsa-sha2-nistp256 AAAAE2VjZHNh root@ip-10-71-0-4
ssh-ed25519 AAAAC3NzaC1lZDI1NTE5 root@ip-10-71-0-4
-----END SSH HOST KEY KEYS-----
"""


@pytest.fixture
def here(aws: str, monkeypatch: pytest.MonkeyPatch) -> str:
    variables = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_ENDPOINT_URL": aws}
    for name, value in (variables | {"AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1"}).items():
        monkeypatch.setenv(name, value)
    return aws


@pytest.fixture(scope="module")
def made(aws: str) -> str:
    """A stack with three workers, by its name."""
    name = f"roads{uuid.uuid4().hex[:6]}"
    with pytest.MonkeyPatch.context() as patch:
        for variable in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(variable, "test")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        create(name, aws, ArtefactsSha256="a" * 64, WorkerCount="3", LakePrefix="lake/seoul/")
    return name


@pytest.fixture
def env(run, tmp_path: Path):
    def go(name: str, *options: str):
        return run("env", "--stack", name, "--template", TEMPLATE, "--out", str(tmp_path / "env.sh"), *options)

    return go


def loaded(file: Path) -> dict[str, str]:
    """What a shell has in its environment when it has read the file."""
    script = f"set -eu; . {file}; env -0"
    told = subprocess.run(["bash", "-c", script], env={"PATH": os.environ["PATH"]}, capture_output=True, check=True)
    return dict(entry.split("=", 1) for entry in told.stdout.decode().split("\0") if entry)


def test_the_file_is_what_every_command_needs(env, here, made, tmp_path, monkeypatch):
    monkeypatch.setattr(stacks, "_client", with_console(stacks._client))
    done = env(made)
    assert (done.status, "still to fill in by hand: SPARK_SSH_KEY_FILE" in done.text) == (0, True), done.text
    file = tmp_path / "env.sh"
    assert file.stat().st_mode & 0o777 == 0o600
    settings = from_environment(loaded(file))
    outputs = stacks.read(made).outputs
    assert (settings.bucket, settings.region) == (outputs["BucketName"], "us-east-1")
    assert settings.instance_ids == tuple(
        outputs[f"{n}InstanceId"] for n in ("Master", "Worker1", "Worker2", "Worker3")
    )
    assert settings.master_ip == outputs["MasterPrivateIp"]
    assert (settings.lake_prefix, settings.code_prefix) == ("lake/seoul", "spark-job-code")
    assert settings.master_host_key == "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5"
    assert settings.worker_host_keys == ("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5",) * 3
    assert "# private key of the instances" in file.read_text(), "what is not known keeps its comment"


def with_console(real):
    """Clients whose machines have booted: moto's own console output is of another machine."""

    def client(service, region):
        made = real(service, region)
        if service == "ec2":
            made.get_console_output = lambda InstanceId: {"InstanceId": InstanceId, "Output": CONSOLE}
        return made

    return client


def test_host_keys_that_are_not_told_yet_are_left_to_fill(env, here, made, tmp_path):
    done = env(made, "--json")
    told = json.loads(done.text)
    assert told["missing"] == [
        "SPARK_SSH_KEY_FILE", "SPARK_MASTER_HOST_KEY", "WORKER1_HOST_KEY", "WORKER2_HOST_KEY", "WORKER3_HOST_KEY"
    ]  # fmt: skip
    assert told["filled"]["S3_LAKE_PREFIX"] == "lake/seoul"
    assert "SPARK_MASTER_HOST_KEY" not in told["filled"]
    assert loaded(tmp_path / "env.sh")["SPARK_MASTER_HOST_KEY"] == ""


def test_without_permission_for_consoles_the_rest_is_filled(env, here, made, tmp_path, monkeypatch):
    real = stacks._client

    def client(service, region):
        made = real(service, region)
        if service == "ec2":
            stub = Stubber(made)
            stub.add_client_error("get_console_output", "UnauthorizedOperation", "no", http_status_code=403)
            stub.activate()
        return made

    monkeypatch.setattr(stacks, "_client", client)
    done = env(made)
    assert (done.status, "give this role ec2:GetConsoleOutput" in done.text) == (0, True), done.text
    assert loaded(tmp_path / "env.sh")["WORKER3_INSTANCE_ID"].startswith("i-")


def test_for_systemd_there_is_no_export_and_no_comment_behind_a_value(env, here, made, tmp_path):
    assert env(made, "--format", "systemd").status == 0
    lines = [x for x in (tmp_path / "env.sh").read_text().splitlines() if x and not x.startswith("#")]
    assert f"S3_BUCKET={stacks.read(made).bucket}" in lines
    assert not [line for line in lines if line.startswith("export ") or "#" in line]


def test_a_file_that_is_there_is_not_replaced_by_chance(env, here, made, tmp_path):
    (tmp_path / "env.sh").write_text("mine")
    done = env(made)
    assert (done.status, "is there already" in done.text, "--force" in done.text) == (2, True, True)
    assert (tmp_path / "env.sh").read_text() == "mine"
    assert env(made, "--force").status == 0
    assert (tmp_path / "env.sh").stat().st_mode & 0o777 == 0o600


def test_a_stack_without_machines(env, here):
    name = f"early{uuid.uuid4().hex[:6]}"
    create(name, here)
    done = env(name)
    assert (done.status, "has no machines yet" in done.text, "pothole artefacts" in done.text) == (2, True, True)


def test_no_such_stack(env, here, tmp_path):
    done = env("nowhere")
    assert (done.status, "there is no stack nowhere in us-east-1" in done.text) == (2, True), done.text
    assert not (tmp_path / "env.sh").exists()


def test_a_stack_of_another_template(env, here):
    template = {"Resources": {"V": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.9.0.0/16"}}}}
    boto3.client("cloudformation").create_stack(StackName="other", TemplateBody=json.dumps(template))
    done = env("other")
    assert (done.status, "is of another template" in done.text) == (2, True)


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("CREATE_IN_PROGRESS", "aws cloudformation wait stack-create-complete --stack-name roads"),
        ("UPDATE_IN_PROGRESS", "aws cloudformation wait stack-update-complete --stack-name roads"),
        ("ROLLBACK_COMPLETE", "the stack roads is ROLLBACK_COMPLETE: no capacity"),
        ("UPDATE_ROLLBACK_IN_PROGRESS", "describe-stack-events"),
        ("DELETE_IN_PROGRESS", "the stack roads is DELETE_IN_PROGRESS"),
    ],
)
def test_a_stack_that_is_not_ready(env, here, monkeypatch, state, words):
    answer = {"Stacks": [{"StackName": "roads", "StackStatus": state, "StackStatusReason": "no capacity"}]}
    monkeypatch.setattr(stacks, "_client", lambda *_: stubbed(lambda s: s.add_response("describe_stacks", answer)))
    done = env("roads")
    assert (done.status, words in done.text) == (1, True), done.text


def stubbed(plan):
    client = boto3.client("cloudformation", region_name="us-east-1")
    stub = Stubber(client)
    real = stub.add_response

    def add_response(operation, answer):
        real(operation, {"Stacks": [s | {"CreationTime": datetime.now(UTC)} for s in answer["Stacks"]]})

    stub.add_response = add_response
    plan(stub)
    stub.activate()
    return client


def test_no_permission(env, here, monkeypatch):
    def refuse(stub):
        stub.add_client_error("describe_stacks", "AccessDenied", "not authorized", http_status_code=403)

    monkeypatch.setattr(stacks, "_client", lambda *_: stubbed(refuse))
    done = env("roads")
    assert (done.status, "cannot read the stack roads: AccessDenied" in done.text) == (1, True)
    assert "cloudformation:DescribeStacks" in done.text


def test_no_network(env, here, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _: None)
    done = env("roads")
    assert (done.status, "check the network" in done.text) == (1, True), done.text


def test_no_template(run, here, tmp_path):
    done = run("env", "--stack", "roads", "--template", str(tmp_path / "none"))
    assert (done.status, "there is no" in done.text) == (2, True)
