"""The page, in a real browser against a real server: what a visitor can do on each panel."""

import io
import json
import re
import shlex
import zipfile
from pathlib import Path

import httpx
import numpy as np
from PIL import Image
from playwright.sync_api import Browser, expect

from tests.browsing import drawn, ink, opened, picture, seen, told_request, wait_for_another

ROOT = Path(__file__).parent.parent


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


def test_write_says_what_this_is_and_leads_to_docs_and_source(browser: Browser, service: str) -> None:
    with opened(browser, service, "/") as page:
        expect(page.get_by_text("Kakite is a web service")).to_be_visible()
        with page.expect_download() as download:
            page.get_by_role("link", name="Source code").click()
        assert download.value.suggested_filename == "kakite-source.zip"
        docs = page.get_by_role("link", name="API docs").get_attribute("href")
    assert httpx.get(f"{service}/{docs}").status_code == 200
    answer = httpx.get(f"{service}/source.zip")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as packed:
        assert packed.read("app/page/index.html") == (ROOT / "app/page/index.html").read_bytes()
        assert packed.read("kakite.py") == (ROOT / "kakite.py").read_bytes()
        assert packed.read("LICENSE") == (ROOT / "LICENSE").read_bytes()
        assert not [name for name in packed.namelist() if "weights/" in name or name.startswith((".", "/"))]
    assert httpx.get(f"{service}/source.zip", headers={"If-None-Match": answer.headers["etag"]}).status_code == 304


def test_reader_chooses_the_model_and_its_link_brings_it_back(browser: Browser, service: str) -> None:
    with opened(browser, service, "/?panel=sheet&seed=7&label=3", calm=False) as page:  # models differ in their sliders
        model = page.locator("#sheet").get_by_role("combobox", name="model")
        assert model.evaluate("(one) => [...one.options].map(({ text }) => text).sort()") == ["cgan", "dcgan", "dense", "kakite"]
        expect(model).to_have_value("kakite")
        model.select_option("dcgan")
        first = page.locator("#sheet .places a").first
        expect(first).to_have_accessible_name("a digit, seed 7")
        answer = httpx.get(f"{service}/grid?n=64&seed=7&paper=white&model=dcgan")
        assert np.array_equal(ink(page.locator("#sheet canvas"))[::4, ::4], picture(answer.content))
        page.reload()
        seen(page)
        expect(model).to_have_value("dcgan")
        first.click()
        expect(page.get_by_role("img", name="a digit, seed 7")).to_be_visible()
        answer = httpx.get(f"{service}/generate?seed=7&paper=white&model=dcgan")
        assert np.array_equal(ink(page.locator("#digit")), picture(answer.content))
        expect(page.get_by_role("slider", name="thickness")).to_have_count(0)
        page.locator("#bench").get_by_role("combobox", name="model").select_option("kakite")
        expect(page.get_by_role("slider", name="thickness")).to_be_visible()
        expect(page.locator(".bars input")).to_have_count(64)
        page.go_back()
        expect(page.get_by_role("slider", name="thickness")).to_have_count(0)
        page.get_by_role("link", name="Walk from this seed").click()
        expect(page.locator("#walk").get_by_role("combobox", name="model")).to_have_value("dcgan")
    with opened(browser, service, "/?panel=write&text=42&model=cgan") as page:
        answer = httpx.get(f"{service}/write/42?seed=8&height=192&paper=white&model=cgan")
        assert np.array_equal(ink(page.locator("#written")), picture(answer.content))
        model = page.locator("#write").get_by_role("combobox", name="model")
        assert model.evaluate("(one) => [...one.options].map(({ text }) => text)") == ["kakite", "cgan"], "those that know labels"


def test_what_cannot_be_written_is_said_calmly_and_wide_digits_are_digits(browser: Browser, service: str) -> None:
    with opened(browser, service, "/?text=42") as page:
        page.get_by_label("Your number").fill("4x2")
        expect(page.get_by_text("Only digits, blanks and")).to_be_visible()
        page.get_by_label("Your number").fill("１５０ー０００１")
        expect(page.get_by_role("img", name="150-0001, in the hand of seed 8")).to_be_visible()
        expect(page.locator("#refusal")).to_be_empty()


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


def test_slider_tells_its_ends_its_zero_and_its_value(browser: Browser, service: str) -> None:
    with opened(browser, service, "/?panel=bench&seed=7&label=4&slant=-1.5&truncation=0.8") as page:
        row = page.locator(".slider").filter(has=page.get_by_role("slider", name="slant"))
        assert row.inner_text().split() == ["slant", "\N{MINUS SIGN}1.5", "left", "right"]
        assert "gradient" in row.get_by_role("slider").evaluate("(one) => getComputedStyle(one).backgroundImage"), "a mark at zero"
        row.get_by_role("slider").fill("2")
        expect(row.locator(".value")).to_have_text("+2")
        last = page.locator(".slider").filter(has=page.get_by_role("slider", name="character"))
        assert last.inner_text().split()[:5] == ["character", "0.8", "ordinary", "as", "drawn"]
        expect(last.get_by_role("slider")).to_have_accessible_description(re.compile("towards zero"))
        expect(last.get_by_text("towards zero")).to_be_visible()


def test_request_that_is_shown_gives_what_is_seen(browser: Browser, service: str) -> None:
    """As curl, word by word: with z where the digit was bent."""
    with opened(browser, service, "/?panel=bench&seed=7&label=4&thickness=2&slant=-1.5&truncation=0.8&z=5:1.25") as page:
        words = shlex.split(told_request(page, "bench").inner_text().replace("\\\n", ""))
        assert words[0] == "curl"
        body = json.loads(words[words.index("-d") + 1])
        answer = httpx.post(words[1], json=body)
        assert len(body["z"]) == 64
        assert np.array_equal(picture(answer.content)[::8, ::8], ink(page.locator("#digit")))
        page.get_by_role("radio", name="httpx").check(force=True)
        code = told_request(page, "bench").inner_text()
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


def test_film_opens_on_what_was_learnt_and_plays_from_the_noise_at_its_beginning(browser: Browser, service: str) -> None:
    with opened(browser, service, "/?panel=swap") as page:
        film, told, share = page.locator(".film canvas").first, page.locator("#images-seen"), page.get_by_role("slider", name="Images seen")
        expect(told).to_have_text("640,000 images seen")
        last = ink(film)
        page.get_by_role("button", name="Play").click()
        expect(share).not_to_have_value("15")
        expect(told).to_have_text("640,000 images seen")
        expect(page.get_by_role("button", name="Play")).to_be_visible()
        assert np.array_equal(ink(film), last)
        share.fill("0")
        expect(told).to_have_text("2,560 images seen")
        assert not np.array_equal(ink(film), last)
