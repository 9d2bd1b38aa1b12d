"""The CloudFormation template: clean, and deployed against moto; what moto does not carry out is read from the file."""

from __future__ import annotations

import ast
import base64
import fnmatch
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import boto3
import moto
import pytest
import yaml

from tests.infra.roles import Loader
from tests.infra.stacks import TEMPLATE, create, outputs, update

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore:Tried to parse AWS..S3..BucketPolicy")]
DIGEST = "a" * 64


@pytest.fixture(scope="module")
def template() -> dict[str, Any]:
    return yaml.load(TEMPLATE.read_text(), Loader)


@pytest.fixture(scope="module")
def account():
    """An account of its own, in this process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        patch.delenv("AWS_ENDPOINT_URL", raising=False)
        with moto.mock_aws():
            create("roads", ArtefactsSha256=DIGEST, WorkerCount="3")
            yield


@pytest.fixture
def found(account) -> dict[str, str]:
    return outputs("roads")


def test_cfn_lint_finds_nothing():
    done = subprocess.run(
        [str(Path(sys.executable).with_name("cfn-lint")), str(TEMPLATE)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout


def test_as_many_workers_as_asked_for(found):
    machines = {name: value for name, value in found.items() if name.endswith("InstanceId")}
    assert sorted(machines) == ["MasterInstanceId", "Worker1InstanceId", "Worker2InstanceId", "Worker3InstanceId"]
    assert len(set(machines.values())) == 4
    described = boto3.client("ec2").describe_instances(InstanceIds=list(machines.values()))["Reservations"]
    assert {i["InstanceType"] for r in described for i in r["Instances"]} == {"m7i.xlarge"}
    assert {i["VpcId"] for r in described for i in r["Instances"]} == {found["VpcId"]}


@pytest.mark.parametrize("count", range(1, 9))
def test_each_number_of_workers_has_its_condition(template, count):
    """CloudFormation's conditions for a count, evaluated as it does."""

    def holds(condition: Any) -> bool:
        kind, values = next(iter(condition.items()))
        assert kind == "Condition"
        name = values
        if name == "HasMachines":
            return True
        inner, other = template["Conditions"][name]
        return holds(inner) and other[0][1] != str(count)

    workers = [n for n, r in template["Resources"].items() if n.startswith("Worker") and "Condition" in r]
    there = [n for n in workers if holds({"Condition": template["Resources"][n]["Condition"]})]
    assert there == [f"Worker{i}" for i in range(1, count + 1)]


@pytest.mark.slow
def test_without_artefacts_there_are_no_machines(account):
    create("early", ArtefactsSha256="")
    assert "BucketName" in outputs("early") and "MasterInstanceId" not in outputs("early")
    update("early", ArtefactsSha256=DIGEST, WorkerCount="1")
    assert "MasterInstanceId" in outputs("early") and "Worker2InstanceId" not in outputs("early")


def test_the_group_lets_the_cluster_talk_to_itself_and_operators_in(found):
    group = boto3.client("ec2").describe_security_groups(GroupIds=[found["SecurityGroupId"]])["SecurityGroups"][0]
    own, addresses = set(), set()
    for rule in group["IpPermissions"]:
        ports = (rule["IpProtocol"], rule["FromPort"], rule["ToPort"])
        own |= {ports for pair in rule["UserIdGroupPairs"] if pair["GroupId"] == found["SecurityGroupId"]}
        addresses |= {(*ports, r["CidrIp"]) for r in rule["IpRanges"]}
        assert not rule["Ipv6Ranges"]
    assert own == {("tcp", 7077, 7077), ("tcp", 7078, 7078), ("tcp", 0, 65535)}
    assert addresses == {("tcp", 22, 22, "10.20.0.0/24"), ("tcp", 8080, 8080, "10.20.0.0/24")}


@pytest.mark.parametrize(
    ("given", "good"),
    [
        ("10.20.0.0/24", True), ("203.0.113.7/32", True), ("10.0.0.0/8", True),
        ("0.0.0.0/0", False), ("::/0", False), ("0.0.0.0/1", False), ("128.0.0.0/1", False), ("0.0.0.0/00", False),
        ("10.20.0.0", False), ("10.20.0.0/24,0.0.0.0/0", False), ("999.0.0.0/24", False), (" 0.0.0.0/0", False),
    ],
)  # fmt: skip
def test_the_world_cannot_be_given_as_operators_range(template, given, good):
    pattern = template["Parameters"]["OperatorCidr"]["AllowedPattern"]
    assert (re.fullmatch(pattern, given) is not None) == good
    group = template["Resources"]["SparkGroup"]["Properties"]["SecurityGroupIngress"]
    assert {rule["CidrIp"] for rule in group} == {"OperatorCidr"}


