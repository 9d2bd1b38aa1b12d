"""Homes of Airflow with a migrated database: it is made once a run of pytest, and copied."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.servers import shared


def migrated(home: Path) -> Path:
    """The folder, made where it is missing, with ``airflow.db``."""
    home.mkdir(parents=True, exist_ok=True)
    shutil.copy(shared.once("airflow-template", _migrate) / "airflow.db", home)
    return home


def _migrate(home: Path) -> None:
    own = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")}
    subprocess.run(
        [sys.executable, "-m", "airflow", "db", "migrate"], env=own | {"AIRFLOW_HOME": str(home)},
        check=True, capture_output=True, timeout=180,
    )  # fmt: skip
