"""The page, in a real browser against a real server: what a visitor does, with mouse and keyboard, in both languages."""

import io
import json
import re
import shlex
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, Route, expect, sync_playwright

from app.routes.page import FOLDER
from tests.browsing import kept, opened, seen, started
from tests.running import free_port, server

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
    "english-dark-narrow": {"color_scheme": "dark", "viewport": {"width": 360, "height": 740}},
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = started(playwright)
        yield browser
        browser.close()


def ink(shown: Locator) -> np.ndarray[Any, np.dtype[np.uint8]]:
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


def picture(content: bytes) -> np.ndarray[Any, np.dtype[np.uint8]]:
    with Image.open(io.BytesIO(content)) as image:
        return np.asarray(image.convert("L"))


def drawn(canvas: Locator) -> int:
    return int(canvas.get_attribute("data-drawn") or 0)


def wait_for_another(canvas: Locator, before: int) -> None:
    expect(canvas).not_to_have_attribute("data-drawn", str(before))


# What one can do


def test_number_appears_as_it_is_typed_and_its_link_brings_it_back(browser: Browser, service: str) -> None:
    with opened(browser, service, "/") as page:
        text = page.get_by_label("Your number")
        assert re.fullmatch(r"\d{4}-\d\d-\d\d", text.input_value()), "at first it is today's date"
        text.fill("")
        text.press_sequentially("1984-02-29")
        written = page.get_by_role("img", name="1984-02-29, in the hand of seed 8")
        expect(written).to_be_visible()
        page.get_by_role("button", name="Another hand").click()
        expect(page.locator("#written[data-text='1984-02-29']:not([alt$=' seed 8'])")).to_be_visible()
        alt, link = page.locator("#written").get_attribute("alt"), page.url
        with page.expect_download() as download:
            page.get_by_role("link", name="Download PNG").click()
        before = ink(page.locator("#written"))
        assert np.array_equal(picture(Path(download.value.path()).read_bytes()), before)
        assert download.value.suggested_filename == "1984-02-29.png"
        page.go_back()
        expect(written).to_be_visible()
    with opened(browser, service, link.removeprefix(service)) as page:
        assert page.locator("#written").get_attribute("alt") == alt
        assert np.array_equal(ink(page.locator("#written")), before)


def test_what_cannot_be_written_is_said_calmly_and_wide_digits_are_digits(browser: Browser, service: str) -> None:
    with opened(browser, service, "/?text=42") as page:
        page.get_by_label("Your number").fill("4x2")
        expect(page.get_by_text("Only digits, blanks and")).to_be_visible()
        page.get_by_label("Your number").fill("１５０ー０００１")
        expect(page.get_by_role("img", name="150-0001, in the hand of seed 8")).to_be_visible()
        expect(page.locator(".refusal")).to_be_empty()


def test_sheet_shows_the_digit_that_was_chosen_steps_and_goes_back(browser: Browser, service: str) -> None:
    with opened(browser, service, "/?panel=sheet") as page:
        places = page.locator("#sheet .places a")
        expect(places).to_have_count(64)
        page.get_by_role("radio", name="3", exact=True).check()
        expect(places.nth(63)).to_have_accessible_name("three, seed 63")
        page.get_by_role("button", name="Next").click()
        expect(places.nth(0)).to_have_accessible_name("three, seed 64")
        answer = httpx.get(f"{service}/grid?n=64&seed=64&label=3&paper=white")
        assert np.array_equal(ink(page.locator("#sheet canvas"))[::4, ::4], picture(answer.content))
        page.get_by_role("button", name="Shuffle").click()
        expect(places.nth(0)).not_to_have_accessible_name("three, seed 64")
        page.go_back()
        expect(places.nth(0)).to_have_accessible_name("three, seed 64")
        places.nth(9).hover()
        expect(page.locator("#sheet .hint")).to_have_text("three, seed 73")
        places.nth(9).click()
        expect(page.get_by_role("img", name="three, seed 73")).to_be_visible()
        page.go_back()
        expect(places.nth(0)).to_have_accessible_name("three, seed 64")


def test_bench_bends_a_digit_and_undoes_it(browser: Browser, service: str) -> None:
    with opened(browser, service, "/?panel=bench&seed=7&label=4") as page:
        digit = page.locator("#digit")
        assert np.array_equal(ink(digit), picture(httpx.get(f"{service}/generate?seed=7&label=4&paper=white").content))
        before, undrawn = ink(digit), drawn(digit)
        expect(page.get_by_role("button", name="Undo")).to_be_disabled()
        page.get_by_role("slider", name="thickness").fill("3")
        wait_for_another(digit, undrawn)
        assert (255 - ink(digit)).sum() > 1.4 * (255 - before).sum()
        expect(page.get_by_role("img", name="four, a hand of your own")).to_be_visible()
        page.get_by_role("radio", name="9").check()
        expect(page.get_by_role("img", name="nine, a hand of your own")).to_be_visible()
        page.get_by_role("button", name="Undo").click()
        page.get_by_role("button", name="Undo").click()
        expect(page.get_by_role("img", name="four, seed 7")).to_be_visible()
        assert np.array_equal(ink(digit), before)


