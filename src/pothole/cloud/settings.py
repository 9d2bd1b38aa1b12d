"""Where the cluster is and how long things may take, from environment variables; standard library only."""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from pothole.errors import ConfigError

SSH_CONN_ID = "spark_master"


@dataclass(frozen=True)
class CloudSettings:
    """What an operator sets in the environment (`infra/env.sh.template` lists the variables)."""

    region: str
    bucket: str
    master_id: str
    worker_ids: tuple[str, ...]
    master_ip: str
    """The master's private address, as the other nodes and Spark know it."""
    code_prefix: str = "spark-job-code"
    lake_prefix: str = ""
    timezone: str = "Asia/Seoul"
    ssh_user: str = "ec2-user"
    ssh_key_file: str | None = None
    master_host_key: str | None = None
    """The master's public host key, ``ssh-ed25519 AAAA...``."""
    worker_host_keys: tuple[str | None, ...] = ()
    host_map: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    """Private address -> host and port to dial for SSH, where that is another one."""
    spark_home: str = "/opt/spark"
    job_dir: str = "/tmp/spark-job"  # noqa: S108 -- on the master, which is this cluster's alone
    start_deadline_seconds: float = 600.0
    stage_limit_seconds: float = 3600.0
    budget_seconds: float = 7200.0
    """A run that has been going for longer is stopped and failed."""
    retry_delay_seconds: float = 30.0
    """A stage that failed is tried once more after this long."""
    lease_minutes: float = 20.0
    """After this long without a sign of life from the run, the nodes shut themselves down."""
    price_per_hour: float | None = None
    """Price of one instance for an hour; none: cost is told in instance-seconds."""
    currency: str = "USD"
    log_format: str | None = None
    """``json``: the stages on the cluster write their log lines as JSON."""
    slack_conn_id: str | None = None
    smtp_conn_id: str | None = None
    email_to: str | None = None

    @property
    def instance_ids(self) -> tuple[str, ...]:
        """Master, then workers."""
        return (self.master_id, *self.worker_ids)

    @property
    def spark_master_uri(self) -> str:
        """Where Spark's master listens."""
        return f"spark://{self.master_ip}:7077"

    @property
    def lake_uri(self) -> str:
        """``s3://bucket[/prefix]``."""
        return f"s3://{self.bucket}/{self.lake_prefix}".rstrip("/")


