"""The page, in a real browser against a real server: what a visitor can do on each panel."""

import json
import re
import shlex
from pathlib import Path

import httpx
import numpy as np
from PIL import Image
from playwright.sync_api import Browser, expect

from tests.browsing import drawn, ink, opened, picture, wait_for_another


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
    with opened(browser, service, "/?panel=bench&seed=7&label=4&thickness=2&slant=-1.5&truncation=0.8&z=5:1.25") as page:
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
        expect(models.nth(3)).to_contain_text("99.66 %")
        assert "sand" in page.locator("#swap").inner_text()
        film = page.locator(".film canvas").first
        first = ink(film)
        page.get_by_role("slider", name="Images seen").fill("12")
        expect(page.locator("#images-seen")).to_have_text(re.compile(r"\d{3},\d{3} images seen"))
        assert not np.array_equal(ink(film), first)