def test_request_that_is_shown_gives_what_is_seen(browser: Browser, service: str) -> None:
    """As curl, word by word: with z where the digit was bent."""
    with opened(browser, service, ADDRESSES["bench"]) as page:
        words = shlex.split(page.locator("#bench .request code").inner_text().replace("\\\n", ""))
        assert words[0] == "curl"
        body = json.loads(words[words.index("-d") + 1])
        answer = httpx.post(words[1], json=body)
        assert len(body["z"]) == 64
        assert np.array_equal(picture(answer.content)[::8, ::8], ink(page.locator("#digit")))
        page.get_by_role("radio", name="httpx").check(force=True)
        code = page.locator("#bench .request code").inner_text()
        compile(code, "shown", "exec")
        assert "httpx.post(" in code


def test_single_numbers_can_be_drawn_and_copied(browser: Browser, service: str) -> None:
    with opened(browser, service, "/?panel=bench&seed=7&label=4", permissions=["clipboard-read", "clipboard-write"]) as page:
        page.get_by_text("All the numbers").click()
        bars = page.locator(".bars")
        bars.scroll_into_view_if_needed()
        box = bars.bounding_box()
        assert box is not None
        page.mouse.move(box["x"] + 2, box["y"] + 5)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] - 2, box["y"] + 5, steps=80)
        page.mouse.up()
        expect(page.get_by_role("img", name="four, a hand of your own")).to_be_visible()
        page.get_by_role("button", name="Copy z").click()
        z = json.loads(page.evaluate("navigator.clipboard.readText()"))
        assert len(z) == 64
        assert min(z) > 2.5
        assert httpx.post(f"{service}/generate", json={"z": z, "label": 4}).status_code == 200


def test_walk_leads_from_one_digit_to_the_other(browser: Browser, service: str) -> None:
    with opened(browser, service, "/?panel=walk&from=3&to=5&first=4&last=9") as page:
        between, share = page.locator("#between"), page.get_by_role("slider", name="How far")
        assert np.array_equal(ink(between), picture(httpx.get(f"{service}/generate?seed=3&label=4&paper=white").content))
        share.fill("40")
        expect(page.get_by_role("img", name="100 % of the way")).to_be_visible()
        assert np.array_equal(ink(between), picture(httpx.get(f"{service}/generate?seed=5&label=9&paper=white").content))
        page.get_by_role("radio", name="the end").check(force=True)
        hand = page.get_by_role("button", name="nine, seed 17")
        hand.click()
        expect(page.get_by_role("img", name="to nine, seed 17")).to_be_visible()
        for name, kind in (("Save as animated PNG", "png"), ("as WebP", "webp")):
            with page.expect_download() as download:
                page.get_by_role("link", name=name).click()
            assert download.value.suggested_filename == f"walk.{kind}"
            with Image.open(Path(download.value.path())) as film:
                assert getattr(film, "n_frames", 1) > 30
        at = drawn(between)
        page.get_by_role("button", name="Play").click()
        wait_for_another(between, at)
        page.get_by_role("button", name="Pause").click()


def test_models_stand_side_by_side_with_the_scores_of_their_cards(browser: Browser, service: str) -> None:
    with opened(browser, service, "/?panel=swap") as page:
        models = page.locator(".models article")
        expect(models).to_have_count(4)
        assert page.locator(".models h3").all_inner_texts() == ["dense", "dcgan", "cgan", "kakite"]
        for model in httpx.get(f"{service}/models").json()["models"]:
            card = models.filter(has=page.get_by_role("heading", name=model["name"], exact=True))
            expect(card).to_contain_text(f"{model['scores']['specks_per_digit']:.2f}")
            expect(card).to_contain_text(f"{model['scores']['frechet']:.2f}")
        expect(models.nth(3)).to_contain_text("99.67 %")
        assert "sand" in page.locator("#swap").inner_text()
        film = page.locator(".film canvas").first
        first = ink(film)
        page.get_by_role("slider", name="Images seen").fill("12")
        expect(page.locator("#images-seen")).to_have_text(re.compile(r"\d{3},\d{3} images seen"))
        assert not np.array_equal(ink(film), first)


# How it is


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
        before, address = page.locator(f"#{panel}").screenshot(), page.url
        page.reload()
        seen(page)
        assert page.url == address
        assert page.locator(f"#{panel}").screenshot() == before


