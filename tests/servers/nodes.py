"""Machines of a cluster for tests: SSH servers on loopback addresses of their own, and instances of EC2 (moto).

A node runs commands as this user in a real shell, in a home of its own. All of 127.0.0.0/8 is loopback, so that master
and workers keep the ports that they have in production.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import subprocess
import sys
import threading
import uuid
from collections.abc import Coroutine, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncssh
import boto3

from tests.servers import s3a, warden

USER = "ec2-user"
KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "us-east-1"}


class Loop:
    """An event loop in a thread of its own."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(60)

    def close(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(10)


@dataclass
class Node:
    """One machine: address, SSH port, home, host key, and what its shells find in the environment."""

    ip: str
    home: Path
    environment: dict[str, str]
    client_key: asyncssh.SSHKey
    loop: Loop
    port: int = 0
    host_key: asyncssh.SSHKey = field(default_factory=lambda: asyncssh.generate_private_key("ssh-ed25519"))
    commands: list[str] = field(default_factory=list)
    shell: tuple[str, ...] = ("bash", "-c")
    _server: Any = None
    _connections: list[Any] = field(default_factory=list)

    @property
    def public_host_key(self) -> str:
        return " ".join(self.host_key.export_public_key().decode().split()[:2])

    def up(self) -> None:
        """Listen (again), on the same port."""
        self.loop.run(self._listen())

    async def _listen(self) -> None:
        node = self

        class Server(asyncssh.SSHServer):
            def connection_made(self, conn: Any) -> None:
                node._connections.append(conn)

            def begin_auth(self, username: str) -> bool:
                return True

            def public_key_auth_supported(self) -> bool:
                return True

            def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
                return username == USER and key == node.client_key.convert_to_public()

        self._server = await asyncssh.create_server(
            Server, self.ip, self.port, server_host_keys=[self.host_key], process_factory=self._serve, encoding=None
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def _serve(self, process: Any) -> None:
        self.commands.append(process.command)
        child = await asyncio.create_subprocess_exec(
            *self.shell, process.command, cwd=self.home, env=self.environment,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        # Without the last: with both sides at their end the channel would close before the exit status is told.
        await process.redirect(stdin=child.stdin, stdout=child.stdout, stderr=child.stderr, send_eof=False)
        status = await child.wait()
        await process.stdout.drain()
        process.exit(status)

    def cut(self) -> None:
        """Drop all connections; new ones are welcome."""
        connections, self._connections = self._connections, []
        for connection in connections:
            self.loop.loop.call_soon_threadsafe(connection.abort)

    def down(self) -> None:
        """Drop all connections and take no more; what runs goes on."""
        self.cut()
        if self._server is not None:
            server, self._server = self._server, None
            self.loop.loop.call_soon_threadsafe(server.close)


@dataclass
class Cluster:
    """Master (the first) and workers, their instances, and the variables that lead to them."""

    nodes: list[Node]
    instance_ids: list[str]
    environ: dict[str, str]
    endpoint: str

    @property
    def master(self) -> Node:
        return self.nodes[0]

    def states(self) -> list[str]:
        """The instances' states, in order."""
        ec2 = client("ec2", self.endpoint)
        found = ec2.describe_instances(InstanceIds=self.instance_ids)["Reservations"]
        states = {i["InstanceId"]: i["State"]["Name"] for r in found for i in r["Instances"]}
        return [states[i] for i in self.instance_ids]


def client(service: str, endpoint: str) -> Any:
    return boto3.client(
        service, endpoint_url=endpoint, aws_access_key_id="test", aws_secret_access_key="test", region_name="us-east-1"
    )


@contextmanager
def nodes(folder: Path, count: int, environment: Mapping[str, str]) -> Iterator[list[Node]]:
    """So many SSH servers; the key that they take lies in ``folder/key``."""
    loop, key = Loop(), asyncssh.generate_private_key("ssh-ed25519")
    key.write_private_key(str(folder / "key"))
    (folder / "key").chmod(0o600)
    made = []
    net = f"127.{random.randint(16, 250)}.{random.randint(1, 250)}"
    for number in range(count):
        home = folder / f"node{number}"
        home.mkdir()
        own = {
            "HOME": str(home), "PATH": os.environ["PATH"], "LANG": "C.UTF-8",
            "POTHOLE_LEASE_FILE": str(home / "lease"), warden.VARIABLE: os.environ[warden.VARIABLE],
        } | s3a.SHORT_LIVED  # fmt: skip
        made.append(Node(f"{net}.{number + 1}", home, own | dict(environment), key, loop))
    try:
        for node in made:
            node.up()
        yield made
    finally:
        for node in made:
            node.down()
            subprocess.run(["pkill", "-KILL", "-f", f"{node.home}/"], check=False)
        loop.close()


def instances(endpoint: str, made: list[Node]) -> list[str]:
    """An instance of EC2 for every node, with its address, stopped."""
    ec2 = client("ec2", endpoint)
    net = ".".join(made[0].ip.split(".")[:2]) + ".0.0/16"
    vpc = ec2.create_vpc(CidrBlock=net)["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock=net)["Subnet"]["SubnetId"]
    ids = [
        ec2.run_instances(
            ImageId="ami-12c6146b", MinCount=1, MaxCount=1, SubnetId=subnet, PrivateIpAddress=node.ip
        )["Instances"][0]["InstanceId"]
        for node in made
    ]  # fmt: skip
    ec2.stop_instances(InstanceIds=ids)
    return ids


@contextmanager
def cluster(
    folder: Path, endpoint: str, *, workers: int = 2, environment: Mapping[str, str] | None = None
) -> Iterator[Cluster]:
    """A stopped cluster with its bucket; ``environ`` is what an operator would set."""
    bucket = f"pothole-{uuid.uuid4().hex[:10]}"
    client("s3", endpoint).create_bucket(Bucket=bucket)
    aws = KEYS | {"AWS_ENDPOINT_URL": endpoint}
    with nodes(folder, workers + 1, aws | dict(environment or {})) as made:
        ids = instances(endpoint, made)
        environ = aws | {
            "S3_BUCKET": bucket,
            "MASTER_INSTANCE_ID": ids[0],
            "MASTER_PRIVATE_IP": made[0].ip,
            "SPARK_MASTER_HOST_KEY": made[0].public_host_key,
            "SPARK_SSH_KEY_FILE": str(folder / "key"),
            "SPARK_HOST_MAP": ",".join(f"{n.ip}={n.ip}:{n.port}" for n in made),
            "SPARK_JOB_DIR": "spark-job",
            "START_DEADLINE_SECONDS": "60",
        }
        for number, (node, instance_id) in enumerate(zip(made[1:], ids[1:], strict=True), 1):
            environ |= {f"WORKER{number}_INSTANCE_ID": instance_id, f"WORKER{number}_HOST_KEY": node.public_host_key}
        yield Cluster(made, ids, environ, endpoint)


def pyspark_home() -> str:
    """Where pip's PySpark lies: a whole Spark."""
    ran = subprocess.run(
        [sys.executable, "-c", "import pyspark, os; print(os.path.dirname(pyspark.__file__))"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return ran.stdout.strip()


def upload(made: Cluster, lake: Path, *datasets: str) -> None:
    """Bring datasets of a local lake into the cluster's bucket."""
    s3 = client("s3", made.endpoint)
    for dataset in datasets:
        for path in (lake / dataset).rglob("*"):
            if path.is_file():
                s3.upload_file(str(path), made.environ["S3_BUCKET"], path.relative_to(lake).as_posix())


def connection(folder: Path, made: Cluster) -> dict[str, str]:
    """Airflow's connection to the master, as an environment variable gives it."""
    extra = {"key_file": str(folder / "key"), "host_key": made.master.public_host_key}
    content = {"conn_type": "ssh", "host": made.master.ip, "port": made.master.port, "login": USER, "extra": extra}
    return {"AIRFLOW_CONN_SPARK_MASTER": json.dumps(content)}
