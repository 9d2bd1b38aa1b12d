"""Which code a run was made by, as manifests and run records tell it. Standard library alone: nodes ask it too.

- In a repository: the version and what git calls the state, such as ``0.1.0+1a2b3c4-dirty``.
- Deployed on a cluster: the version and the bundle's, such as ``0.1.0+bundle.00112233445566ff``; git is not asked.
- Installed from a wheel: the version.
"""

from __future__ import annotations

import functools
import os
import subprocess
from pathlib import Path

from pothole import __version__

#: The file beside a deployed program that holds the bundle's version.
FILE = "code_version.txt"
_SECONDS = 20.0
_deployed: list[str] = []


def deployed_in(folder: Path) -> None:
    """From now on this process tells the version of the bundle in ``folder``, where the bundle tells one."""
    _deployed.clear()
    try:
        _deployed.append((folder / FILE).read_text(encoding="utf-8").strip())
    except OSError:  # a bundle that was deployed before bundles had this file
        return


def code_version() -> str:
    """The code that runs here; the same during the whole process."""
    return f"{__version__}+bundle.{_deployed[0]}" if _deployed else _installed()


@functools.cache
def _installed() -> str:
    package = Path(__file__).parent
    described = describe(package.parents[1]) if package.parent.name == "src" else None
    return f"{__version__}+{described}" if described else __version__


def describe(repository: Path) -> str | None:
    """What ``git describe --always --dirty`` says; None where there is no git repository, or no git."""
    if not (repository / ".git").exists():
        return None
    environment = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")} | {"GIT_OPTIONAL_LOCKS": "0"}
    command = ["git", "-C", str(repository), "describe", "--always", "--dirty"]
    try:
        ran = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=_SECONDS, env=environment
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return None
    return ran.stdout.strip() or None if ran.returncode == 0 else None
