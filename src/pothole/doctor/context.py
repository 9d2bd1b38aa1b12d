"""What the checks share: the environment, the day, and what was asked of a server already."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pothole.cloud.http_json import Session
from pothole.cloud.settings import CloudSettings, from_environment

if TYPE_CHECKING:
    from pothole.cloud.build import Bundle
    from pothole.doctor.probe import Probe


@dataclass
class Context:
    """Everything is asked for once, by the first check that needs it. ``root`` holds ``stage1/``, ``stage2/``, ..."""

    environ: Mapping[str, str]
    day: str
    root: Path = Path(".")

    @cached_property
    def settings(self) -> CloudSettings:
        """ConfigError names every variable that is missing or wrong."""
        return from_environment(self.environ)

    @cached_property
    def airflow(self) -> Session:
        """Airflow's API; AirflowApiErrors when it is asked."""
        return Session(self.environ)

    @cached_property
    def instances(self) -> dict[str, dict[str, Any]]:
        """The cluster's instances that exist, as EC2 describes them, by id, in the settings' order."""
        from pothole.doctor import aws

        return aws.instances(self.settings)

    @cached_property
    def groups(self) -> dict[str, dict[str, Any]]:
        """The instances' security groups as EC2 describes them, by id."""
        from pothole.doctor import aws

        return aws.groups(self.settings, self.instances.values())

    @cached_property
    def probes(self) -> list[Probe]:
        """What every node told of itself, or why it told nothing: master first."""
        from pothole.doctor import probe

        return probe.probes(self.settings, self.instances)

    @cached_property
    def bundle(self) -> Bundle:
        """The code as this folder would deploy it; UserError where it is not valid."""
        from pothole.cloud.build import build

        return build(self.root, self.settings)
