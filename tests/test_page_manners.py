"""The page, in a real browser against a real server: how it is, on every panel, for everyone."""

import re
from typing import Any
from urllib.parse import parse_qs

import httpx
import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from app.routes.page import FOLDER
from tests.browsing import Ink, ink, kept, opened, picture, seen
from tests.running import ALL_MODELS, server

ADDRESSES = {
    "write": "/?panel=write&text=1984-02-29&seed=8",
    "sheet": "/?panel=sheet&seed=640&label=3",
    "bench": "/?panel=bench&seed=7&label=4&thickness=2&slant=-1.5&truncation=0.8&z=5:1.25",
    "walk": "/?panel=walk&from=3&to=12&first=4&last=9&at=20",
    "swap": "/?panel=swap&seed=20&at=9",
}
LOOKS: dict[str, dict[str, Any]] = {
    "english-light-wide": {},
    "japanese-dark-wide": {"locale": "ja-JP", "color_scheme": "dark"},
    "japanese-light-narrow": {"locale": "ja-JP", "viewport": {"width": 360, "height": 740}},
}


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("panel", ADDRESSES)
def test_every_panel_is_fit_for_everyone(browser: Browser, service: str, panel: str, look: str) -> None:
    """axe-core finds nothing; its own language is spoken; dark is dark; nothing is wider than the screen."""
    with opened(browser, service, ADDRESSES[panel], **LOOKS[look]) as page:
        kept(page, f"{panel}-{look}")
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
        assert page.locator("html").get_attribute("lang") == look[:2]
        japanese = bool(re.search("[ぁ-ん]", page.locator(f"#{panel} h2").inner_text()))
        assert japanese == look.startswith("japanese")
        background = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (max(map(int, re.findall(r"\d+", background)[:3])) < 64) == ("dark" in look)


@pytest.mark.parametrize("panel", ADDRESSES)
def test_reload_brings_back_what_was_seen(browser: Browser, service: str, panel: str) -> None:
    with opened(browser, service, ADDRESSES[panel]) as page:
        address = page.url
        before, after = reloaded(page, panel), reloaded(page, panel)
        assert page.url == address
        assert np.array_equal(before, after)
        fields = parse_qs(address.partition("?")[2])
        assert {name: fields.get(name) for name in parse_qs(ADDRESSES[panel][2:])} == parse_qs(ADDRESSES[panel][2:])


def reloaded(page: Page, panel: str) -> Ink:
    """The panel after a reload, by which its font has come: a slow machine shows a page without it the first time."""
    page.reload()
    seen(page)
    return picture(page.locator(f"#{panel}").screenshot())


def test_language_is_switched_and_kept(browser: Browser, service: str) -> None:
    with opened(browser, service, "/") as page:
        page.get_by_role("button", name="日本語").click()
        expect(page.get_by_role("heading", name="数字を書く")).to_be_visible()
        page.reload()
        expect(page.get_by_role("heading", name="数字を書く")).to_be_visible()
        assert page.title().startswith("数字を書く")
        page.get_by_role("button", name="English").click()
        expect(page.get_by_role("heading", name="Write a number")).to_be_visible()


def test_keyboard_reaches_everything(browser: Browser, service: str) -> None:
    """From the address bar to a bent six, and a visible focus on the way."""
    with opened(browser, service, "/") as page:
        tab_to(page, "Sheet")
        page.keyboard.press("Enter")
        expect(page.locator("#sheet .places a").first).to_have_accessible_name("zero, seed 0")
        tab_to(page, "zero, seed 0")
        for key in ("ArrowDown", "ArrowRight"):
            page.keyboard.press(key)
        assert focused(page) == "four, seed 9"
        page.keyboard.press("Enter")
        expect(page.get_by_role("img", name="four, seed 9")).to_be_visible()
        tab_to(page, "thickness")
        page.keyboard.press("ArrowRight")
        expect(page.get_by_role("img", name="four, a hand of your own")).to_be_visible()
        tab_to(page, "4")
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowRight")
        expect(page.get_by_role("img", name="six, a hand of your own")).to_be_visible()
        tab_to(page, "All the numbers")
        page.keyboard.press("Enter")
        tab_to(page, "number 1")
        page.keyboard.press("ArrowRight")
        assert focused(page) == "number 2"
        before = page.url
        page.keyboard.press("ArrowUp")
        expect(page).not_to_have_url(before)


def focused(page: Page) -> str:
    """What has the focus, by its name; its focus can be seen."""
    name, outlined = page.evaluate(
        """() => {
          const one = document.activeElement;
          const label = one.getAttribute("aria-label") ?? (one.labels?.length ? one.labels[0].innerText || one.value : one.innerText);
          const outlined = [one, one.closest("label")].some((each) => each && getComputedStyle(each).outlineStyle !== "none");
          return [label.trim(), outlined];
        }"""
    )
    assert outlined, name
    return str(name)


def tab_to(page: Page, name: str) -> None:
    for _ in range(60):
        page.keyboard.press("Tab")
        if focused(page) == name:
            return
    raise AssertionError(f"Tab never comes to {name}")


