"""What runs on the master: an S3 that stumbles is asked again, errors name the file and never the address."""

from __future__ import annotations

import ast
import hashlib
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from pothole.cloud import download, on_master
from tests import needs
from tests.servers import old_python


class Store(ThreadingHTTPServer):
    answers: list[tuple[int, bytes]]
    url: str


class Handler(BaseHTTPRequestHandler):
    server: Store

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        status, body = self.server.answers.pop(0)
        self.send_response(status)
        self.send_header("Content-Length", "3")
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def store(monkeypatch) -> Iterator[Store]:
    monkeypatch.setattr(on_master.time, "sleep", lambda seconds: None)
    made = Store(("127.0.0.1", 0), Handler)
    made.answers, made.url = [], f"http://127.0.0.1:{made.server_address[1]}/a?X-Amz-Signature=secret"
    threading.Thread(target=made.serve_forever, args=(0.02,), daemon=True).start()
    yield made
    made.shutdown()
    made.server_close()


def order(store: Store, target: Path, *contents: bytes) -> dict:
    files = {f"stage1/{i}": (store.url, hashlib.sha256(c).hexdigest()) for i, c in enumerate(contents)}
    return {"target": str(target), "files": files}


def test_what_stumbles_is_asked_again(store, tmp_path):
    store.answers = [(503, b"no!"), (500, b"no!"), (200, b"ha"), (200, b"abc")]  # the third breaks off
    assert on_master.download(order(store, tmp_path / "job", b"abc")) == "1 files"
    assert (tmp_path / "job" / "stage1" / "0").read_bytes() == b"abc"
    assert not (tmp_path / "job.new").exists()


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ([(503, b"no!")] * 5, "cannot read stage1/0: S3 answers 503 Service Unavailable"),
        ([(403, b"no!")], "cannot read stage1/0: S3 answers 403 Forbidden"),
        ([(404, b"no!")], "cannot read stage1/0: S3 answers 404 Not Found"),
        ([(200, b"abd")], "stage1/0 is not the deployed one: SHA-256"),
        ([(200, b"abc"), (404, b"no!")], "cannot read stage1/1"),
    ],
)
def test_nothing_is_touched_unless_all_is_right(store, tmp_path, answers, words):
    before = tmp_path / "job" / "stage1" / "old"
    before.parent.mkdir(parents=True)
    before.write_text("what was there")
    store.answers = list(answers)
    with pytest.raises(SystemExit, match=words) as told:
        on_master.download(order(store, tmp_path / "job", b"abc", b"abc"))
    assert "secret" not in str(told.value)
    assert before.read_text() == "what was there"
    assert not store.answers


def test_nobody_answers(tmp_path, monkeypatch):
    monkeypatch.setattr(on_master.time, "sleep", lambda seconds: None)
    with pytest.raises(SystemExit, match="S3 cannot be reached from here"):
        on_master.read("stage1/0", "http://127.0.0.1:9/?secret")


def test_a_network_that_swallows_everything_is_told_before_the_caller_gives_up(monkeypatch):
    now, asked = [0.0], list[int]()

    def swallow(url: str, timeout: int) -> None:
        asked.append(timeout)
        now[0] += 8 * timeout  # S3's host has up to eight addresses
        raise TimeoutError("timed out")

    monkeypatch.setattr(on_master.time, "sleep", lambda seconds: now.__setitem__(0, now[0] + seconds))
    monkeypatch.setattr(on_master.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(on_master.urllib.request, "urlopen", swallow)
    with pytest.raises(
        SystemExit, match=r"S3 cannot be reached from here: roads\.s3\.x\.amazonaws\.com: timed out"
    ) as told:
        on_master.read("stage1/0", "https://roads.s3.x.amazonaws.com/a?secret")
    assert now[0] < download._FETCH_SECONDS and "secret" not in str(told.value)


@pytest.mark.parametrize("kind", ["stand-in", "real"])
def test_it_runs_on_a_python_that_is_too_old_for_the_stages(store, tmp_path, kind):
    if kind == "real":
        needs.allowed(old_python.real(tmp_path / "bin"), "there is no Python 3.9 or 3.10 here")
    if kind == "stand-in":
        old_python.stand_in(tmp_path / "bin")
    store.answers = [(200, b"abc")]
    source = f"{Path(on_master.__file__).read_text()}\nprint(download({order(store, tmp_path / 'job', b'abc')!r}))\n"
    said = subprocess.run(
        [tmp_path / "bin" / "python3", "-"], input=source, capture_output=True, text=True, check=False
    )
    assert said.stdout == "1 files\n", said.stderr


def test_it_is_written_for_the_oldest_python_of_a_master():
    source = Path(on_master.__file__).read_text()
    tree = ast.parse(source, feature_version=(3, 9))
    named = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    modules = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert not any(name.startswith("pothole") for name in named | modules)
