"""The systemd units, as systemd itself reads them."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from pothole.cloud.airflow_health import SERVICES
from tests import needs

INFRA = Path(__file__).parents[2] / "infra"
EXPOSURE_AT_MOST = 1.7


def analyze(*arguments: str) -> str:
    needs.programs_of_the_system("systemd-analyze")
    ran = subprocess.run(["systemd-analyze", *arguments], capture_output=True, text=True, check=False, timeout=60)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout + ran.stderr


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """All units in one folder; their programs, which are not on this machine, are replaced by one that is."""
    for unit in [*INFRA.glob("airflow/*"), *INFRA.glob("spark/pothole-lease.[st][ei]*")]:
        text = re.sub(r"^(ExecStart=)\S+", r"\1/bin/true", unit.read_text(), flags=re.MULTILINE)
        (tmp_path / unit.name).write_text(text)
    return tmp_path


def test_systemd_understands_every_line(installed):
    assert len(list(installed.iterdir())) == 4
    units = [f"airflow@{name}.service" for name in SERVICES]
    units += ["airflow.target", "pothole-lease.service", "pothole-lease.timer"]
    assert analyze("verify", *(str(installed / unit) for unit in units)) == ""


def test_the_target_is_all_four_services():
    wants = re.search(r"^Wants=(.*)$", (INFRA / "airflow/airflow.target").read_text(), re.MULTILINE)
    assert wants and set(wants[1].split()) == {f"airflow@{name}.service" for name in SERVICES}


def test_airflow_runs_confined(installed):
    told = analyze("security", "--offline=true", str(installed / "airflow@scheduler.service"))
    exposure = re.search(r"Overall exposure level for airflow@scheduler.service: ([0-9.]+)", told)
    assert exposure and float(exposure[1]) <= EXPOSURE_AT_MOST


def test_a_service_that_ends_is_started_again_as_airflows_own_user():
    unit = (INFRA / "airflow/airflow@.service").read_text()
    assert {"Restart=always", "User=airflow", "EnvironmentFile=/etc/pothole/env"} <= set(unit.splitlines())
    assert re.search(r"^ExecStart=\S+/airflow %i$", unit, re.MULTILINE)
