"""One set-up in order for all tests of the doctor; a fault is planted for a while and taken out again."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest

from tests import needs

needs.module("asyncssh")
needs.module("boto3")

from tests.cli.conftest import run  # noqa: F401
from tests.servers.moto import moto
from tests.servers.site import DAY, Site, deploy, site

#: What a check came to: (check, status, found, fix) for every finding.
Row = tuple[str, str, str, str]


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with moto() as endpoint, site(tmp_path_factory.mktemp("site"), endpoint) as made:
        with pytest.MonkeyPatch.context() as patch:
            for name, value in made.environ.items():
                patch.setenv(name, value)
            deploy(made)
        yield made


@pytest.fixture
def place(shared: Site, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """The set-up with a test's own copy of the environment, in which the command runs."""
    before, kept = dict(shared.environ), shared.objects()
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda seconds: None)
    yield shared
    shared.environ = before
    assert shared.objects() == kept, "the doctor leaves nothing in the bucket"


@pytest.fixture
def doctor(run, place: Site) -> Callable[..., tuple[int, list[Row]]]:  # noqa: F811
    """Exit status and findings of ``pothole doctor DAY --json`` with these options."""

    def ask(*options: str) -> tuple[int, list[Row]]:
        with pytest.MonkeyPatch.context() as patch:
            for name, value in place.environ.items():
                patch.setenv(name, value)
            done = run("doctor", DAY, "--root", str(place.root), "--json", *options)
        told = json.loads(done.text)
        assert told["ok"] is (done.status == 0) and told["date"] == DAY
        return done.status, [(row["check"], row["status"], row["found"], row["fix"]) for row in told["checks"]]

    return ask
