"""All pages: links lead somewhere; commands, targets, extras and files are where they are said to be."""

from __future__ import annotations

import re
import tomllib

import pytest
import typer.main

from pothole.cli import load
from tests.docs.pages import PAGES, ROOT, anchors, blocks, commands, links, text

EACH = pytest.mark.parametrize("page", PAGES)
ASKED = [
    (page, arguments)
    for page in ("README.md", "CONTRIBUTING.md", "docs/developing.md")
    for block in blocks(page)
    for arguments in commands(block, "pothole")
]


@EACH
def test_links_lead_somewhere(page: str):
    for target in links(page):
        path, _, anchor = target.partition("#")
        file = (ROOT / page).parent / path if path else ROOT / page
        assert file.exists(), target
        assert not anchor or anchor in anchors(file), target


@pytest.mark.parametrize(("page", "arguments"), ASKED, ids=[f"{p}: {' '.join(a)}" for p, a in ASKED])
def test_every_command_is_one_with_such_options(page: str, arguments: list[str]):
    command, names = typer.main.get_command(load()), []
    while hasattr(command, "commands"):
        names.append(arguments[len(names)])
        command = command.commands[names[-1]]
    named = [word.split("=")[0] for word in arguments if word.startswith("--")]
    assert set(named) <= {option for parameter in command.params for option in parameter.opts}


@EACH
def test_makes_targets_are_there(page: str):
    targets = set(re.findall(r"^([a-z-]+):", text("Makefile"), flags=re.MULTILINE))
    asked = set(re.findall(r"(?:`|^)make ([a-z-]+)", text(page), flags=re.MULTILINE))
    assert asked <= targets


@EACH
def test_extras_are_there_and_no_name_is_installed_that_is_not_ours(page: str):
    extras = set(tomllib.loads(text("pyproject.toml"))["project"]["optional-dependencies"])
    for asked in re.findall(r"-e '?\.\[([\w,]+)\]", text(page)):
        assert set(asked.split(",")) <= extras
    assert not re.search(r"pip install '?pothole", text(page))


@EACH
def test_files_of_the_repository_are_where_they_are_said_to_be(page: str):
    if page.startswith("docs/decisions") or page == "CHANGELOG.md":
        return
    for path in re.findall(r"`((?:src|tests|benchmarks|tools|infra|examples|docs)/[\w./-]*\w)`", text(page)):
        assert (ROOT / path).exists() or "stage3" in path, path
