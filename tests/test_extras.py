from __future__ import annotations

import json
import sys
import tomllib
from pathlib import Path
from types import SimpleNamespace

import pytest

from pothole import cli, extras
from pothole.errors import UserError

ROOT = Path(__file__).parents[1]
_OF = "pothole-pipeline"
TEXTS = ("src/pothole", "tools", "airflow_service", "stage1", "stage2", "infra", "docs", "README.md", "CONTRIBUTING.md")


def _noted(monkeypatch: pytest.MonkeyPatch, content: str | None) -> None:
    monkeypatch.setattr(extras, "distribution", lambda _: SimpleNamespace(read_text=lambda _: content))


def test_nobody_is_told_to_have_the_package_from_an_index() -> None:
    files = [f for name in TEXTS for f in ([ROOT / name] if (ROOT / name).is_file() else (ROOT / name).rglob("*"))]
    texts = {f: f.read_text(encoding="utf-8", errors="ignore") for f in files if f.is_file() and f.suffix != ".pyc"}
    assert len(texts) > 100
    assert [f for f, text in texts.items() if f"{_OF}[" in text or f"install {_OF}" in text] == []


def test_every_module_is_in_an_extra_that_there_is() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert set(extras.EXTRAS.values()) <= set(project["optional-dependencies"])
    assert project["name"] == extras._NAME


@pytest.mark.parametrize(
    "noted", [None, "no json", "[]", json.dumps({"dir_info": {"editable": True}, "url": "file:///srv/pothole"})]
)
def test_the_repositorys_way(monkeypatch: pytest.MonkeyPatch, noted: str | None) -> None:
    _noted(monkeypatch, noted)
    assert extras.install("s3").startswith("pip install -c constraints.txt -e '.[s3]'")


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("file:///srv/my%20wheels/p-1-py3-none-any.whl", "/srv/my wheels/p-1-py3-none-any.whl"),
        ("https://wheels.example/p-1-py3-none-any.whl", "https://wheels.example/p-1-py3-none-any.whl"),
    ],
)
def test_the_wheel_that_was_installed(monkeypatch: pytest.MonkeyPatch, url: str, place: str) -> None:
    _noted(monkeypatch, json.dumps({"url": url}))
    assert extras.install("cloud") == f"pip install '{place}[cloud]'"


def test_a_module_that_no_extra_brings() -> None:
    assert extras.missing("numpy").hint == "pip install -c constraints.txt numpy"


@pytest.mark.parametrize(("module", "status"), [("paramiko", 2), ("botocore.config", 2), ("pothole.nothing", 1)])
def test_any_command_without_its_library(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], module: str, status: int
) -> None:
    def load() -> object:
        raise ModuleNotFoundError(f"No module named {module!r}", name=module)

    monkeypatch.setattr(cli, "load", load)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == status
    assert (module.partition(".")[0] + ", which is not" in (said := capfd.readouterr().err)) == (status == 2), said


def test_without_airflow(monkeypatch: pytest.MonkeyPatch) -> None:
    from pothole.cloud import airflow_cli

    ran = SimpleNamespace(returncode=1, stdout="", stderr=f"{sys.executable}: No module named airflow")
    monkeypatch.setattr(airflow_cli, "_run", lambda *_, **__: ran)
    with pytest.raises(UserError, match="needs Airflow") as caught:
        airflow_cli.connection("spark")
    assert "-e '.[airflow]'" in str(caught.value.hint)
