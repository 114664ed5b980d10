"""A real browser, and pages in it that keep the promises every page keeps: no errors, nothing from elsewhere, nothing that jumps."""

import io
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, Playwright, expect

Ink = np.ndarray[Any, np.dtype[np.uint8]]

SCREENSHOTS = Path(__file__).parent.parent / "screenshots"  # of the last run, to be looked at; not in git
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
WATCH = """
window.shifts = [];
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) {
    if (!entry.hadRecentInput) window.shifts.push(...entry.sources.map(({ node }) => `${entry.value} ${node?.outerHTML?.slice(0, 80)}`));
  }
}).observe({ type: "layout-shift", buffered: true });
"""


def started(playwright: Playwright) -> Browser:
    """The system's Chromium, or Playwright's own. Where there is none the tests are skipped, but on a machine that must have one."""
    system = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if system or Path(playwright.chromium.executable_path).exists():
        return playwright.chromium.launch(executable_path=system, args=ARGUMENTS)
    sentence = "No Chromium here: apt-get install chromium, or .venv/bin/playwright install chromium"
    if os.environ.get("CI"):
        pytest.fail(sentence)
    pytest.skip(sentence)


@contextmanager
def opened(
    browser: Browser,
    origin: str,
    address: str,
    *,
    troubled: bool = False,
    calm: bool = True,
    shown: Callable[[Page], None] | None = None,
    **context: Any,
) -> Iterator[Page]:
    """A page of its own; on leaving it is checked. `origin` is the service's address, behind which all lies that the page loads.
    `troubled`: the service fails on purpose, of which the browser's console may tell. `shown` waits until it can be used; one that is not
    `calm` moves what is seen."""
    within = browser.new_context(**{"locale": "en-GB", "viewport": {"width": 1200, "height": 900}, **context})
    within.set_default_timeout(20_000)
    page = within.new_page()
    errors: list[str] = []
    elsewhere: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text) if message.type in ("error", "warning") and not troubled else None)
    here = (f"{origin}/", "blob:", "data:", origin + address)
    page.on("request", lambda request: elsewhere.append(request.url) if not request.url.startswith(here) else None)
    page.add_init_script(WATCH)
    try:
        page.goto(origin + address)
        (shown or seen)(page)
        yield page
        assert errors == [], errors
        assert elsewhere == [], elsewhere
        assert not calm or (shifts := page.evaluate("shifts")) == [], shifts
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "it must not be wider than the screen"
    finally:
        within.close()


def seen(page: Page) -> None:
    """Waits until every picture of the panel has come."""
    page.wait_for_function(
        """() => {
          const panel = document.querySelector("main > section:not([hidden])");
          const pictures = panel ? [...panel.querySelectorAll("canvas, img")] : [];
          const refused = panel?.querySelector(".refusal")?.textContent;
          return pictures.length && pictures.every((one) => one.dataset.drawn || one.naturalWidth || refused || !one.checkVisibility());
        }"""
    )


def kept(page: Page, name: str) -> None:
    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{re.sub('[^a-z0-9]+', '-', name.lower())}.png", full_page=True)


def ink(shown: Locator) -> Ink:
    """The pixels of a canvas or a picture as it came, black on white [height, width]."""
    size, values = shown.evaluate(
        """(one) => {
          const [width, height] = one.getContext ? [one.width, one.height] : [one.naturalWidth, one.naturalHeight];
          const copy = new OffscreenCanvas(width, height).getContext("2d");
          copy.drawImage(one, 0, 0);
          const { data } = copy.getImageData(0, 0, width, height);
          return [[height, width], Array.from(data.filter((_, i) => i % 4 === 0))];
        }"""
    )
    return np.array(values, np.uint8).reshape(size)


def picture(content: bytes) -> Ink:
    with Image.open(io.BytesIO(content)) as image:
        return np.asarray(image.convert("L"))


def told_request(page: Page, panel: str) -> Locator:
    """What a panel shows as a request, in its box, which is opened for that."""
    box = page.locator(f"#{panel} .request")
    if box.get_attribute("open") is None:
        box.locator("summary").click()
    return box.locator("code")


def drawn(canvas: Locator) -> int:
    return int(canvas.get_attribute("data-drawn") or 0)


def wait_for_another(canvas: Locator, before: int) -> None:
    expect(canvas).not_to_have_attribute("data-drawn", str(before))