def test_language_is_switched_and_kept(browser: Browser, service: str) -> None:
    with opened(browser, service, "/") as page:
        page.get_by_role("button", name="日本語").click()
        expect(page.get_by_role("heading", name="数を書く")).to_be_visible()
        page.reload()
        expect(page.get_by_role("heading", name="数を書く")).to_be_visible()
        assert page.title().startswith("数を書く")
        page.get_by_role("button", name="English").click()
        expect(page.get_by_role("heading", name="Write a number")).to_be_visible()


def test_keyboard_reaches_everything(browser: Browser, service: str) -> None:
    """From the address bar to a bent nine, and a visible focus on the way."""
    with opened(browser, service, "/") as page:
        tab_to(page, "Sheet")
        page.keyboard.press("Enter")
        expect(page.locator("#sheet .places a").first).to_have_accessible_name("five, seed 0")
        tab_to(page, "five, seed 0")
        for key in ("ArrowDown", "ArrowRight"):
            page.keyboard.press(key)
        assert focused(page) == "seven, seed 9"
        page.keyboard.press("Enter")
        expect(page.get_by_role("img", name="seven, seed 9")).to_be_visible()
        tab_to(page, "thickness")
        page.keyboard.press("ArrowRight")
        expect(page.get_by_role("img", name="seven, a hand of your own")).to_be_visible()
        tab_to(page, "7")
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowRight")
        expect(page.get_by_role("img", name="nine, a hand of your own")).to_be_visible()
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


def test_one_request_at_a_time_and_the_latest_wins(browser: Browser, service: str) -> None:
    flying, most, count = 0, 0, 0
    lock = threading.Lock()

    def slowly(route: Route) -> None:
        nonlocal flying, most, count
        with lock:
            flying, count = flying + 1, count + 1
            most = max(most, flying)
        time.sleep(0.1)
        route.continue_()
        with lock:
            flying -= 1

    with opened(browser, service, "/?panel=bench&seed=7&label=4") as page:
        page.route("**/generate", slowly)
        page.get_by_role("slider", name="slant").focus()
        for _ in range(30):
            page.keyboard.press("ArrowRight")
        expect(page.locator("#bench .request code")).to_contain_text('"z"')
        page.wait_for_timeout(500)
        z = json.loads(re.findall(r"-d '(.*)'", page.locator("#bench .request code").inner_text())[0])
        answer = httpx.post(f"{service}/generate", json={**z, "scale": 1})
        assert np.array_equal(ink(page.locator("#digit")), picture(answer.content))
        assert most == 1
        assert count < 30


def test_server_that_goes_away_is_told_calmly_and_come_back_to(browser: Browser) -> None:
    port = free_port()
    origin = f"http://127.0.0.1:{port}"
    with server(port) as (process, _):
        visit = opened(browser, origin, "/?panel=sheet", troubled=True)
        page = visit.__enter__()
        process.terminate()
        process.wait()
        page.get_by_role("button", name="Next").click()
        expect(page.locator("#notice")).to_have_text("The service does not answer just now. This page keeps trying.")
        kept(page, "away")
    with server(port):
        expect(page.locator("#notice")).to_be_empty()
        expect(page.locator("#sheet .places a").first).to_have_accessible_name(re.compile("seed 64$"))
        visit.__exit__(None, None, None)


def test_busy_server_is_told_calmly_and_asked_again(browser: Browser, service: str) -> None:
    with opened(browser, service, "/?panel=sheet", troubled=True) as page:
        refusal = {"status": 503, "content_type": "application/problem+json", "body": '{"detail": "Too many images are waiting."}'}
        page.route("**/grid?*", lambda route: route.fulfill(**refusal))
        page.get_by_role("button", name="Next").click()
        expect(page.locator("#notice")).to_have_text("The service is busy. The digits will come by themselves.")
        page.unroute("**/grid?*")
        expect(page.locator("#notice")).to_be_empty()
        expect(page.locator("#sheet .places a").first).to_have_accessible_name(re.compile("seed 64$"))


@pytest.mark.parametrize("panel", [*ADDRESSES, "__proto__", "<b>", ""])
def test_nothing_in_the_address_becomes_html_or_breaks_the_page(browser: Browser, service: str, panel: str) -> None:
    hostile = "%3Cimg src=x onerror=alert(1)%3E"
    fields = "&".join(
        f"{name}={hostile}" for name in ("text", "seed", "label", "from", "to", "first", "at", "z", "thickness", "truncation")
    )
    with opened(browser, service, f"/?panel={panel}&{fields}") as page:
        assert page.locator("img[src=x]").count() == 0
        assert page.locator("main > section:not([hidden])").count() == 1


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
    """All of it, the film included, without compression."""
    assert sum(file.stat().st_size for file in FOLDER.rglob("*") if file.is_file() and file.suffix != ".txt") < 150_000


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
