"""The page, in a real browser against a real server: hasty readers, hostile addresses, and a service that is slow, busy or away."""

import json
import re
import time
from contextlib import ExitStack

import httpx
import numpy as np
import pytest
from playwright.sync_api import Browser, Route, expect

from tests.browsing import ink, kept, opened, picture, seen, told_request
from tests.running import PATIENCE_S, free_port, server

FLIGHTS = """
window.flights = { now: 0, most: 0, all: 0 };
const before = window.fetch;
window.fetch = async (...request) => {
  flights.all += 1;
  flights.now += 1;
  flights.most = Math.max(flights.most, flights.now);
  try {
    await new Promise((done) => setTimeout(done, 100));
    return await before(...request);
  } finally {
    flights.now -= 1;
  }
};
"""


def test_one_request_at_a_time_and_the_latest_wins(browser: Browser, service: str) -> None:
    with opened(browser, service, "/?panel=bench&seed=7&label=4") as page:
        page.evaluate(f"() => {{ {FLIGHTS} }}")
        page.get_by_role("slider", name="slant").focus()
        for _ in range(30):
            page.keyboard.press("ArrowRight")
        expect(told_request(page, "bench")).to_contain_text('"z"')
        [sent] = re.findall(r"-d '(.*)'", told_request(page, "bench").inner_text())
        answer = httpx.post(f"{service}/generate", json={**json.loads(sent), "scale": 1})
        deadline = time.monotonic() + PATIENCE_S
        while not np.array_equal(ink(page.locator("#digit")), picture(answer.content)):
            assert time.monotonic() < deadline, "the latest does not win"
        flights = page.evaluate("flights")
        assert flights["most"] == 1
        assert flights["all"] < 30
        page.get_by_role("button", name="Undo").click()
        expect(page.get_by_role("img", name="four, seed 7")).to_be_visible()  # all that keys did to one slider is one step


def slowly(route: Route) -> None:
    time.sleep(0.3)
    route.continue_()


def test_hasty_reader_finds_the_panel_and_the_address_in_agreement(browser: Browser, service: str) -> None:
    """Panels are left while they still wait for the service, entered twice, and seeds change faster than they are answered."""
    with opened(browser, service, "/?panel=write&text=1") as page:
        for path in ("**/models/*/directions", "**/arithmetic"):
            page.route(path, slowly)
        nav = page.get_by_role("navigation")
        for panel in ("Bench", "Walk", "Bench", "Sheet"):
            nav.get_by_role("link", name=panel).click()
        seen(page)
        page.wait_for_timeout(1000)
        assert "panel=sheet" in page.url
        nav.get_by_role("link", name="Bench").click()
        for _ in range(3):
            page.get_by_role("button", name="Another hand").last.click()
        page.wait_for_timeout(1500)
        seed = page.locator("#bench-seed").input_value()
        assert f"seed={seed}" in page.url
        assert page.locator(".sliders input").count() == 5
        z = httpx.post(f"{service}/arithmetic", json={"plus": [int(seed)], "label": 0}).json()["z"]
        shown = page.locator(".bars input").evaluate_all("(all) => all.map((one) => Number(one.value))")
        assert np.allclose(shown, np.clip(z, -3.5, 3.5), atol=0.02)


def test_server_that_goes_away_is_told_calmly_and_come_back_to(browser: Browser) -> None:
    port = free_port()
    origin = f"http://127.0.0.1:{port}"
    with ExitStack() as stack:
        with server(port) as (process, _):
            page = stack.enter_context(opened(browser, origin, "/?panel=sheet", troubled=True))
            process.terminate()
            process.wait()
            page.get_by_role("button", name="Next").click()
            expect(page.locator("#notice")).to_have_text("The service does not answer just now. This page keeps trying.")
            kept(page, "away")
        stack.enter_context(server(port))
        expect(page.locator("#notice")).to_be_empty()
        expect(page.locator("#sheet .places a").first).to_have_accessible_name(re.compile("seed 64$"))


def test_busy_server_is_told_calmly_and_asked_again(browser: Browser, service: str) -> None:
    with opened(browser, service, "/?panel=sheet", troubled=True) as page:
        refusal = {"status": 503, "content_type": "application/problem+json", "body": '{"detail": "Too many images are waiting."}'}
        page.route("**/grid?*", lambda route: route.fulfill(**refusal))
        page.get_by_role("button", name="Next").click()
        expect(page.locator("#notice")).to_have_text("The service is busy. The digits will come by themselves.")
        page.unroute("**/grid?*")
        expect(page.locator("#notice")).to_be_empty()
        expect(page.locator("#sheet .places a").first).to_have_accessible_name(re.compile("seed 64$"))


def test_refusal_is_told(browser: Browser, service: str) -> None:
    with opened(browser, service, "/?panel=sheet", troubled=True) as page:
        page.route("**/grid?*", lambda route: route.fulfill(status=500, content_type="text/html", body="<b>broken</b>"))
        page.get_by_role("button", name="Next").click()
        expect(page.locator("#notice")).to_have_text(re.compile("^500"))
        page.unroute("**/grid?*")
        page.get_by_role("button", name="Next").click()
        expect(page.locator("#notice")).to_be_empty()


@pytest.mark.parametrize("panel", ["write", "sheet", "bench", "walk", "swap", "hand", "__proto__", "<b>", ""])
def test_nothing_in_the_address_becomes_html_or_breaks_the_page(browser: Browser, service: str, panel: str) -> None:
    hostile = "%3Cimg src=x onerror=alert(1)%3E"
    fields = "&".join(
        f"{name}={hostile}" for name in ("text", "seed", "label", "from", "to", "first", "at", "z", "hand", "thickness", "truncation")
    )
    with opened(browser, service, f"/?panel={panel}&{fields}") as page:
        assert page.locator("img[src=x]").count() == 0
        assert page.locator("main > section:not([hidden])").count() == 1
