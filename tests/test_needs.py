"""What is missing is a skip at home and a failure in CI, and no test skips by itself."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests import needs

TESTS = Path(__file__).parent
ABSENT = [
    (lambda: needs.module("no_such_module"), "there is no module no_such_module"),
    (lambda: needs.program("no-such-program", "nor-this"), "there is no no-such-program or nor-this here"),
    (lambda: needs.missing("the jars cannot be had"), "the jars cannot be had"),
]


@pytest.mark.parametrize(("need", "words"), ABSENT)
def test_at_home_it_is_a_skip(need, words, monkeypatch):
    monkeypatch.delenv(needs.CI, raising=False)
    with pytest.raises(pytest.skip.Exception, match=f"not run: {words}"):
        need()


@pytest.mark.parametrize(("need", "words"), ABSENT)
def test_in_ci_it_is_a_failure(need, words, monkeypatch):
    monkeypatch.setenv(needs.CI, "1")
    with pytest.raises(pytest.fail.Exception, match=words):
        need()


def test_java_and_pyspark_are_needed_for_spark(monkeypatch):
    monkeypatch.setenv(needs.CI, "1")
    monkeypatch.setenv("PATH", "")
    with pytest.raises(pytest.fail.Exception, match="there is no java here"):
        needs.spark()


def test_what_a_machine_does_not_allow_is_a_skip_anywhere(monkeypatch):
    monkeypatch.setenv(needs.CI, "1")
    needs.allowed(True, "all well")
    with pytest.raises(pytest.skip.Exception, match="not run: no mounts here"):
        needs.allowed(False, "no mounts here")


def test_what_is_there_is_given():
    assert needs.module("pathlib").Path is Path
    assert needs.program("no-such-program", "sh").endswith("/sh")


def test_no_other_file_skips():
    skips = re.compile(r"pytest\.(skip|importorskip|mark\.skip)\w*\(")
    own = {TESTS / "needs.py", Path(__file__)}
    files = {path for path in TESTS.rglob("*.py") if path not in own}
    assert [str(path) for path in files if skips.search(path.read_text())] == []


def test_ci_says_that_it_is_ci():
    assert f"export {needs.CI}=1" in (TESTS.parent / ".ci" / "run").read_text()
