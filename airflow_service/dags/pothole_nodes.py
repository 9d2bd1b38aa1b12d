"""The cluster as Airflow reaches it: its connection ``spark_master`` over the settings, addresses from EC2."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from pothole.cloud.settings import SSH_CONN_ID, CloudSettings
from pothole.errors import ConfigError


def through_connection(settings: CloudSettings) -> tuple[CloudSettings, str | None]:
    """The settings with user, key file, host key and address of Airflow's connection; the private key, if it holds one.

    ConfigError when there is no such connection.
    """
    from airflow.sdk import BaseHook
    from airflow.sdk.exceptions import AirflowNotFoundException

    try:
        connection = BaseHook.get_connection(SSH_CONN_ID)
    except AirflowNotFoundException:
        raise ConfigError(
            f"Airflow has no connection {SSH_CONN_ID}", hint="`pothole airflow install` makes it from the environment"
        ) from None
    extra, hosts = connection.extra_dejson, dict(settings.host_map)
    if connection.host and settings.master_ip not in hosts:
        hosts[settings.master_ip] = (connection.host, connection.port or 22)
    private_key = extra.get("private_key")
    reached = dataclasses.replace(
        settings,
        host_map=hosts,
        ssh_user=connection.login or settings.ssh_user,
        ssh_key_file=None if private_key else extra.get("key_file") or settings.ssh_key_file,
        master_host_key=extra.get("host_key") or settings.master_host_key,
    )
    return reached, private_key


def nodes(settings: CloudSettings, ips: Mapping[str, str] | None = None) -> tuple[CloudSettings, Any, list[Any]]:
    """Settings, master and workers as they are dialled; addresses by instance id, by default as EC2 tells them."""
    from pothole.cloud import ec2, ssh

    reached, private_key = through_connection(settings)
    if ips is None:
        ips = {i.id: str(i.private_ip) for i in ec2.describe(reached).values()}
    return (reached, *ssh.hosts(reached, ips, private_key=private_key))
