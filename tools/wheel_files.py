"""Hatch calls this when it builds a wheel: the operators' files go with it, where `pothole.repository` looks.

Not into an editable install, which finds them in the repository.
"""

from __future__ import annotations

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

FOLDERS = ("airflow_service", "infra", "stage1", "stage2")


class WheelFiles(BuildHookInterface):  # type: ignore[misc]
    """Adds the folders to a standard wheel."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """``version`` is the wheel's kind, ``standard`` or ``editable``."""
        if version == "standard":
            build_data["force_include"] |= {name: f"pothole/_repository/{name}" for name in FOLDERS}
