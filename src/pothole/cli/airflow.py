"""``pothole airflow``: put the DAG and its connection where Airflow finds them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from pothole.cli import app
from pothole.cli.console import out
from pothole.errors import PipelineFailure, UserError

airflow = typer.Typer(no_args_is_help=True, help="Airflow's side: the DAG files and the connection to the master.")
app.add_typer(airflow, name="airflow")


@airflow.command(epilog="Example: pothole airflow install --yes")
def install(
    dags: Annotated[Path, typer.Option(help="The repository's DAG files.")] = Path("airflow_service/dags"),
    yes: Annotated[bool, typer.Option("--yes", help="Overwrite without asking.")] = False,
) -> None:
    """Link the DAG files into AIRFLOW_HOME/dags and register the connection spark_master from the environment."""
    from pothole.cloud.settings import SSH_CONN_ID, from_environment

    settings = from_environment()
    home = Path(os.environ.get("AIRFLOW_HOME", Path.home() / "airflow"))
    files = sorted(dags.glob("*.py"))
    if not files:
        raise UserError(f"there are no DAG files in {dags}", hint="run it in the repository, or give --dags")
    for file in files:
        _link(file.resolve(), home / "dags" / file.name, yes)
    if not settings.ssh_key_file or not settings.master_host_key:
        raise UserError(
            "SPARK_SSH_KEY_FILE and SPARK_MASTER_HOST_KEY are needed for the connection",
            hint="the host key is in the instance's console output",
        )
    host, port = settings.host_map.get(settings.master_ip, (settings.master_ip, 22))
    extra = {"key_file": settings.ssh_key_file, "host_key": settings.master_host_key}
    content = {"conn_type": "ssh", "host": host, "port": port, "login": settings.ssh_user, "extra": json.dumps(extra)}
    _register(SSH_CONN_ID, content, yes)


def _link(source: Path, target: Path, yes: bool) -> None:
    if target.is_symlink() and target.resolve() == source:
        out.print(f"{target} is linked already", soft_wrap=True)
        return
    if (target.exists() or target.is_symlink()) and not (yes or typer.confirm(f"replace {target}?")):
        out.print(f"{target} is left as it was", soft_wrap=True)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    target.symlink_to(source)
    out.print(f"{target} -> {source}", soft_wrap=True)


def _register(name: str, content: dict[str, object], yes: bool) -> None:
    """Through Airflow's command line, with the content in a file, never in an argument."""
    there = _airflow("connections", "get", name, check=False).returncode == 0
    if there and not (yes or typer.confirm(f"Airflow has a connection {name}; replace it?")):
        out.print(f"connection {name} is left as it was")
        return
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "connections.json"
        file.touch(mode=0o600)
        file.write_text(json.dumps({name: content}))
        _airflow("connections", "import", "--overwrite", str(file))
    out.print(f"connection {name}: {content['login']}@{content['host']}:{content['port']}")


def _airflow(*arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    ran = subprocess.run([sys.executable, "-m", "airflow", *arguments], capture_output=True, text=True, check=False)
    if check and ran.returncode:
        said = (ran.stderr or ran.stdout).strip().splitlines()
        raise PipelineFailure(
            f"airflow {' '.join(arguments[:2])} failed: {said[-1] if said else ''}",
            hint="is Airflow installed here and its database migrated (`airflow db migrate`)?",
        )
    return ran