def test_panel_is_come_back_to_as_it_was_left(browser: Browser, service: str) -> None:
    with opened(browser, service, ADDRESSES["sheet"]) as page:
        nav = page.get_by_role("navigation")
        nav.get_by_role("link", name="Walk").click()
        nav.get_by_role("link", name="Sheet").click()
        expect(page.locator("#sheet .places a").first).to_have_accessible_name("three, seed 640")


def test_request_is_closed_until_the_reader_opens_it_and_stays_open_everywhere(browser: Browser, service: str) -> None:
    with opened(browser, service, ADDRESSES["sheet"]) as page:
        box = page.locator("#sheet .request")
        expect(box).not_to_have_attribute("open")
        box.locator("summary").click()
        page.get_by_role("navigation").get_by_role("link", name="Walk").click()
        seen(page)
        expect(page.locator("#walk .request")).to_have_attribute("open", "")
        page.reload()
        seen(page)
        expect(page.locator("#walk .request")).to_have_attribute("open", "")
        page.locator("#walk .request summary").click()
        page.reload()
        seen(page)
        expect(page.locator("#walk .request")).not_to_have_attribute("open")


def test_sheets_hands_and_rules_end_at_one_edge(browser: Browser, service: str) -> None:
    edges = set()
    for panel, ends in {
        "sheet": [".paper"],
        "bench": [".ten", ".workbench"],
        "walk": [".hands .paper", "#strip"],
        "swap": [".models", ".film"],
    }.items():
        with opened(browser, service, ADDRESSES[panel]) as page:
            for end in ["header", "footer", *(f"#{panel} {end}" for end in [*ends, ".request"])]:
                edges.add(page.locator(end).evaluate("(one) => one.getBoundingClientRect().right"))
    assert len(edges) == 1, edges


def test_buttons_lie_at_the_sheets_they_move(browser: Browser, service: str) -> None:
    """Both are seen at once, on a phone, too."""
    for viewport in ({"width": 1200, "height": 900}, {"width": 360, "height": 740}):
        for panel in ("sheet", "swap"):
            with opened(browser, service, ADDRESSES[panel], viewport=viewport) as page:
                button, sheet = page.locator(f"#{panel} .forth").bounding_box(), page.locator(f"#{panel} canvas").first.bounding_box()
                assert button is not None
                assert sheet is not None
                gap = max(button["y"] - (sheet["y"] + sheet["height"]), sheet["y"] - (button["y"] + button["height"]))
                assert 0 < gap < 130, (panel, viewport, gap)


def test_model_without_labels_or_directions_is_served_as_far_as_it_goes(browser: Browser) -> None:
    with server(None, KAKITE_MODEL="dcgan", **ALL_MODELS) as (_, url):
        with opened(browser, url, "/?panel=bench&seed=7") as page:
            expect(page.get_by_role("img", name="a digit, seed 7")).to_be_visible()
            answer = httpx.get(f"{url}/generate?seed=7&paper=white")
            assert np.array_equal(ink(page.locator("#digit")), picture(answer.content))
            expect(page.get_by_role("slider", name="character")).to_be_visible()
            expect(page.get_by_role("slider", name="slant")).to_have_count(0)
        for panel, there in (("sheet", "a digit, seed 0"), ("walk", "a digit, seed 0")):
            with opened(browser, url, f"/?panel={panel}") as page:
                expect(page.locator(f"#{panel} .places > *").first).to_have_accessible_name(there)
        with opened(browser, url, "/?panel=write&text=42") as page:  # by the first model that has labels
            expect(page.get_by_role("img", name="42, in the hand of seed 8")).to_be_visible()


def test_page_is_strict_about_where_things_come_from(service: str) -> None:
    for path in ("/", "/page/index.html", "/page/main.js"):
        answer = httpx.get(service + path)
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "http" not in policy
    html = (FOLDER / "index.html").read_text()
    assert not re.search(r"<script(?![^>]*src=)|style=| on\w+=|//[a-z]", html)


def test_page_is_light() -> None:
    """Without compression; and so is its film. Weights come once they are wanted."""
    files = [file for file in FOLDER.rglob("*") if file.is_file() and file.suffix != ".txt"]
    assert sum(file.stat().st_size for file in files if file.parent.name != "film") < 200_000
    assert sum(file.stat().st_size for file in files if file.parent.name == "film") < 40_000


def test_both_languages_say_everything() -> None:
    """In the page a word in one language stands beside the same in the other; in words.js both have the same ones."""
    html = (FOLDER / "index.html").read_text()
    assert len(re.findall('<span lang="en">', html)) == len(re.findall('</span><span lang="ja">', html)) > 80
    english, japanese = (set(re.findall(r"^    (\w+):", part, re.MULTILINE)) for part in words_by_language())
    assert english == japanese


def words_by_language() -> tuple[str, str]:
    _, _, words = (FOLDER / "words.js").read_text().partition("const WORDS")
    english, _, japanese = words.partition("  ja: {")
    return english, japanese
