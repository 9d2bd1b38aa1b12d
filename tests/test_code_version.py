from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from pothole import __version__, code_version
from tests import needs


@pytest.fixture
def git() -> str:
    return needs.program("git")


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(code_version, "_deployed", [])
    code_version._installed.cache_clear()
    yield
    code_version._installed.cache_clear()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    def git(*words: str) -> None:
        who = ["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"]
        subprocess.run(["git", "-C", str(tmp_path), *who, *words], check=True, capture_output=True)

    (tmp_path / "src" / "pothole").mkdir(parents=True)
    (tmp_path / "src" / "pothole" / "a.py").write_text("1\n")
    git("init", "-q")
    git("add", ".")
    git("commit", "-qm", "first")
    return tmp_path


def _as_if_in(monkeypatch: pytest.MonkeyPatch, package: Path) -> None:
    monkeypatch.setattr(code_version, "__file__", str(package / "code_version.py"))


@pytest.mark.usefixtures("git")
def test_a_repository_and_its_changes(monkeypatch: pytest.MonkeyPatch, repository: Path) -> None:
    _as_if_in(monkeypatch, repository / "src" / "pothole")
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    clean = code_version.code_version()
    assert clean.startswith(f"{__version__}+") and not clean.endswith("dirty")
    (repository / "src" / "pothole" / "a.py").write_text("2\n")
    assert code_version.code_version() == clean, "the code of a process is that of its start"
    code_version._installed.cache_clear()
    assert code_version.code_version() == f"{clean}-dirty"


def test_a_deployed_bundle_asks_no_git(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: pytest.fail("git was asked"))
    _as_if_in(monkeypatch, tmp_path / "pothole.zip" / "pothole")
    code_version.deployed_in(tmp_path)
    assert code_version.code_version() == __version__
    (tmp_path / code_version.FILE).write_text("00112233445566ff\n")
    code_version.deployed_in(tmp_path)
    assert code_version.code_version() == f"{__version__}+bundle.00112233445566ff"


def test_a_wheel_in_somebody_elses_repository(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    _as_if_in(monkeypatch, tmp_path / "site-packages" / "pothole")
    assert code_version.code_version() == __version__


def test_without_git(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    monkeypatch.setenv("PATH", "")
    assert code_version.describe(tmp_path) is None
    assert code_version.describe(tmp_path / "src") is None
