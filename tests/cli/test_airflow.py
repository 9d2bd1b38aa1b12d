"""``pothole airflow install``: what it links and registers, what it asks. Against Airflow itself: test_real_airflow."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest

from pothole.cloud import airflow_cli

DAGS = Path(__file__).parents[2] / "airflow_service" / "dags"


@pytest.fixture
def connections(monkeypatch) -> dict[str, Any]:
    """Airflow's connections, without Airflow."""
    kept: dict[str, Any] = {}
    monkeypatch.setattr(airflow_cli, "connection", kept.get)
    monkeypatch.setattr(airflow_cli, "set_connection", kept.__setitem__)
    return kept


@pytest.fixture
def install(run, operator, connections, monkeypatch, tmp_path):
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path / "airflow"))

    def go(*options: str, answers: str = ""):
        monkeypatch.setattr("sys.stdin", io.StringIO(answers))
        return run("airflow", "install", "--dags", str(DAGS), *options)

    return go


def test_links_and_connection(install, connections, operator, tmp_path):
    done = install()
    assert (done.status, "connection spark_master: ec2-user@10.0.0.5:22" in done.text) == (0, True)
    links = sorted((tmp_path / "airflow" / "dags").iterdir())
    assert [link.name for link in links] == sorted(p.name for p in DAGS.glob("*.py"))
    assert all(link.resolve() == DAGS / link.name for link in links)
    extra = {"key_file": operator["SPARK_SSH_KEY_FILE"], "host_key": operator["SPARK_MASTER_HOST_KEY"]}
    assert connections["spark_master"]["extra"] == extra


def test_a_second_time_finds_all_as_it_should_be(install):
    install()
    done = install()
    assert (done.status, "is linked already" in done.text) == (0, True)
    assert "connection spark_master is as the environment says" in done.text


def test_asks_before_it_overwrites(install, connections, tmp_path, monkeypatch):
    install()
    file = tmp_path / "airflow" / "dags" / "dag_utils.py"
    file.unlink()
    file.write_text("somebody's own")
    monkeypatch.setenv("MASTER_PRIVATE_IP", "10.0.0.9")
    done = install(answers="n\nn\n")
    assert "is there already: replace it?" in done.text and "with another host: replace it?" in done.text
    assert (file.read_text(), connections["spark_master"]["host"]) == ("somebody's own", "10.0.0.5")
    done = install(answers="")
    assert (done.status, "nobody answered" in done.text, "--yes" in done.text) == (2, True, True)
    assert install("--yes").status == 0
    assert (file.is_symlink(), connections["spark_master"]["host"]) == (True, "10.0.0.9")


def test_the_host_map_tells_where_to_dial(install, connections, monkeypatch):
    monkeypatch.setenv("SPARK_HOST_MAP", "10.0.0.5=bastion.example:2222")
    install()
    assert (connections["spark_master"]["host"], connections["spark_master"]["port"]) == ("bastion.example", 2222)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"SPARK_MASTER_HOST_KEY": "", "SPARK_SSH_KEY_FILE": ""}, "not set: SPARK_SSH_KEY_FILE, SPARK_MASTER_HOST_KEY"),
        ({"SPARK_SSH_KEY_FILE": "/nowhere/key"}, "is /nowhere/key, which is no readable file"),
        ({"SPARK_MASTER_HOST_KEY": "SHA256:abc"}, "SPARK_MASTER_HOST_KEY is"),
    ],
)
def test_nothing_is_touched_when_the_environment_is_wrong(install, connections, tmp_path, monkeypatch, changes, words):
    for name, value in changes.items():
        monkeypatch.setenv(name, value)
    done = install()
    assert (done.status, words in done.text) == (2, True)
    assert not connections and not (tmp_path / "airflow").exists()


def test_no_dag_files(run, operator, tmp_path):
    done = run("airflow", "install", "--dags", str(tmp_path))
    assert (done.status, "there are no DAG files" in done.text) == (2, True)


def test_another_dags_folder_is_told(install, monkeypatch):
    monkeypatch.setenv("AIRFLOW__CORE__DAGS_FOLDER", "/srv/dags")
    assert "AIRFLOW__CORE__DAGS_FOLDER is /srv/dags: Airflow does not read" in install().text
