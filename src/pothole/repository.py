"""The operators' files (``stage1/``, ``airflow_service/``, ``infra/``): the repository's, else those of the wheel."""

from __future__ import annotations

from pathlib import Path

#: Where a wheel has them (tools/wheel_files.py); a repository has none there.
CARRIED = Path(__file__).parent / "_repository"


def find(given: Path | None, name: str = ".") -> Path:
    """What is ``given``; without it ``name`` in this folder where it is there, else the wheel's own.

    ``.`` is the root, which is there where it has stages.
    """
    if given is not None:
        return given
    here, carried = Path(name), CARRIED / name
    there = any(here.glob("stage[0-9]*/")) if name == "." else here.exists()
    return here if there or not carried.exists() else carried
