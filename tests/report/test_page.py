from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pothole.report import render
from pothole.report.page import json_in_html
from pothole.tables import CONDITION, POTHOLES, SEGMENTS

from .fake_day import DATE, condition, day, pothole, segment, table

HOSTILE = "</script><script>document.title='owned'</script><img src=x onerror=alert(1)>\"' {{script}}"


class Elements(HTMLParser):
    """The scripts' texts and all tags of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, str]] = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, text):
        self.texts.append((self.tags[-1][0] if self.tags else "", text))

    def scripts(self) -> list[str]:
        return [text for tag, text in self.texts if tag == "script" and text.strip()]


def page(name: str = "Mill Lane", **more) -> str:
    parts = table(POTHOLES, [pothole()]), table(CONDITION, [condition()]), table(SEGMENTS, [segment(road_name=name)])
    return render(*parts, date=DATE, **more)


def test_the_page_refers_to_nothing_outside_itself():
    for tag, attributes in Elements(page()).tags:
        assert tag not in ("link", "img", "iframe", "object", "base"), tag
        assert not {"src", "srcset", "action"} & attributes.keys(), attributes
        assert (attributes.get("href") or "#").startswith("#"), attributes
    assert "url(" not in page().replace("url(#default#VML)", "")


def test_the_policy_names_the_two_scripts_and_allows_nothing_else():
    elements = Elements(page())
    policy = next(a["content"] for t, a in elements.tags if a.get("http-equiv") == "Content-Security-Policy") or ""
    leaflet, _, script = elements.scripts()
    for text in (leaflet, script):
        assert base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() in policy
    assert policy.startswith("default-src 'none';") and "unsafe-eval" not in policy


def test_a_hostile_name_stays_data():
    hostile = Elements(page(HOSTILE, attribution=HOSTILE, run={"run": HOSTILE}))
    plain = Elements(page(attribution="x", run={"run": "x"}))
    assert [t for t, _ in hostile.tags] == [t for t, _ in plain.tags]
    data = json.loads(hostile.scripts()[1])
    assert data["potholes"]["features"][0]["properties"]["street"] == HOSTILE
    assert data["attribution"] == HOSTILE


@given(st.recursive(st.text() | st.integers() | st.none(), st.lists))
def test_json_in_html_is_the_same_json_and_ends_no_script(value):
    text = json_in_html(value)
    assert json.loads(text) == value
    assert not re.search("[<>&]", text)


def test_json_in_html_refuses_what_json_does_not_know():
    with pytest.raises(ValueError, match="JSON"):
        json_in_html(float("nan"))


def test_the_library_comes_with_its_licence():
    assert "BSD 2-Clause License" in Elements(page()).scripts()[0]


def test_a_big_day_stays_below_a_megabyte_and_a_half():
    potholes, driven, segments = day(streets=40, holes=300)
    assert driven.num_rows >= 3000 and potholes.num_rows == 300
    assert len(render(potholes, driven, segments, date=DATE).encode()) < 1_500_000


def test_the_same_day_gives_the_same_page():
    assert render(*day(streets=4, holes=5), date=DATE) == render(*day(streets=4, holes=5), date=DATE)
