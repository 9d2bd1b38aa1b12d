from __future__ import annotations

import json
from pathlib import Path

import pytest

from tools import audit

CLEAN = {"name": "a", "version": "1", "vulns": []}
BAD = {"name": "b", "version": "2", "vulns": [{"id": "PYSEC-1", "fix_versions": ["3"]}]}
SKIPPED = {"name": "c", "skip_reason": "Dependency not found on PyPI"}


def program(folder: Path, text: str, status: int = 0) -> str:
    """A program that answers as pip-audit does."""
    file = folder / "pip-audit"
    (folder / "answer").write_text(text)
    file.write_text(f"#!/bin/sh\ncat {folder}/answer\necho 'ConnectionError: no route' >&2\nexit {status}\n")
    file.chmod(0o755)
    return str(file)


@pytest.mark.parametrize(
    ("found", "status", "words"),
    [
        ([CLEAN], 0, "1 of 1 pins audited, 0 with"),
        ([CLEAN, BAD], 1, "b 2: PYSEC-1, mended in 3"),
        ([CLEAN, SKIPPED], 2, "not audited: c: Dependency not found"),
        ([BAD, SKIPPED], 1, "1 of 2 pins audited, 1 with"),
        ([], 2, "0 of 0 pins audited"),
    ],
)
def test_what_was_not_looked_up_is_not_clean(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], found: list[object], status: int, words: str
) -> None:
    assert audit.main(program(tmp_path, json.dumps({"dependencies": found}), status=0)) == status
    captured = capsys.readouterr()
    assert words in captured.out + captured.err


@pytest.mark.parametrize("text", ["", "no json", "[]", "{}"])
def test_no_database(tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str) -> None:
    assert audit.main(program(tmp_path, text, status=1)) == 2
    assert "not audited" in (said := capsys.readouterr().err) and "no route" in said
