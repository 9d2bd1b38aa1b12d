"""The deployed code, fetched onto the master by its own Python, through links that Airflow's side has signed."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any

from pothole.cloud import on_master, spark_env, ssh
from pothole.cloud.say import Say
from pothole.cloud.settings import CloudSettings
from pothole.cloud.ssh import Host
from pothole.cloud.store import Store
from pothole.errors import PipelineFailure

_FETCH_SECONDS = 300.0
_REMEDIES = (
    (
        on_master.UNREACHABLE,
        "the master's way to S3 is the region's S3 gateway endpoint: look at the gateway, at the route to it in the "
        "subnet's route table, and at the security group's rule for 443 out (docs/infrastructure.md; "
        "S3 게이트웨이, 라우팅 테이블, 보안 그룹 확인)",
    ),
    (
        f"{on_master.ANSWERS} 403",
        "the role that signs the links must be allowed s3:GetObject on the code, the S3 gateway's policy must name the "
        "bucket, and this machine's clock must be right",
    ),
    (f"{on_master.ANSWERS} 404|{on_master.NOT_DEPLOYED}", "`pothole deploy` uploads it anew"),
    (f"{on_master.ANSWERS} 5", "S3 is not well for now: run download_code again"),
    (on_master.ANSWERS, "AWS_REGION must be the bucket's region, AWS_ENDPOINT_URL that of an S3"),
    (
        "exit status 12[67]",
        "PYSPARK_PYTHON in the master's spark-env.sh must be a Python's full path; `pothole doctor` looks",
    ),
)


def fetch(settings: CloudSettings, master: Host, target: str, say: Say) -> str:
    """Let the master download exactly the deployed version into ``target``; the version.

    Addresses go over the connection, never on a command line. PipelineFailure names a file that is not as deployed, or
    what stands between the master and S3.
    """
    store = Store(settings)
    manifest = store.manifest()
    if manifest is None:
        raise PipelineFailure(f"no code is deployed in {store.uri('')}", hint="`pothole deploy` uploads it")
    order = {"target": target, "files": {p: (store.link(p), digest) for p, digest in manifest["files"].items()}}
    said = _on(master, order, settings)
    say(f"code of version {manifest['version']} on {master.private_ip}: {said.strip()} in {target}")
    return str(manifest["version"])


def _on(master: Host, order: dict[str, Any], settings: CloudSettings) -> str:
    """What ``on_master`` says, run by the Python that the master's spark-env.sh names."""
    source = Path(on_master.__file__).read_text(encoding="utf-8")
    program = f"{source}\n\nimport json\nprint(download(json.loads({json.dumps(order)!r})))\n"
    script = spark_env.sourced(settings.spark_home) + 'exec "$python" -'
    command = f"bash -c {shlex.quote(script)}"
    try:
        return ssh.run(master, command, stdin=program, timeout_seconds=_FETCH_SECONDS, what="downloading the code")
    except ssh.UnreachableError:
        raise
    except PipelineFailure as error:
        raise PipelineFailure(error.message, hint=_remedy(error.message) or error.hint) from None


def _remedy(said: str) -> str | None:
    """What to do about the first known cause in what the master said."""
    return next((hint for cause, hint in _REMEDIES if re.search(cause, said)), None)
