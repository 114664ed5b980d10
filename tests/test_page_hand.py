"""The page's panel for a hand of one's own, in a real browser against a real server: from a drawn 4 to a written date."""

import base64
import io
import re
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image, ImageDraw
from playwright.sync_api import Browser, Page, Route, expect

from models.cards import ENCODER_SUFFIX, FOLDER
from tests.browsing import drawn, ink, kept, opened, picture, seen, told_request, wait_for_another

reads = pytest.mark.skipif(not (FOLDER / f"kakite{ENCODER_SUFFIX}").exists(), reason="the weights that read hands are not here")
FOUR = [[(0.32, 0.2), (0.28, 0.5), (0.3, 0.55), (0.72, 0.52)], [(0.64, 0.2), (0.62, 0.5), (0.6, 0.85)]]  # in sides of the paper
LOOKS: dict[str, dict[str, Any]] = {
    "english-light-wide": {},
    "japanese-dark-wide": {"locale": "ja-JP", "color_scheme": "dark"},
    "japanese-light-narrow": {"locale": "ja-JP", "viewport": {"width": 360, "height": 740}},
    "english-dark-narrow": {"color_scheme": "dark", "viewport": {"width": 360, "height": 740}},
}


def draw(page: Page, strokes: list[list[tuple[float, float]]]) -> None:
    """With the mouse."""
    page.locator("#drawing").scroll_into_view_if_needed()
    box = page.locator("#drawing").bounding_box()
    assert box is not None
    for stroke in strokes:
        places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in stroke]
        page.mouse.move(*places[0])
        page.mouse.down()
        for place in places[1:]:
            page.mouse.move(*place, steps=12)
        page.mouse.up()


def written(page: Page) -> None:
    """Waits until the hand was read, and all is written in it."""
    expect(page.locator("#hand.drawn:not(.empty)")).to_be_visible()
    seen(page)


def ten(page: Page) -> np.ndarray[Any, Any]:
    """The ten digits side by side."""
    return np.concatenate([ink(canvas) for canvas in page.locator("#hand .ten canvas").all()], axis=1)


def z_of(page: Page) -> list[float]:
    """As the page's address carries it."""
    match = re.search(r"[?&]hand=([\w-]+)", page.url)
    assert match is not None, page.url
    text = match.group(1)
    return [float(value) for value in np.frombuffer(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), np.int8) / 32]


def by_service(service: str, path: str, **body: Any) -> np.ndarray[Any, Any]:
    return picture(httpx.post(f"{service}/{path}", json={"paper": "white", **body}).raise_for_status().content)


@reads
@pytest.mark.parametrize("look", LOOKS)
def test_drawn_four_ends_in_todays_date_in_that_hand(browser: Browser, service: str, look: str) -> None:
    japanese = look.startswith("japanese")
    with opened(browser, service, "/?panel=hand", **LOOKS[look]) as page:
        draw(page, FOUR)
        written(page)
        expect(page.locator("#hand .verdict")).to_contain_text("「4」と読みました" if japanese else "Read as four, ")
        expect(page.locator("#hand .likeness")).to_have_text(re.compile(r"\d+ %"))
        expect(page.locator("#hand .labels input[value='4']")).to_be_checked()
        today = datetime.now().astimezone().strftime("%Y-%m-%d")
        expect(page.get_by_role("img", name=f"{today}、あなたの書きぶり" if japanese else f"{today}, in your hand")).to_be_visible()
        kept(page, f"hand-drawn-{look}")
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
        z = z_of(page)
        assert np.array_equal(ten(page), by_service(service, "generate", z=z, label="each"))
        assert np.array_equal(ink(page.locator("#hand-line")), by_service(service, "write", z=z, text=today, height=192))
        before, after = (ink(canvas) for canvas in page.locator("#hand .pair canvas").all())
        assert np.array_equal(after, ten(page)[:, 4 * 28 : 5 * 28])
        overlap = np.minimum(255 - before, 255 - after).sum() / (255 - before.astype(int)).sum()
        assert overlap > 0.5, "what is written back lies where it was drawn"


