"""``pothole env``: env.sh from what a CloudFormation stack made."""

from __future__ import annotations

import json
import os
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from pothole.cli import app
from pothole.cli.console import err, out
from pothole.errors import UserError

EXAMPLE = "Example: pothole env --stack roads --out env.sh"


class Format(StrEnum):
    """Who reads the file."""

    shell = "shell"
    systemd = "systemd"


@app.command(epilog=EXAMPLE)
def env(
    stack: Annotated[str, typer.Option(help="Name of a stack of infra/cloudformation/pothole.yaml.")],
    out_file: Annotated[Path, typer.Option("--out", help="The file to write, for its owner alone.")] = Path("env.sh"),
    template: Annotated[
        Path | None, typer.Option(help="The template; infra/env.sh.template here, else the package's.")
    ] = None,
    style: Annotated[Format, typer.Option("--format", help="For a shell, or for EnvironmentFile=.")] = Format.shell,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Tell what was filled as JSON.")] = False,
) -> None:
    """Fill infra/env.sh.template with a stack's region, bucket, machines and host keys."""
    from pothole import repository
    from pothole.cloud import env_file
    from pothole.cloud import stack as stacks

    template = repository.find(template, "infra/env.sh.template")
    if not template.is_file():
        raise UserError(f"there is no {template}", hint="run it in the repository, or give --template")
    made = stacks.read(stack, os.environ.get("AWS_REGION"))
    known = env_file.values(made, stacks.host_keys(made, partial(err.print, markup=False, soft_wrap=True)))
    text = env_file.fill(template.read_text(encoding="utf-8"), known, len(made.worker_ids))
    missing = env_file.left_to_fill(text)
    env_file.write(out_file, text if style is Format.shell else env_file.for_systemd(text), force=force)
    if as_json:
        typer.echo(json.dumps({"file": str(out_file), "filled": known, "missing": missing}))
        return
    out.print(f"{out_file}: {len(known)} variables of the stack {stack}", markup=False, soft_wrap=True)
    if missing:
        out.print(f"still to fill in by hand: {', '.join(missing)}", markup=False, soft_wrap=True)
