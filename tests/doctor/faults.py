"""Faults by name: which check must find them, how it says so, and how they are planted (and taken out) in a ``Site``.

Those of ``TOGETHER`` can be seen at the same time; each of ``ALONE`` hides something else.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncssh

from tests.servers.site import DAY, SPARK_ENV, Site, itself

Plant = Callable[[Site], AbstractContextManager[None]]


@dataclass(frozen=True)
class Fault:
    """``words`` stand in what was found, ``fix`` in what mends it."""

    check: str
    words: str
    fix: str
    plant: Plant
    status: str = "wrong"


def environ(**values: str) -> Plant:
    """Variables that are otherwise; an empty one is as good as none."""

    @contextmanager
    def plant(site: Site) -> Iterator[None]:
        site.environ = site.environ | values
        yield

    return plant


def airflow(**values: Any) -> Plant:
    @contextmanager
    def plant(site: Site) -> Iterator[None]:
        before = {name: getattr(site.airflow, name) for name in values}
        for name, value in values.items():
            setattr(site.airflow, name, value)
        yield
        for name, value in before.items():
            setattr(site.airflow, name, value)

    return plant


def down(*services: str) -> Plant:
    @contextmanager
    def plant(site: Site) -> Iterator[None]:
        site.airflow.down.update(services)
        yield
        site.airflow.down.difference_update(services)

    return plant


def denied(*what: str) -> Plant:
    """What the role may not do (see ``Unwell``)."""

    @contextmanager
    def plant(site: Site) -> Iterator[None]:
        site.gate.denied.update(what)
        yield
        site.gate.denied.difference_update(what)

    return plant


def says(node: int, program: str, line: str) -> Plant:
    return lambda site: site.says(node, program, line)


def file(node: int, path: str, content: str | None) -> Plant:
    """A file of a node with other content, or away."""

    @contextmanager
    def plant(site: Site) -> Iterator[None]:
        place = site.cluster.nodes[node].home / path
        before = place.read_text()
        if content is None:
            place.unlink()
        else:
            place.write_text(content)
        yield
        place.write_text(before)

    return plant


def holding(key: str, body: bytes) -> Plant:
    return lambda site: site.holding(key, body)


def without(*keys: str) -> Plant:
    return lambda site: site.without(*keys)


def connection(**changes: Any) -> Plant:
    """Airflow's connection with other values; ``extra`` is merged into its own."""

    @contextmanager
    def plant(site: Site) -> Iterator[None]:
        before = site.airflow.connection
        assert before is not None
        extra = json.loads(before["extra"]) | changes.pop("extra", {})
        site.airflow.connection = before | changes | {"extra": json.dumps(extra)}
        yield
        site.airflow.connection = before

    return plant


def stage_file(path: str, change: Callable[[str], str]) -> Plant:
    """A file of the folder that is deployed, changed."""

    @contextmanager
    def plant(site: Site) -> Iterator[None]:
        place = site.root / path
        before = place.read_text()
        place.write_text(change(before))
        yield
        place.write_text(before)

    return plant


@contextmanager
def spark_of_another_version(site: Site) -> Iterator[None]:
    jars = site.cluster.nodes[1].home / "spark" / "jars"
    (mine,) = jars.glob("spark-core_*.jar")
    other = mine.rename(jars / "spark-core_2.13-4.2.0.jar")
    yield
    other.rename(mine)


@contextmanager
def no_s3a_jars(site: Site) -> Iterator[None]:
    (mine,) = (site.cluster.master.home / "spark" / "jars").glob("hadoop-aws-*.jar")
    other = mine.rename(mine.with_suffix(".away"))
    yield
    other.rename(mine)


@contextmanager
def group_without_ephemeral_ports(site: Site) -> Iterator[None]:
    ec2 = site.client("ec2")
    ec2.revoke_security_group_ingress(GroupId=site.group, IpPermissions=[itself(site.group)])
    ec2.authorize_security_group_ingress(GroupId=site.group, IpPermissions=[itself(site.group, 7077, 7078)])
    yield
    ec2.revoke_security_group_ingress(GroupId=site.group, IpPermissions=[itself(site.group, 7077, 7078)])
    ec2.authorize_security_group_ingress(GroupId=site.group, IpPermissions=[itself(site.group)])


def open_to_the_world(port: int, cidr: str) -> Plant:
    @contextmanager
    def plant(site: Site) -> Iterator[None]:
        ranges = {"Ipv6Ranges": [{"CidrIpv6": cidr}]} if ":" in cidr else {"IpRanges": [{"CidrIp": cidr}]}
        rule = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port} | ranges
        ec2 = site.client("ec2")
        ec2.authorize_security_group_ingress(GroupId=site.group, IpPermissions=[rule])
        yield
        ec2.revoke_security_group_ingress(GroupId=site.group, IpPermissions=[rule])

    return plant


