"""Homes of Airflow with a migrated database: it is made once a run of pytest, and copied."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.servers.shared import shared_folder


def migrated(home: Path) -> Path:
    """The folder, made where it is missing, with ``airflow.db``."""
    home.mkdir(parents=True, exist_ok=True)
    shutil.copy(_template(shared_folder() / "airflow-template"), home)
    return home


def _template(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    database = folder / "airflow.db"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another worker of pytest may be making it
        if not (folder / "made").exists():
            own = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")}
            subprocess.run(
                [sys.executable, "-m", "airflow", "db", "migrate"], env=own | {"AIRFLOW_HOME": str(folder)},
                check=True, capture_output=True, timeout=180,
            )  # fmt: skip
            (folder / "made").touch()
    return database