@reads
def test_link_to_a_hand_shows_the_same_digits_on_a_fresh_page_and_leads_on(browser: Browser, service: str) -> None:
    with opened(browser, service, "/?panel=hand") as page:
        draw(page, FOUR)
        written(page)
        page.get_by_label("Write in this hand").fill("1984-02-29")
        expect(page.get_by_role("img", name="1984-02-29, in your hand")).to_be_visible()
        with page.expect_download() as download:
            page.locator("#hand-download").click()
        assert download.value.suggested_filename == "1984-02-29.png"
        line = picture(Path(download.value.path()).read_bytes())
        digits, z, link = ten(page), z_of(page), page.url
    with opened(browser, service, link.removeprefix(service)) as page:
        expect(page.get_by_role("img", name="1984-02-29, in your hand")).to_be_visible()
        assert np.array_equal(ten(page), digits)
        assert np.array_equal(ink(page.locator("#hand-line")), line)
        page.get_by_role("link", name="To the bench").click()
        expect(page.get_by_role("img", name="four, a hand of your own").and_(page.locator("#digit"))).to_be_visible()
        assert np.array_equal(ink(page.locator("#digit")), digits[:, 4 * 28 : 5 * 28])
        page.get_by_role("slider", name="slant").fill("1")
        page.get_by_role("button", name="Undo").and_(page.locator("#undo")).click()
        expect(page.get_by_role("slider", name="slant")).to_have_value("0")
        page.get_by_role("link", name="Walk from this seed").click()
        seen(page)
        wanted = by_service(service, "walk", z=[z, 3], frames=41, label="4..9")
        assert np.array_equal(ink(page.locator("#between")), wanted[:, :28])
        page.get_by_role("slider", name="How far").fill("20")
        assert np.array_equal(ink(page.locator("#between")), wanted[:, 20 * 28 : 21 * 28])
        with page.expect_download() as film:
            page.get_by_role("link", name="as WebP").click()
        with Image.open(film.value.path()) as image:
            assert image.n_frames == 41  # type: ignore[attr-defined]
        page.reload()
        seen(page)
        assert np.array_equal(ink(page.locator("#between")), wanted[:, 20 * 28 : 21 * 28])


@reads
def test_strokes_are_undone_one_by_one_and_cleared(browser: Browser, service: str) -> None:
    with opened(browser, service, "/?panel=hand") as page:
        undo, clear = page.locator("#hand-undo"), page.locator("#hand-clear")
        expect(undo).to_be_disabled()
        blank = ink(page.locator("#drawing"))
        draw(page, FOUR[:1])
        first = ink(page.locator("#drawing"))
        draw(page, FOUR[1:])
        written(page)
        whole = ink(page.locator("#drawing"))
        page.keyboard.press("Control+z")
        assert np.array_equal(ink(page.locator("#drawing")), first)
        undo.click()
        assert np.array_equal(ink(page.locator("#drawing")), blank)
        expect(page.locator("#hand.empty")).to_be_visible()
        expect(undo).to_be_disabled()
        draw(page, FOUR)
        clear.click()
        assert np.array_equal(ink(page.locator("#drawing")), blank)
        undo.click()
        assert (ink(page.locator("#drawing")) < 128).sum() == pytest.approx((whole < 128).sum(), rel=0.1)
        written(page)


@reads
def test_reader_corrects_which_digit_it_is(browser: Browser, service: str) -> None:
    with opened(browser, service, "/?panel=hand") as page:
        draw(page, FOUR)
        written(page)
        four = z_of(page)
        before = drawn(page.locator("#hand .pair canvas").last)
        page.locator("#hand .labels input[value='4']").focus()
        with page.expect_request(lambda request: "/hand?" in request.url) as asked:
            for _ in range(5):
                page.keyboard.press("ArrowRight")
        assert "label=" in asked.value.url
        wait_for_another(page.locator("#hand .pair canvas").last, before)
        expect(page.locator("#hand .verdict")).to_contain_text("Read as nine, ")
        expect(page.locator("#hand .labels input[value='9']")).to_be_checked()
        assert "label=9" in page.url
        assert z_of(page) != four


def seven() -> bytes:
    """A photograph, nearly: blue ink on yellowish paper, wider than high."""
    image = Image.new("RGB", (400, 300), (236, 228, 206))
    ImageDraw.Draw(image).line([(130, 70), (260, 75), (180, 240)], fill=(40, 50, 120), width=18, joint="curve")
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


@reads
def test_keyboard_alone_takes_a_picture_and_writes(browser: Browser, service: str) -> None:
    with opened(browser, service, "/?panel=hand") as page:
        page.on("filechooser", lambda _: None)  # `expect_file_chooser` alone could come after the key: it does not wait for the browser
        for _ in range(20):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.id") == "hand-file":
                break
        outlined = "getComputedStyle(document.activeElement.closest('label')).outlineStyle"
        assert page.evaluate(outlined) != "none", "its focus is seen"
        with page.expect_file_chooser() as chooser:
            page.keyboard.press("Enter")
        chooser.value.set_files({"name": "seven.png", "mimeType": "image/png", "buffer": seven()})
        written(page)
        expect(page.locator("#hand .verdict")).to_contain_text("Read as seven, ")
        assert page.locator("#hand.drawn .ink#drawing").count() == 0, "a picture keeps its colours in the dark, too"
        kept(page, "hand-picture")
        page.get_by_label("Write in this hand").focus()
        page.keyboard.press("Control+a")
        page.keyboard.type("7/7")
        expect(page.get_by_role("img", name="7/7, in your hand")).to_be_visible()