def allowed(role: str, action: str, resource: str) -> bool:
    """Do a role's inline policies allow that?"""
    iam = boto3.client("iam")
    names = iam.list_role_policies(RoleName=role)["PolicyNames"]
    # moto gives back a policy of a stack as Python's text of it
    documents = [ast.literal_eval(iam.get_role_policy(RoleName=role, PolicyName=n)["PolicyDocument"]) for n in names]
    return any(_covers(s, action, resource) for d in documents for s in d["Statement"] if s)


def _covers(statement: dict[str, Any], action: str, resource: str) -> bool:
    assert statement["Effect"] == "Allow"
    actions, resources = ([v] if isinstance(v, str) else v for v in (statement["Action"], statement["Resource"]))
    fits = any(fnmatch.fnmatchcase(resource, r) for r in resources if r)
    return fits and any(fnmatch.fnmatchcase(action, a) for a in actions)


def role(logical: str) -> str:
    resources = boto3.client("cloudformation").describe_stack_resources(StackName="roads")["StackResources"]
    return next(str(r["PhysicalResourceId"]) for r in resources if r.get("LogicalResourceId") == logical)


def test_airflow_starts_and_stops_these_machines_and_no_others(found):
    airflow, arn = role("AirflowRole"), "arn:aws:ec2:us-east-1:123456789012:instance/"
    for action in ("ec2:StartInstances", "ec2:StopInstances"):
        mine = [allowed(airflow, action, arn + v) for k, v in found.items() if k.endswith("InstanceId")]
        assert (mine, allowed(airflow, action, f"{arn}i-0123456789abcdef0")) == ([True] * 4, False)
    assert allowed(airflow, "ec2:DescribeInstances", "*")
    for action in ("ec2:TerminateInstances", "ec2:RunInstances", "ec2:ModifyInstanceAttribute"):
        assert not allowed(airflow, action, arn + found["MasterInstanceId"])


@pytest.mark.parametrize(
    ("who", "action", "key", "yes"),
    [
        ("NodeRole", "s3:GetObject", "raw-sensor-data/dt=2026-02-12/a.parquet", True),
        ("NodeRole", "s3:PutObject", "raw-sensor-data/dt=2026-02-12/a.parquet", False),
        ("NodeRole", "s3:DeleteObject", "road-network/segments.csv", False),
        ("NodeRole", "s3:GetObject", "road-network/segments.csv", True),
        ("NodeRole", "s3:GetObject", "speed-bump/bumps.csv", True),
        ("NodeRole", "s3:GetObject", "spark-job-code/stage1/pothole.zip", True),
        ("NodeRole", "s3:PutObject", "spark-job-code/stage1/pothole.zip", False),
        ("NodeRole", "s3:GetObject", "node-artefacts/boot.sh", True),
        ("NodeRole", "s3:PutObject", "node-artefacts/boot.sh", False),
        ("NodeRole", "s3:PutObject", "stage1_anomaly_detected/dt=2026-02-12/_manifest.json", True),
        ("NodeRole", "s3:DeleteObject", "stage2_spatial_clustering/dt=2026-02-12/part", True),
        ("NodeRole", "s3:PutObject", "quarantine/dt=2026-02-12/part", True),
        ("NodeRole", "s3:PutObject", "runs/dt=2026-02-12/r/stage1.json", True),
        ("NodeRole", "s3:PutObject", "locks/dt=2026-02-12.json", True),
        ("NodeRole", "s3:PutObject", "scratch/dt=2026-02-12/r-stage1/kept-1/part-0.parquet", True),
        ("NodeRole", "s3:GetObject", "scratch/dt=2026-02-12/r-stage1/kept-1/part-0.parquet", True),
        ("NodeRole", "s3:DeleteObject", "scratch/dt=2026-02-12/r-stage1/kept-1/part-0.parquet", True),
        ("NodeRole", "s3:DeleteObjectVersion", "stage1_anomaly_detected/dt=2026-02-12/part", False),
        ("NodeRole", "s3:PutObject", "elsewhere", False),
        ("AirflowRole", "s3:GetObject", "stage1_anomaly_detected/dt=2026-02-12/_manifest.json", True),
        ("AirflowRole", "s3:PutObject", "stage1_anomaly_detected/dt=2026-02-12/_manifest.json", False),
        ("AirflowRole", "s3:PutObject", "runs/dt=2026-02-12/r/dag.json", True),
        ("AirflowRole", "s3:GetObject", "spark-job-code/_manifest.json", True),
        ("AirflowRole", "s3:PutObject", "spark-job-code/_manifest.json", False),
    ],
)  # fmt: skip
def test_who_may_do_what_with_the_lake(found, who, action, key, yes):
    assert allowed(role(who), action, f"arn:aws:s3:::{found['BucketName']}/{key}") is yes


def test_nodes_may_look_but_have_no_power_over_machines(found):
    node, bucket = role("NodeRole"), f"arn:aws:s3:::{found['BucketName']}"
    assert allowed(node, "s3:ListBucket", bucket)
    assert not allowed(node, "s3:PutBucketPolicy", bucket)
    assert not allowed(node, "ec2:StartInstances", f"arn:aws:ec2:us-east-1:1:instance/{found['MasterInstanceId']}")


