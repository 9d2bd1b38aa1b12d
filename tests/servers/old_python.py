"""A ``python3`` that is older than the stages need, as Amazon Linux 2023's is: a real one, or a stand-in."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

_CUSTOM = """
import collections, datetime, sys
sys.version_info = collections.namedtuple("version_info", "major minor micro releaselevel serial")(3, 9, 25, "final", 0)
if hasattr(datetime, "UTC"):
    del datetime.UTC
"""
_OLD_ENOUGH = "import sys; sys.exit(sys.version_info[:2] not in ((3, 9), (3, 10)))"


def stand_in(folder: Path) -> None:
    """``folder/python3``: this Python, that takes itself for 3.9 and has no ``datetime.UTC``."""
    library = folder / "lib-of-3.9"
    library.mkdir(parents=True)
    (library / "sitecustomize.py").write_text(_CUSTOM)
    path = f"PYTHONPATH={library}${{PYTHONPATH:+:$PYTHONPATH}}"
    (folder / "python3").write_text(f'#!/bin/sh\n[ "$1" = -V ] && exec echo Python 3.9.25\n{path} exec {base()} "$@"\n')
    (folder / "python3").chmod(0o755)


def real(folder: Path) -> bool:
    """``folder/python3``: a real Python 3.9 or 3.10 of this machine; False where there is none."""
    for name in ("python3.9", "python3.10"):
        found = shutil.which(name)
        if found and subprocess.run([found, "-c", _OLD_ENOUGH], capture_output=True, check=False).returncode == 0:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "python3").write_text(f'#!/bin/sh\nexec {found} "$@"\n')
            (folder / "python3").chmod(0o755)
            return True
    return False


def base() -> str:
    """This Python without its virtual environment: bare, as on a node."""
    return os.path.realpath(sys.executable)


def tools(folder: Path) -> None:
    """All programs of this machine's PATH in one folder, without any Python and without ``dnf``."""
    folder.mkdir(parents=True, exist_ok=True)
    for place in os.environ["PATH"].split(":"):
        for program in Path(place).glob("*") if place else ():
            mine = folder / program.name
            if not program.name.startswith(("python", "dnf")) and not mine.is_symlink():
                mine.symlink_to(program)
