"""A whole set-up that ``pothole doctor`` finds in order: EC2, S3 and STS (moto), running SSH nodes, a small Airflow."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pothole.cloud import bundle
from pothole.cloud.settings import from_environment
from pothole.doctor.nodes import expected_spark
from tests.servers import nodes
from tests.servers.fake_airflow import FakeAirflow, environment, fake_airflow
from tests.servers.unwell import Unwell, unwell

ROOT = Path(__file__).parents[2]
DAY = "2026-02-12"
HADOOP = "3.5.0"
#: What boot.sh writes of it.
SPARK_ENV = (
    f"export SPARK_WORKER_PORT=7078\nexport PYSPARK_PYTHON={sys.executable}\n"
    f"export PYSPARK_DRIVER_PYTHON={sys.executable}\n"
)
#: What the nodes' own programs say; a stub a file in each node's ``bin``. Their own Python is Amazon Linux's.
PROGRAMS = {
    "df": "echo x; echo 'disk 9 9 52428800 1% /'", "java": "echo 'openjdk version \"17.0.9\" 2023-10-17' >&2",
    "systemctl": "echo active", "python3": "echo 3.9",
}  # fmt: skip


@dataclass
class Site:
    """All servers, the folder with the stages, and the environment of the operator (a test may change it)."""

    cluster: nodes.Cluster
    airflow: FakeAirflow
    gate: Unwell
    root: Path
    group: str
    environ: dict[str, str]

    @property
    def bucket(self) -> str:
        return self.environ["S3_BUCKET"]

    def client(self, service: str) -> Any:
        return nodes.client(service, self.cluster.endpoint)

    def put(self, key: str, body: bytes) -> None:
        self.client("s3").put_object(Bucket=self.bucket, Key=key, Body=body)

    def objects(self) -> set[str]:
        found = self.client("s3").get_paginator("list_objects_v2").paginate(Bucket=self.bucket)
        return {entry["Key"] for page in found for entry in page.get("Contents", [])}

    @contextmanager
    def says(self, node: int, program: str, line: str) -> Iterator[None]:
        """A program of a node says something else."""
        file = self.cluster.nodes[node].home / "bin" / program
        before = file.read_text() if file.exists() else None
        stub(file, line)
        yield
        if before is None:
            file.unlink()
        else:
            file.write_text(before)

    @contextmanager
    def without(self, *keys: str) -> Iterator[None]:
        """Objects that are away for a while."""
        s3, kept = self.client("s3"), dict[str, bytes]()
        for key in keys:
            kept[key] = s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()
            s3.delete_object(Bucket=self.bucket, Key=key)
        yield
        for key, body in kept.items():
            self.put(key, body)

    @contextmanager
    def holding(self, key: str, body: bytes) -> Iterator[None]:
        """An object with another content for a while."""
        s3 = self.client("s3")
        before = s3.get_object(Bucket=self.bucket, Key=key)["Body"].read() if key in self.objects() else None
        self.put(key, body)
        yield
        if before is None:
            s3.delete_object(Bucket=self.bucket, Key=key)
        else:
            self.put(key, before)


def stub(file: Path, line: str) -> None:
    file.write_text(f"#!/bin/sh\n{line}\n")
    file.chmod(0o755)


@contextmanager
def site(folder: Path, aws: str) -> Iterator[Site]:
    """Everything in order, all machines on."""
    with nodes.cluster(folder, aws) as cluster, fake_airflow() as airflow, unwell(aws) as gate:
        for node in cluster.nodes:
            _furnish(node)
        ec2 = nodes.client("ec2", aws)
        group = _group(ec2, cluster)
        ec2.start_instances(InstanceIds=cluster.instance_ids)
        environ = cluster.environ | environment(airflow) | {
            "AWS_ENDPOINT_URL": gate.url, "SPARK_HOME_ON_NODES": "spark", "AWS_EC2_METADATA_DISABLED": "true",
        }  # fmt: skip
        root = folder / "code"
        for stage in ("stage1", "stage2"):
            shutil.copytree(ROOT / stage, root / stage)
        airflow.connection = _connection(cluster, folder / "key")
        made = Site(cluster, airflow, gate, root, group, environ)
        made.put(f"raw-sensor-data/dt={DAY}/a.parquet", b"samples")
        made.put("road-network/segments.csv", b"roads")
        yield made


def deploy(made: Site) -> None:
    """The code of the site's folder, with the environment set."""
    settings = from_environment(made.environ)
    bundle.deploy(bundle.build(made.root, settings), settings, lambda line: None)


def _furnish(node: nodes.Node) -> None:
    """Spark's jars and configuration, and programs that say what a good node's say."""
    (node.home / "bin").mkdir()
    for name, line in PROGRAMS.items():
        stub(node.home / "bin" / name, line)
    node.environment["PATH"] = f"{node.home / 'bin'}:{node.environment['PATH']}"
    for name in (f"spark-core_2.13-{expected_spark()}", f"hadoop-client-api-{HADOOP}", f"hadoop-aws-{HADOOP}"):
        jar = node.home / "spark" / "jars" / f"{name}.jar"
        jar.parent.mkdir(parents=True, exist_ok=True)
        jar.touch()
    (node.home / "spark" / "conf").mkdir()
    (node.home / "spark" / "conf" / "spark-env.sh").write_text(SPARK_ENV)


def _group(ec2: Any, cluster: nodes.Cluster) -> str:
    """A security group that talks to itself, on every instance."""
    found = ec2.describe_instances(InstanceIds=cluster.instance_ids)["Reservations"][0]["Instances"][0]
    group = ec2.create_security_group(GroupName=f"spark-{found['InstanceId']}", Description="x", VpcId=found["VpcId"])
    ec2.authorize_security_group_ingress(GroupId=group["GroupId"], IpPermissions=[itself(group["GroupId"])])
    for instance_id in cluster.instance_ids:
        ec2.modify_instance_attribute(InstanceId=instance_id, Groups=[group["GroupId"]])
    return str(group["GroupId"])


def itself(group: str, low: int = 0, high: int = 65535) -> dict[str, Any]:
    """A rule that lets a group talk to itself."""
    return {"IpProtocol": "tcp", "FromPort": low, "ToPort": high, "UserIdGroupPairs": [{"GroupId": group}]}


def _connection(cluster: nodes.Cluster, key: Path) -> dict[str, Any]:
    extra = {"key_file": str(key), "host_key": cluster.master.public_host_key}
    return {
        "connection_id": "spark_master", "conn_type": "ssh", "host": cluster.master.ip, "port": cluster.master.port,
        "login": nodes.USER, "extra": json.dumps(extra),
    }  # fmt: skip