@reads
def test_request_that_is_shown_sends_a_picture(browser: Browser, service: str) -> None:
    with opened(browser, service, "/?panel=hand") as page:
        draw(page, FOUR)
        written(page)
        told = told_request(page, "hand").inner_text()
        assert "--data-binary @digit.png" in told
        address = re.search(r"'(http[^']+)'", told)
        assert address is not None
        answer = httpx.post(address.group(1), content=seven(), headers={"Content-Type": "image/png"})
        assert answer.json()["digits"][0]["label"] == 7


@reads
def test_picture_without_ink_and_file_that_is_none_are_told_in_a_sentence(browser: Browser, service: str) -> None:
    blank = io.BytesIO()
    Image.new("L", (200, 200), 250).save(blank, "PNG")
    with opened(browser, service, "/?panel=hand", troubled=True, calm=False) as page:
        page.locator("#hand-file").set_input_files({"name": "blank.png", "mimeType": "image/png", "buffer": blank.getvalue()})
        expect(page.locator("#hand .told")).to_contain_text("No ink was found.")
        page.locator("#hand-file").set_input_files({"name": "none.png", "mimeType": "image/png", "buffer": b"none"})
        expect(page.locator("#hand .told")).to_have_text("This file is no picture that the browser can read.")
        page.locator("#hand-clear").click()
        draw(page, FOUR)
        written(page)
        expect(page.locator("#hand .told")).to_be_empty()
        expect(page.locator("#notice")).to_be_empty()


@reads
def test_newer_stroke_breaks_off_what_was_asked_before(browser: Browser, service: str) -> None:
    with opened(browser, service, "/?panel=hand", troubled=True) as page:
        held: list[Route] = []
        page.route("**/hand?*", lambda route: held.append(route) if not held else route.continue_())
        with page.expect_event("requestfailed", lambda request: "/hand?" in request.url):
            with page.expect_request("**/hand?*"):
                draw(page, FOUR[:1])
            draw(page, FOUR[1:])
        written(page)
        expect(page.locator("#hand .verdict")).to_contain_text("Read as four, ")


@reads
def test_hand_is_written_here_once_the_service_has_gone(browser: Browser, service: str) -> None:
    """Only reading needs it, and that is said."""
    with opened(browser, service, "/?panel=hand", troubled=True) as page:
        with page.expect_response("**/weights"):
            draw(page, FOUR)
        written(page)
        page.wait_for_timeout(1000)  # until the page's own generator has proved itself
        z = z_of(page)
        page.context.route("**/*", lambda route: route.abort())
        page.get_by_label("Write in this hand").fill("12:34")
        expect(page.get_by_role("img", name="12:34, in your hand")).to_be_visible()
        assert np.array_equal(ink(page.locator("#hand-line")), by_service(service, "write", z=z, text="12:34", height=192))
        draw(page, [[(0.2, 0.1), (0.8, 0.1)]])
        expect(page.locator("#notice")).to_have_text(re.compile("The service does not answer just now"))
        page.get_by_role("link", name="Walk from here").click()
        seen(page)
        assert np.array_equal(ink(page.locator("#between")), by_service(service, "walk", z=[z, 3], frames=41, label="4..9")[:, :28])


def test_model_that_reads_no_hands_says_so_and_which_does(browser: Browser, service: str) -> None:
    with opened(browser, service, "/?panel=hand&model=cgan") as page:
        expect(page.locator("#hand .told")).to_contain_text("cgan reads no hands. Models here that do: ")
        expect(page.locator("#drawing")).to_be_hidden()


@pytest.mark.parametrize("hand", ["", "A" * 85, "A" * 86 + "=", "%3Cb%3E", "gICA" + "A" * 82, "é" * 86])
def test_hand_in_a_link_that_is_none_is_left_out(browser: Browser, service: str, hand: str) -> None:
    for panel in ("hand", "bench", "walk"):
        with opened(browser, service, f"/?panel={panel}&hand={hand}") as page:
            assert "hand=" not in page.url.replace("panel=hand", "")


def test_link_to_a_hand_is_written_without_any_that_reads(browser: Browser, service: str) -> None:
    z = np.arange(-32, 32, dtype=np.int8)
    text = base64.urlsafe_b64encode(z.tobytes()).decode().rstrip("=")
    with opened(browser, service, f"/?panel=hand&hand={text}&label=2&text=42") as page:
        assert np.array_equal(ten(page), by_service(service, "generate", z=(z / 32).tolist(), label="each"))
        expect(page.get_by_role("img", name="two, a hand of your own")).to_be_visible()
        assert page.url == f"{service}/?panel=hand&hand={text}&label=2&text=42"
