"""``pothole artefacts``: what the nodes install, into the bucket they read it from."""

from __future__ import annotations

import json
import os
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from pothole.cli import app
from pothole.cli.console import err, out

EXAMPLE = "Example: pothole artefacts --stack roads"
_CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "pothole" / "nodes"


@app.command(epilog=EXAMPLE)
def artefacts(
    stack: Annotated[str, typer.Option(help="Name of a stack of infra/cloudformation/pothole.yaml.")],
    spark: Annotated[
        Path | None, typer.Option(help="Pins and boot script; infra/spark here, else the package's.")
    ] = None,
    java: Annotated[Path | None, typer.Option(help="A JDK 17 (.tar.gz); none: Amazon Linux's package.")] = None,
    cache: Annotated[Path, typer.Option(help="Where fetched files are kept.", show_default=False)] = _CACHE,
    as_json: Annotated[bool, typer.Option("--json", help="Tell what was done as JSON.")] = False,
) -> None:
    """Fetch, check and upload what nodes install: the printed SHA-256 is the stack's ArtefactsSha256."""
    from pothole import repository
    from pothole.cloud import artefacts as nodes
    from pothole.cloud import stack as stacks
    from pothole.errors import UserError

    spark = repository.find(spark, "infra/spark")
    if not (spark / "pypi.sha256").is_file():
        raise UserError(f"there is no {spark / 'pypi.sha256'}", hint="run it in the repository, or give --spark")
    made = stacks.read(stack, os.environ.get("AWS_REGION"))
    say = partial(err.print, markup=False, soft_wrap=True)
    files = nodes.gather(spark, cache, java, say)
    prefix = made.outputs["ArtefactsPrefix"]
    digest = nodes.upload(files, made.bucket, prefix, made.region, say)
    place = f"s3://{made.bucket}/{prefix}/"
    if as_json:
        typer.echo(json.dumps({"place": place, "files": sorted(files), "ArtefactsSha256": digest}))
        return
    out.print(f"{len(files)} files in {place}", markup=False, soft_wrap=True)
    out.print(f"ArtefactsSha256={digest}", markup=False, soft_wrap=True)