@contextmanager
def worker_of_another_network(site: Site) -> Iterator[None]:
    """A machine with the second worker's address in a VPC of its own."""
    ec2, ip = site.client("ec2"), site.cluster.nodes[2].ip
    vpc = ec2.create_vpc(CidrBlock=f"{ip.rsplit('.', 2)[0]}.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock=f"{ip.rsplit('.', 2)[0]}.0.0/16")["Subnet"]["SubnetId"]
    made = ec2.run_instances(
        ImageId="ami-12c6146b", MinCount=1, MaxCount=1, SubnetId=subnet, PrivateIpAddress=ip,
        SecurityGroupIds=[site.group],
    )["Instances"][0]["InstanceId"]  # fmt: skip
    with environ(WORKER2_INSTANCE_ID=made)(site):
        yield
    ec2.terminate_instances(InstanceIds=[made])


@contextmanager
def terminated_worker(site: Site) -> Iterator[None]:
    ec2 = site.client("ec2")
    made = ec2.run_instances(ImageId="ami-12c6146b", MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]
    ec2.terminate_instances(InstanceIds=[made])
    with environ(WORKER2_INSTANCE_ID=made)(site):
        yield


@contextmanager
def another_host_key(site: Site) -> Iterator[None]:
    with environ(WORKER2_HOST_KEY=host_key())(site):
        yield


@contextmanager
def key_that_others_read(site: Site) -> Iterator[None]:
    key = Path(site.environ["SPARK_SSH_KEY_FILE"])
    key.chmod(0o644)
    yield
    key.chmod(0o600)


@contextmanager
def another_key(site: Site) -> Iterator[None]:
    place = site.root / "another-key"
    asyncssh.generate_private_key("ssh-ed25519").write_private_key(str(place))
    place.chmod(0o600)
    with environ(SPARK_SSH_KEY_FILE=str(place))(site):
        yield
    place.unlink()


@contextmanager
def nothing_deployed(site: Site) -> Iterator[None]:
    with site.without(*(key for key in site.objects() if key.startswith("spark-job-code/"))):
        yield


def host_key() -> str:
    made = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
    return " ".join(made.split()[:2])


IMPORT_ERROR = {
    "filename": "/opt/airflow/dags/pothole_pipeline_dag.py",
    "stack_trace": "Traceback (most recent call last):\n  File x\nModuleNotFoundError: No module named 'pothole'\n",
}
FULL = "echo x; echo 'disk 9 9 1048576 99% /'"
SPARK_OPTION = 'spark:\n    spark.eventLog.dir: "s3://roads/events"'
MANIFEST = json.dumps({
    "dataset": "quarantine", "date": DAY, "run_id": "r-1", "schema_version": 1, "code_version": "1",
    "config_hash": "x", "inputs": [], "files": [{"path": "run-r-1/part-0.parquet", "rows": 0, "bytes": 1}],
}).encode()  # fmt: skip

TOGETHER = {
    "the scheduler is down": Fault(
        "airflow-services", "the scheduler is down", "pothole airflow up", down("scheduler")
    ),
    "the triggerer is down": Fault(
        "airflow-services", "the triggerer is down", "pothole airflow up", down("triggerer")
    ),
    "a DAG file cannot be loaded": Fault(
        "dag", "No module named 'pothole'", "dag-processor", airflow(import_errors=[IMPORT_ERROR])
    ),
    "the DAG is paused": Fault("dag", "is paused", "airflow dags unpause", airflow(paused=True)),
    "there is no connection": Fault(
        "connection", "has no connection spark_master", "pothole airflow install", airflow(connection=None)
    ),
    "machines may not be stopped": Fault(
        "ec2-permissions", "ec2:StopInstances is refused", "allow ec2:StopInstances", denied("StopInstances")
    ),
    "S3 may not be written": Fault(
        "s3-permissions", "s3:PutObject", "allow s3:PutObject on arn:aws:s3:::", denied("PUT /runs/")
    ),
    "a worker is of another network": Fault(
        "network", "are of 2 networks", "anew in this one", worker_of_another_network
    ),
    "the group blocks ephemeral ports": Fault(
        "security-group", "7077-7078 alone", "authorize-security-group-ingress", group_without_ephemeral_ports
    ),
    "SSH is open to the world": Fault(
        "open-ports", "open to 0.0.0.0/0 on tcp 22", "revoke-security-group-ingress",
        open_to_the_world(22, "0.0.0.0/0"), "warning",
    ),
    "the master's page is open to the world": Fault(
        "open-ports", "open to ::/0 on tcp 8080", "CidrIpv6=::/0", open_to_the_world(8080, "::/0"), "warning"
    ),
    "the master has another address": Fault(
        "addresses", "MASTER_PRIVATE_IP is 10.9.9.9", "set MASTER_PRIVATE_IP=127.",
        environ(MASTER_PRIVATE_IP="10.9.9.9"),
    ),
    "a node shows another host key": Fault(
        "ssh", "shows another host key than the pinned one", "WORKER2_HOST_KEY=", another_host_key
    ),
    "a worker's port is not set": Fault(
        "worker-port", "SPARK_WORKER_PORT is not set", "SPARK_WORKER_PORT=7078",
        file(1, "spark/conf/spark-env.sh", SPARK_ENV.replace("SPARK_WORKER_PORT=7078", "SPARK_MASTER_PORT=7077")),
    ),
    "a disk is full": Fault("disk", "1.0 GiB are free", "remove old Spark work folders", says(0, "df", FULL)),
    "Spark is of another version": Fault(
        "spark-version", "Spark is 4.2.0", "install Spark", spark_of_another_version
    ),
    "Spark cannot read S3": Fault("s3a-jars", "no hadoop-aws jar", "infra/spark/s3a", no_s3a_jars),
    "Java is too old": Fault(
        "java", "Java is 11", "install Java 17", says(1, "java", "echo 'openjdk version \"11.0.2\"' >&2")
    ),
    "a clock is wrong": Fault(
        "clock", "s from this machine's", "chronyc", says(0, "date", 'exec /bin/date -d "+10 minutes" "$@"')
    ),
    "a node would not stop by itself": Fault(
        "lease-timer", "pothole-lease.timer is inactive", "systemctl enable",
        says(1, "systemctl", "echo inactive; exit 3"),
    ),
    "a stage has another lake": Fault(
        "configuration", "lake is s3a://elsewhere", "lake: null",
        stage_file("stage2/config_stage2.yaml", lambda t: t.replace("lake: null", "lake: s3://elsewhere")),
    ),
    "an option of Spark has s3://": Fault(
        "configuration", 'No FileSystem for scheme "s3"', "s3a://roads/events",
        stage_file("stage1/config_stage1.yaml", lambda t: t.replace("spark:", SPARK_OPTION, 1)),
    ),
    "the code was edited on S3": Fault(
        "code", "stage1/connection_stage1.py (changed)", "pothole deploy",
        holding("spark-job-code/stage1/connection_stage1.py", b"# somebody's own\n"),
    ),
    "there is no input": Fault(
        "input", "입력 데이터 없음", "upload of that day", without(f"raw-sensor-data/dt={DAY}/a.parquet")
    ),
    "there is no road network": Fault(
        "road-network", "there is no road network", "pothole roads build",
        without("road-network/segments.csv"), "warning",
    ),
    "an earlier output is damaged": Fault(
        "previous-output", "part-0.parquet, which is not there", "--force",
        holding(f"quarantine/dt={DAY}/_manifest.json", MANIFEST),
    ),
    "the key is readable for others": Fault(
        "environment-extras", "is readable for others", "chmod 600", key_that_others_read, "warning"
    ),
}  # fmt: skip

ALONE = {
    "variables are missing": Fault(
        "environment", "S3_BUCKET is not set", "env.sh.template", environ(S3_BUCKET="", WORKER1_INSTANCE_ID="worker")
    ),
    "the key is not there": Fault(
        "environment-extras", "no readable file", "check the path", environ(SPARK_SSH_KEY_FILE="/nowhere/key")
    ),
    "host keys are not set": Fault(
        "environment-extras", "not set: SPARK_MASTER_HOST_KEY", "get-console-output",
        environ(SPARK_MASTER_HOST_KEY=""), "warning",
    ),
    "Airflow is not there": Fault(
        "airflow-services", "does not answer", "api-server", environ(AIRFLOW_API_URL="http://127.0.0.1:9")
    ),
    "Airflow's address is none": Fault(
        "airflow-services", "AIRFLOW_API_URL is not an address", "http://", environ(AIRFLOW_API_URL="airflow:8080")
    ),
    "the DAG processor and the database are down": Fault(
        "airflow-services", "the dag-processor is down", "pothole airflow up", down("dag_processor", "metadatabase")
    ),
    "the password is wrong": Fault(
        "airflow-login", "refuses the user", "AIRFLOW_PASSWORD", environ(AIRFLOW_PASSWORD="another")
    ),
    "the DAG is not loaded": Fault("dag", "is not loaded", "pothole airflow install", airflow(loaded=False)),
    "the credentials are refused": Fault(
        "aws-credentials", "AccessDenied", "AWS_PROFILE", denied("GetCallerIdentity")
    ),
    "the profile is not there": Fault(
        "aws-credentials", "nobody", "AWS_PROFILE", environ(AWS_PROFILE="nobody")
    ),
    "machines may not be described": Fault(
        "instances", "cannot describe instances", "ec2:DescribeInstances", denied("DescribeInstances")
    ),
    "S3 may not be listed and read": Fault(
        "s3-permissions", "s3:GetObject", "allow s3:GetObject", denied("GET /")
    ),
    "the code may not be written": Fault(
        "s3-permissions", "needed for `pothole deploy` alone", "allow s3:PutObject on arn:aws:s3:::",
        denied("PUT /spark-job-code/"), "warning",
    ),
    "the bucket is not there": Fault(
        "s3-permissions", "there is no such bucket", "S3_BUCKET", environ(S3_BUCKET="no-such-bucket-here")
    ),
    "an instance is not there": Fault(
        "instances", "there is no instance i-0123456789abcdef0", "WORKERn_INSTANCE_ID",
        environ(WORKER2_INSTANCE_ID="i-0123456789abcdef0"),
    ),
    "an instance is terminated": Fault("instances", "is terminated", "make a new one", terminated_worker),
    "the nodes refuse the key": Fault("ssh", "refuses the key", "SPARK_SSH_KEY_FILE", another_key),
    "the connection's variable is damaged": Fault(
        "connection", "AIRFLOW_CONN_SPARK_MASTER is not valid JSON", "pothole airflow install",
        environ(AIRFLOW_CONN_SPARK_MASTER="{"),
    ),
    "the connection has another host": Fault(
        "connection", "host is 10.0.0.9, expected 127.", "pothole airflow install", connection(host="10.0.0.9")
    ),
    "the connection has another host key": Fault(
        "connection", "host_key is", "pothole airflow install", connection(extra={"host_key": host_key()})
    ),
    "the connection's key is not there": Fault(
        "connection", "opens nothing: cannot read the key", "SPARK_SSH_KEY_FILE",
        connection(extra={"key_file": "/nowhere/key"}),
    ),
    "a worker's port is another": Fault(
        "worker-port", "SPARK_WORKER_PORT is 7079, expected 7078", "tee -a",
        file(2, "spark/conf/spark-env.sh", SPARK_ENV.replace("7078", "7079")),
    ),
    "spark-env.sh names no Python": Fault(
        "python", "python3 (PYSPARK_PYTHON in spark/conf/spark-env.sh) is Python 3.9, expected Python 3.11 or later",
        "echo 'export PYSPARK_PYTHON=/usr/bin/python3.11'",
        file(1, "spark/conf/spark-env.sh", "export SPARK_WORKER_PORT=7078\n"),
    ),
    "spark-env.sh names a Python that is not there": Fault(
        "python", "/usr/bin/python9.9 (PYSPARK_PYTHON in spark/conf/spark-env.sh) does not run",
        "dnf install -y python3.11",
        file(2, "spark/conf/spark-env.sh", "PYSPARK_PYTHON=/usr/bin/python9.9\n"),
    ),
    "the driver has another Python": Fault(
        "python", "python3 (PYSPARK_DRIVER_PYTHON in spark/conf/spark-env.sh) is Python 3.9",
        "echo 'export PYSPARK_DRIVER_PYTHON=/usr/bin/python3.11'",
        file(0, "spark/conf/spark-env.sh", f"{SPARK_ENV}export PYSPARK_DRIVER_PYTHON=python3\n"),
    ),
    "there is no Java": Fault(
        "java", "there is no Java", "JAVA_HOME", says(2, "java", "echo 'java: not found'; exit 127")
    ),
    "a clock is a little wrong": Fault(
        "clock", "s from this machine's", "chronyc", says(2, "date", 'exec /bin/date -d "-20 seconds" "$@"'), "warning"
    ),
    "a disk fills up": Fault(
        "disk", "only 7.0 GiB are free", "enlarge", says(1, "df", "echo x; echo 'disk 9 9 7340032 80% /'"), "warning"
    ),
    "the configuration has an unknown key": Fault(
        "configuration", "unknown configuration key timezon", "timezone",
        stage_file("stage1/config_stage1.yaml", lambda t: t.replace("timezone:", "timezon:")),
    ),
    "no code is deployed": Fault("code", "no code is deployed", "pothole deploy", nothing_deployed),
    "what is deployed is not known": Fault(
        "code", "_manifest.json is damaged", "pothole deploy", holding("spark-job-code/_manifest.json", b"{")
    ),
    "an earlier run published a part": Fault(
        "previous-output", "is published in part", "--force", lambda site: published_in_part(site), "warning"
    ),
}  # fmt: skip


@contextmanager
def published_in_part(site: Site) -> Iterator[None]:
    with (
        site.holding(f"quarantine/dt={DAY}/_manifest.json", MANIFEST),
        site.holding(f"quarantine/dt={DAY}/run-r-1/part-0.parquet", b"x"),
    ):
        yield
