"""Pictures of a report page for the documentation: ``python tools/picture_report.py report-DATE.html docs/pictures``.

Needs Chromium and the extra ``dev``. Writes report.png, and with the first pothole selected report-dark.png and
report-phone.png.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]


def picture(browser: Browser, page: Path, to: Path, width: int, height: int, scheme: str, select: bool) -> None:
    """One picture of the page at that size, with the first row selected or not."""
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if scheme == "dark" else "light",
        reduced_motion="reduce",
    )
    tab = context.new_page()
    tab.goto(page.resolve().as_uri())
    if select:
        tab.locator("tbody tr").first.click()
    tab.wait_for_timeout(500)
    tab.screenshot(path=to)
    context.close()


def main(page: Path, folder: Path) -> None:
    """All pictures of one page."""
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        picture(browser, page, folder / "report.png", 1440, 900, "light", select=False)
        picture(browser, page, folder / "report-dark.png", 1440, 900, "dark", select=True)
        picture(browser, page, folder / "report-phone.png", 390, 844, "light", select=True)
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
