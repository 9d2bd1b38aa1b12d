"""``pothole airflow``: put the DAG and its connection where Airflow finds them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pothole.cli import app
from pothole.cli.console import out
from pothole.errors import UserError

if TYPE_CHECKING:
    from pothole.cloud.settings import CloudSettings

airflow = typer.Typer(no_args_is_help=True, help="Airflow's side: the DAG files and the connection to the master.")
app.add_typer(airflow, name="airflow")


@airflow.command(epilog="Example: pothole airflow install --yes")
def install(
    dags: Annotated[Path | None, typer.Option(help="DAG files; airflow_service/dags here, else the package's.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Overwrite without asking.")] = False,
) -> None:
    """Link the DAG files into AIRFLOW_HOME/dags and register the connection spark_master from the environment."""
    from pothole import repository
    from pothole.cloud.settings import SSH_CONN_ID, from_environment

    dags = repository.find(dags, "airflow_service/dags")
    files = sorted(dags.glob("*.py"))
    if not files:
        raise UserError(f"there are no DAG files in {dags}", hint="run it in the repository, or give --dags")
    wanted = _connection(from_environment())
    folder = Path(os.environ.get("AIRFLOW_HOME") or Path.home() / "airflow").expanduser() / "dags"
    for file in files:
        _link(file.resolve(), folder / file.name, yes)
    other = os.environ.get("AIRFLOW__CORE__DAGS_FOLDER")
    if other and Path(other).resolve() != folder.resolve():
        out.print(
            f"AIRFLOW__CORE__DAGS_FOLDER is {other}: Airflow does not read {folder}", markup=False, soft_wrap=True
        )
    _register(SSH_CONN_ID, wanted, yes)


def _connection(settings: CloudSettings) -> dict[str, Any]:
    """The connection to the master as the environment describes it; UserError where it does not."""
    needed = {"SPARK_SSH_KEY_FILE": settings.ssh_key_file, "SPARK_MASTER_HOST_KEY": settings.master_host_key}
    missing = [name for name, value in needed.items() if not value]
    if missing:
        raise UserError(
            f"not set: {', '.join(missing)}",
            hint="the private key of the instances; the public host key from the master's console output",
        )
    key = Path(str(settings.ssh_key_file)).expanduser().resolve()
    if not os.access(key, os.R_OK) or not key.is_file():
        raise UserError(f"SPARK_SSH_KEY_FILE is {key}, which is no readable file", hint="check the path and its owner")
    host, port = settings.host_map.get(settings.master_ip, (settings.master_ip, 22))
    extra = {"key_file": str(key), "host_key": settings.master_host_key}
    return {"conn_type": "ssh", "host": host, "port": port, "login": settings.ssh_user, "extra": extra}


def _link(source: Path, target: Path, yes: bool) -> None:
    if target.is_symlink() and target.resolve() == source:
        out.print(f"{target} is linked already", markup=False, soft_wrap=True)
        return
    if (target.exists() or target.is_symlink()) and not (yes or _may(f"{target} is there already: replace it?")):
        out.print(f"{target} is left as it was", markup=False, soft_wrap=True)
        return
    if target.is_dir() and not target.is_symlink():
        raise UserError(f"{target} is a folder", hint="move it away")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    target.symlink_to(source)
    out.print(f"{target} -> {source}", markup=False, soft_wrap=True)


def _register(name: str, wanted: dict[str, Any], yes: bool) -> None:
    from pothole.cloud import airflow_cli

    found = airflow_cli.connection(name)
    what = f"{wanted['login']}@{wanted['host']}:{wanted['port']}"
    if found == wanted:
        out.print(f"connection {name} is as the environment says: {what}", markup=False, soft_wrap=True)
        return
    if found is not None:
        differs = ", ".join(key for key in wanted if found[key] != wanted[key])
        if not (yes or _may(f"Airflow has a connection {name}, with another {differs}: replace it?")):
            out.print(f"connection {name} is left as it was")
            return
    airflow_cli.set_connection(name, wanted)
    out.print(f"connection {name}: {what}", markup=False, soft_wrap=True)


def _may(question: str) -> bool:
    try:
        return typer.confirm(question)
    except typer.Abort:
        raise UserError(f"{question} nobody answered", hint="--yes answers for all") from None
