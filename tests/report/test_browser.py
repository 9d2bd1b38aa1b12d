"""The page in headless Chromium, opened from disk."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pothole.report import write_report
from pothole.tables import CONDITION, POTHOLES, SEGMENTS
from tests import needs

from .fake_day import DATE, condition, day, pothole, segment, table

pytestmark = pytest.mark.browser

FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync")  # fmt: skip
HOSTILE = "</script><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">'"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    sync_api = needs.module("playwright.sync_api")
    chromium = needs.program("chromium", "chromium-browser")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture
def visit(browser: Any, tmp_path: Path) -> Iterator[Any]:
    """Opens a day's page; afterwards there must have been no request but for the page itself and no complaint."""
    requests, complaints = [], []
    context = browser.new_context(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")

    def open_page(potholes, driven, segments, size=None, **more):
        file = write_report(tmp_path, potholes, driven, segments, date=DATE, **more)[-1]
        page = context.new_page()
        page.set_default_timeout(5000)
        page.on("request", lambda r: requests.append(r.url) if not r.url.startswith("blob:") else None)
        page.on("console", lambda m: complaints.append(m.text))
        page.on("pageerror", lambda e: complaints.append(str(e)))
        if size:
            page.set_viewport_size(dict(zip(("width", "height"), size, strict=True)))
        page.goto(file.as_uri())
        assert page.locator("#map .leaflet-pane").count() > 0
        return page

    yield open_page
    context.close()
    assert [r for r in requests if not r.endswith(f"report-{DATE}.html")] == []
    assert complaints == []


def visible_places(page: Any) -> int:
    return page.locator(".leaflet-potholes-pane path.leaflet-interactive").count()


def until(page: Any, expression: str, seconds: float = 5.0) -> None:
    """Waits until an expression holds; Playwright's own wait evaluates text in the page, which its policy forbids."""
    deadline = time.monotonic() + seconds
    while not page.evaluate(expression):
        assert time.monotonic() < deadline, f"still not true: {expression}"
        page.wait_for_timeout(20)


def marker_in_the_middle(page: Any, radius_px: int = 40) -> bool:
    """Whether a pothole's marker lies in the middle of the map."""
    return page.evaluate(
        """(radius) => {
          const box = (e) => e.getBoundingClientRect();
          const middle = (e) => [box(e).x + box(e).width / 2, box(e).y + box(e).height / 2];
          const [x, y] = middle(document.getElementById("map"));
          const markers = [...document.querySelectorAll(".leaflet-potholes-pane path.leaflet-interactive")];
          return markers.map(middle).some(([u, v]) => Math.hypot(u - x, v - y) < radius);
        }""",
        radius_px,
    )


def potholes_outside(page: Any) -> int:
    """How many markers are not wholly on the map."""
    return page.evaluate(
        """() => {
          const map = document.getElementById("map").getBoundingClientRect();
          const markers = [...document.querySelectorAll(".leaflet-potholes-pane path.leaflet-interactive")];
          return markers.map((m) => m.getBoundingClientRect()).filter((b) =>
            b.left < map.left || b.right > map.right || b.top < map.top || b.bottom > map.bottom).length;
        }"""
    )


@pytest.mark.parametrize("size", [(1440, 900), (1366, 768), (1280, 720), (390, 844)])
def test_the_first_view_holds_every_pothole(visit, size):
    page = visit(*day(), size=size)
    assert (potholes_outside(page), visible_places(page)) == (0, 60)


def test_a_day_shows_its_figures_its_list_and_its_map(visit):
    page = visit(*day(), attribution="Roads © OpenStreetMap contributors", run={"run": "r-1"})
    assert page.locator("h1").inner_text() == "Thursday, 12 February 2026"
    assert page.locator("tbody tr").count() == visible_places(page) == 60
    confirmed, others = (int(page.locator(f"#tile-{name}").inner_text()) for name in ("confirmed", "candidates"))
    assert confirmed + others == 60 and page.locator("tbody .disc").count() == confirmed
    assert "© OpenStreetMap contributors" in page.locator("footer").inner_text()
    assert "r-1" in page.locator("footer").inner_text()
    assert page.locator(".leaflet-control-scale-line").inner_text().endswith("m")


def test_road_lines_are_drawn(visit):
    page = visit(*day())
    colours = page.evaluate(
        """() => { const c = document.querySelector("#map canvas"), d = c.getContext("2d");
        const p = d.getImageData(0, 0, c.width, c.height).data, seen = new Set();
        for (let i = 0; i < p.length; i += 4) if (p[i + 3] === 255) seen.add(`${p[i]},${p[i + 1]},${p[i + 2]}`);
        return [...seen]; }"""
    )
    assert {"169,198,220", "107,156,200", "47,105,173", "16,49,107", "211,209,202"} <= set(colours)


def test_a_click_on_a_row_moves_the_map_there_and_tells_all(visit):
    page = visit(*day())
    page.locator("tbody tr").nth(7).click()
    until(page, "document.querySelector('.leaflet-potholes-pane path[stroke-dasharray]') !== null")
    assert marker_in_the_middle(page)
    assert page.locator("tbody tr.picked .rank").inner_text() == "8"
    assert page.locator("#detail h2").inner_text().startswith("8. ")
    page.keyboard.press("Escape")
    assert page.locator("#detail").is_hidden() and page.locator("tr.picked").count() == 0


def test_a_click_on_a_marker_finds_its_row(visit):
    page = visit(*day())
    marker = page.locator(".leaflet-potholes-pane path.leaflet-interactive").first
    marker.dispatch_event("click")
    row = page.locator("tr.picked")
    assert row.count() == 1 and row.locator(".rank").inner_text() == "60"
    until(
        page,
        """() => {
          const row = document.querySelector("tr.picked").getBoundingClientRect();
          const list = document.getElementById("scroll").getBoundingClientRect();
          return row.top >= list.top && row.bottom <= list.bottom + 1;
        }""",
    )


def test_filters_hold_for_list_and_map(visit):
    page = visit(*day())
    confirmed = int(page.locator("#tile-confirmed").inner_text())
    page.check("#confirmed-only")
    assert page.locator("tbody tr").count() == visible_places(page) == confirmed
    page.locator("#severity").fill("40")
    severities = [int(v) for v in page.locator('td[headers="col-severity"] .value').all_inner_texts()]
    assert 0 < len(severities) < confirmed and min(severities) >= 40
    page.get_by_text("Reset").click()
    until(page, "document.querySelectorAll('tbody tr').length === 60")
    page.fill("#street", "harbour")
    assert set(page.locator("tbody .name").all_inner_texts()) == {"Harbour Road"}
    page.fill("#street", "HÁRBOUR")
    assert set(page.locator("tbody .name").all_inner_texts()) == {"Harbour Road"}
    page.fill("#street", "no such street")
    assert page.locator("#empty").inner_text() == "No pothole fits these filters."


def test_reset_shows_the_whole_map_again(visit):
    page = visit(*day())
    page.locator("tbody tr").first.click()
    until(page, "document.querySelectorAll('tr.picked').length === 1")
    assert potholes_outside(page) > 0
    page.get_by_text("Reset").click()
    assert potholes_outside(page) == 0


def test_a_heading_sorts(visit):
    page = visit(*day())

    def severities() -> list[int]:
        return [int(v) for v in page.locator('td[headers="col-severity"] .value').all_inner_texts()]

    page.click("#col-severity button")
    assert severities() == sorted(severities(), reverse=True)
    assert page.locator("#col-severity").get_attribute("aria-sort") == "descending"
    page.click("#col-severity button")
    assert severities() == sorted(severities())


def test_the_keyboard_is_enough(visit):
    page = visit(*day())
    page.locator("#col-last_seen button").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert page.locator("tr.picked .rank").inner_text() == "3"
    until(page, "document.querySelector('.leaflet-potholes-pane path[stroke-dasharray]') !== null")
    assert marker_in_the_middle(page)


def test_downloads_are_the_files(visit, tmp_path):
    page = visit(*day())
    for kind in ("csv", "geojson"):
        with page.expect_download() as download:
            page.click(f"#download-{kind}")
        name = f"potholes-{DATE}.{kind}"
        assert download.value.suggested_filename == name
        got, written = Path(download.value.path()).read_bytes(), (tmp_path / name).read_bytes()
        assert got == written if kind == "csv" else json.loads(got) == json.loads(written)


def test_a_hostile_street_is_only_a_name(visit):
    roads = table(SEGMENTS, [segment(road_name=HOSTILE)])
    page = visit(table(POTHOLES, [pothole()]), table(CONDITION, [condition()]), roads, attribution=HOSTILE)
    page.locator("tbody tr").click()
    page.locator(".leaflet-potholes-pane path.leaflet-interactive").hover()
    assert page.locator("tbody .name").inner_text() == HOSTILE
    assert page.locator(".leaflet-tooltip b").inner_text() == f"1. {HOSTILE}"
    assert page.locator("#worst button").inner_text() == HOSTILE
    assert page.title() == f"Potholes on {DATE}" and page.locator("img").count() == 0


def test_a_day_without_potholes_says_so(visit):
    page = visit(table(POTHOLES, []), table(CONDITION, [condition()]), table(SEGMENTS, [segment()]))
    assert page.locator("#empty").inner_text() == f"No potholes on {DATE}; 1 segment was driven."


def test_a_day_without_a_network_is_a_page_too(visit):
    holes = [pothole(s_id=None, link_id=None, offset_m=None, heading=None)]
    page = visit(table(POTHOLES, holes), table(CONDITION, []), None)
    assert page.locator("tbody .name").inner_text() == "no road within reach"
    assert visible_places(page) == 1 and marker_in_the_middle(page)


def test_a_phone_needs_no_sideways_scrolling(visit):
    page = visit(*day())
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert (
        page.evaluate("document.getElementById('scroll').scrollWidth - document.getElementById('scroll').clientWidth")
        == 0
    )
    page.locator("tbody tr").nth(3).click()
    assert abs(page.locator("#map").bounding_box()["y"]) < 100


def test_dark_mode_repaints(visit):
    page = visit(*day())
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.emulate_media(color_scheme="dark")
    until(page, "document.documentElement.dataset.theme === 'dark'")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != light
