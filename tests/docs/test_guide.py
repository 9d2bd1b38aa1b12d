"""The operators' guides say the same in both languages, and nothing that is not there."""

from __future__ import annotations

import re

import pytest
import typer.main

from pothole.cli import load
from pothole.doctor import CHECKS
from tests.docs.guide import ENGLISH, KOREAN, ROOT, chapters, commands, rows

GUIDES = pytest.mark.parametrize("guide", [ENGLISH, KOREAN], ids=["en", "ko"])
HANGUL = re.compile(r"[가-힣][가-힣 ]*[가-힣]")


def test_the_same_eight_chapters_with_the_same_commands_in_the_same_order():
    english, korean = chapters(ENGLISH), chapters(KOREAN)
    assert [title for title, _ in english] == [
        "Structure", "Preconditions", "Upload", "Trigger", "Flow", "Status", "A new stage", "Troubleshooting"
    ]  # fmt: skip
    assert [title for title, _ in korean] == [
        "구조",
        "사전 조건",
        "업로드",
        "실행",
        "흐름",
        "상태",
        "새 stage",
        "문제 해결",
    ]
    assert [commands(text) for _, text in english] == [commands(text) for _, text in korean]
    assert all(commands(text) for title, text in english if title != "Flow")


@pytest.mark.parametrize("arguments", commands(ENGLISH), ids=" ".join)
def test_every_command_is_one_with_such_options(arguments, run):
    command, names = typer.main.get_command(load()), []
    while hasattr(command, "commands"):
        names.append(arguments[len(names)])
        command = command.commands[names[-1]]
    given = command.make_context(" ".join(names), arguments[len(names) :])
    assert not given.args
    told = run(*names, "--help")
    assert (told.status, "Example: pothole " in told.out) == (0, True)


@GUIDES
def test_commands_and_options_within_sentences_are_real(guide):
    root = typer.main.get_command(load())
    for name, options in re.findall(r"`pothole ([a-z]+)((?: --[a-z-]+)*)", guide):
        known = {option for parameter in root.commands[name].params for option in parameter.opts}
        assert set(options.split()) <= known, (name, options)


@GUIDES
def test_the_flow_is_that_of_the_documentation(guide):
    (flow,) = (text for title, text in chapters(guide) if title in ("Flow", "흐름"))
    documented = (ROOT / "docs" / "cluster.md").read_text(encoding="utf-8")
    usual = {row[0]: row[2] for row in rows(documented) if len(row) == 3}
    told = {row[0]: row[1].replace("초", " s").replace("분", " min").replace("~", " to ") for row in rows(flow)}
    assert told.items() <= usual.items()
    tasks = re.findall(r"`(\w+)`", " ".join(row[0] for row in rows(flow)))
    assert len(tasks) == 12 and all(line in documented for line in re.findall(r"^lease ─.*$", flow, re.MULTILINE))


@GUIDES
def test_the_nine_symptoms_have_their_words_in_both_languages(guide):
    documented = [row for row in rows((ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")) if row[0]]
    known = {row[0]: row[1] for row in documented if row[0].isdigit()}
    told = {row[0]: row[1] for row in rows(chapters(guide)[-1][1])}
    assert list(told) == list(known) == [str(number) for number in range(1, 10)]
    for number, symptom in known.items():
        words = [*re.findall(r"`([^`]+)`", symptom), *HANGUL.findall(symptom)]
        assert words and all(word in told[number] for word in words), (number, words)


@GUIDES
def test_links_and_files_are_there(guide):
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", guide):
        assert (ROOT / "airflow_service" / target).is_file(), target
    for path in re.findall(r"`((?:infra|airflow_service)/[\w/]+|stage\d/)`", guide):
        assert (ROOT / path).is_dir(), path
    assert f"{len(CHECKS)}" in " ".join(chapters(guide)[1][1].split()), "the doctor's checks are counted"