def test_machines_are_made_as_they_should(found):
    ec2 = boto3.client("ec2")
    template = ec2.describe_launch_templates()["LaunchTemplates"][0]["LaunchTemplateId"]
    versions = ec2.describe_launch_template_versions(LaunchTemplateId=template)["LaunchTemplateVersions"]
    data = versions[0]["LaunchTemplateData"]
    assert data["MetadataOptions"] == {
        "HttpTokens": "required",
        "HttpEndpoint": "enabled",
        "HttpPutResponseHopLimit": 1,
    }
    assert [d["Ebs"]["Encrypted"] for d in data["BlockDeviceMappings"]] == [True]
    assert data["InstanceInitiatedShutdownBehavior"] == "stop"
    assert data["SecurityGroupIds"] == [found["SecurityGroupId"]]
    assert role("NodeProfile") in data["IamInstanceProfile"]["Arn"]


def test_every_machine_is_of_the_template_and_a_new_version_makes_new_ones(template):
    machines = [r["Properties"] for r in template["Resources"].values() if r["Type"] == "AWS::EC2::Instance"]
    wanted = {"LaunchTemplateId": "NodeTemplate", "Version": "NodeTemplate.LatestVersionNumber"}
    assert [m["LaunchTemplate"] for m in machines] == [wanted] * 9


def test_user_data_checks_before_it_runs_anything(found, tmp_path):
    """Run for real with a bucket that somebody has tampered with: nothing of it is executed."""
    ec2 = boto3.client("ec2")
    name = ec2.describe_launch_templates()["LaunchTemplates"][0]["LaunchTemplateId"]
    data = ec2.describe_launch_template_versions(LaunchTemplateId=name)["LaunchTemplateVersions"][0]
    text = base64.b64decode(data["LaunchTemplateData"]["UserData"]).decode()
    assert f"s3://{found['BucketName']}/node-artefacts" in text and f"{DIGEST}  artefacts.sha256" in text
    for program, does in {
        "shutdown": 'echo "shutdown $*"',
        "aws": f'echo "touch {tmp_path}/owned" > "$(basename "$4")"',
    }.items():
        (tmp_path / program).write_text(f"#!/bin/sh\n{does}\n")
        (tmp_path / program).chmod(0o755)
    text = text.replace("/var/lib/pothole", str(tmp_path / "lib"))
    done = subprocess.run(
        ["bash", "-c", text], env={"PATH": f"{tmp_path}:/usr/bin:/bin"}, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout.splitlines()[0]) == (1, "shutdown -h +60")
    assert "artefacts.sha256: FAILED" in done.stdout
    assert not (tmp_path / "owned").exists() and not (tmp_path / "lib" / "boot.sh").exists()


def test_the_bucket_is_closed_encrypted_versioned_and_tidied(found, template):
    rules = boto3.client("s3").get_bucket_encryption(Bucket=found["BucketName"])
    rule = rules["ServerSideEncryptionConfiguration"]["Rules"][0]
    assert rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
    bucket = template["Resources"]["Bucket"]
    assert set(bucket["Properties"]["PublicAccessBlockConfiguration"].values()) == {True}
    assert len(bucket["Properties"]["PublicAccessBlockConfiguration"]) == 4
    assert bucket["Properties"]["VersioningConfiguration"] == {"Status": "Enabled"}
    assert bucket["DeletionPolicy"] == "Retain"
    first = bucket["Properties"]["LifecycleConfiguration"]["Rules"][0]
    assert (first["NoncurrentVersionExpiration"], "Prefix" in first) == ({"NoncurrentDays": 30}, False)
    rules = bucket["Properties"]["LifecycleConfiguration"]["Rules"]
    expiring = {r["Prefix"]: r["ExpirationInDays"] for r in rules if "ExpirationInDays" in r}
    told = "no data but refused rows is ever thrown away by age"
    assert expiring == {"${LakePrefix}quarantine/": 365, "${LakePrefix}scratch/": 2}, told


def test_the_network_has_s3_and_no_way_to_the_internet(found):
    ec2 = boto3.client("ec2")
    endpoints = ec2.describe_vpc_endpoints(Filters=[{"Name": "vpc-id", "Values": [found["VpcId"]]}])["VpcEndpoints"]
    assert [(e["ServiceName"], e["RouteTableIds"]) for e in endpoints] == [
        ("com.amazonaws.us-east-1.s3", [found["RouteTableId"]])
    ]
    routes = ec2.describe_route_tables(RouteTableIds=[found["RouteTableId"]])["RouteTables"][0]["Routes"]
    assert not [r for r in routes if r.get("DestinationCidrBlock") == "0.0.0.0/0"]
    attached = [{"Name": "attachment.vpc-id", "Values": [found["VpcId"]]}]
    assert not ec2.describe_internet_gateways(Filters=attached)["InternetGateways"]