def from_environment(environ: Mapping[str, str] = os.environ) -> CloudSettings:
    """The settings; one ConfigError that names every missing and malformed variable at once."""
    reader = _Reader(environ)
    workers = _worker_names(environ)
    settings: dict[str, Any] = {
        "region": reader.need("AWS_REGION", _pattern(r"[a-z]{2}(-[a-z]+)+-\d", "a region such as ap-northeast-2")),
        "bucket": reader.need("S3_BUCKET", _pattern(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", "a bucket's name, no s3://")),
        "master_id": reader.need("MASTER_INSTANCE_ID", _instance),
        "worker_ids": tuple(reader.need(f"{name}_INSTANCE_ID", _instance) for name in workers),
        "master_ip": reader.need("MASTER_PRIVATE_IP", _address),
        "worker_host_keys": tuple(reader.get(f"{name}_HOST_KEY", _host_key, None) for name in workers),
    }
    for name, (variable, parse) in _OPTIONAL.items():
        value = reader.get(variable, parse, None)
        if value is not None:
            settings[name] = value
    reader.finish()
    return CloudSettings(**settings)


def _worker_names(environ: Mapping[str, str]) -> list[str]:
    """WORKER1, WORKER2, ... up to the highest number that is set; at least WORKER1."""
    numbers = [int(m[1]) for m in (re.fullmatch(r"WORKER(\d+)_INSTANCE_ID", name) for name in environ) if m]
    return [f"WORKER{i}" for i in range(1, max(numbers, default=1) + 1)]


class _Reader:
    """Reads variables and collects what is wrong with them."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ, self._problems = environ, list[str]()

    def need(self, name: str, parse: Callable[[str], Any]) -> Any:
        if not self._environ.get(name, "").strip():
            self._problems.append(f"{name} is not set")
            return None
        return self.get(name, parse, None)

    def get(self, name: str, parse: Callable[[str], Any], default: Any) -> Any:
        text = self._environ.get(name, "").strip()
        if not text:
            return default
        try:
            return parse(text)
        except ValueError as error:
            self._problems.append(f"{name} is {text!r}, expected {error}")
            return default

    def finish(self) -> None:
        if self._problems:
            raise ConfigError(
                f"the environment is incomplete: {'; '.join(self._problems)}",
                hint="infra/env.sh.template lists the variables; fill a copy and load it for Airflow's services",
            )


def _pattern(pattern: str, expected: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise ValueError(expected)
        return text

    return parse


_instance = _pattern(r"i-[0-9a-f]{8,17}", "an instance id such as i-0123456789abcdef0")
_host_key = _pattern(r"(ssh-|ecdsa-)\S+ [A-Za-z0-9+/=]+( .*)?", "a public host key such as 'ssh-ed25519 AAAA...'")


def _address(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        raise ValueError("an IP address such as 10.0.0.5") from None


def _positive(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 < number < float("inf"):
        raise ValueError("a number above 0")
    return number


def _lease(text: str) -> float:
    """Renewals are a minute apart, and one may fail."""
    if (minutes := _positive(text)) < 5:
        raise ValueError("minutes, 5 or more")
    return minutes


def _zone(text: str) -> str:
    try:
        return ZoneInfo(text).key
    except Exception:
        raise ValueError("an IANA time zone such as Asia/Seoul") from None


def _host_map(text: str) -> dict[str, tuple[str, int]]:
    entries = {}
    for entry in text.split(","):
        match = re.fullmatch(r"\s*([^=\s]+)=([^=\s:]+)(?::(\d+))?\s*", entry)
        if match is None:
            raise ValueError("entries such as 10.0.0.5=bastion.example:2222, with commas between")
        entries[match[1]] = (match[2], int(match[3] or 22))
    return entries


def _prefix(text: str) -> str:
    return text.strip("/")


_OPTIONAL: dict[str, tuple[str, Callable[[str], Any]]] = {
    "code_prefix": ("S3_CODE_PREFIX", _prefix),
    "lake_prefix": ("S3_LAKE_PREFIX", _prefix),
    "timezone": ("POTHOLE_TIMEZONE", _zone),
    "ssh_user": ("SPARK_SSH_USER", str),
    "ssh_key_file": ("SPARK_SSH_KEY_FILE", str),
    "master_host_key": ("SPARK_MASTER_HOST_KEY", _host_key),
    "host_map": ("SPARK_HOST_MAP", _host_map),
    "spark_home": ("SPARK_HOME_ON_NODES", str),
    "job_dir": ("SPARK_JOB_DIR", str),
    "start_deadline_seconds": ("START_DEADLINE_SECONDS", _positive),
    "stage_limit_seconds": ("STAGE_LIMIT_SECONDS", _positive),
    "budget_seconds": ("RUN_BUDGET_SECONDS", _positive),
    "retry_delay_seconds": ("RETRY_DELAY_SECONDS", _positive),
    "lease_minutes": ("LEASE_MINUTES", _lease),
    "price_per_hour": ("INSTANCE_PRICE_PER_HOUR", _positive),
    "currency": ("PRICE_CURRENCY", str),
    "log_format": ("POTHOLE_LOG", _pattern(r"(?i:text|json)", "text or json")),
    "slack_conn_id": ("SLACK_CONN_ID", str),
    "smtp_conn_id": ("SMTP_CONN_ID", str),
    "email_to": ("NOTIFY_EMAIL", str),
}
