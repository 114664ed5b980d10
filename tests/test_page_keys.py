"""The page of a service with keys, in a real browser: signing in, what works then, and where the key never is."""

import json
import os
import re
import shlex
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from tests.browsing import ink, kept, opened, picture, seen, told_request
from tests.running import PATIENCE_S, server

KEY = "geheim-\u00fc"  # encoded by some clients as Latin-1, by others as UTF-8
BEARER = {b"authorization": b"Bearer " + KEY.encode()}
LOOKS: dict[str, dict[str, Any]] = {
    "english-light-wide": {},
    "japanese-dark-narrow": {"locale": "ja-JP", "color_scheme": "dark", "viewport": {"width": 360, "height": 740}},
}


@pytest.fixture(scope="module")
def keyed() -> Iterator[str]:
    with server(KAKITE_API_KEYS=f"another, {KEY}") as (_, url):
        yield url


def asked_for_key(page: Page) -> None:
    expect(page.locator("#sign-in")).to_be_visible()


def sign_in(page: Page, key: str = KEY) -> None:
    page.locator("#key").fill(key)
    page.locator("#key").press("Enter")


def opened_keyed(browser: Browser, url: str, address: str, **context: Any) -> Any:
    """The browser's console tells of the 401 by which the page learns that there are keys."""
    return opened(browser, url, address, troubled=True, shown=asked_for_key, **context)


@pytest.mark.parametrize("look", LOOKS)
def test_reader_is_asked_for_a_key_told_of_a_wrong_one_and_let_in_and_out(browser: Browser, keyed: str, look: str) -> None:
    japanese = look.startswith("japanese")
    with opened_keyed(browser, keyed, "/?panel=bench&seed=7&label=4", **LOOKS[look]) as page:
        kept(page, f"sign-in-{look}")
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
        expect(page.get_by_label("API キー" if japanese else "API key")).to_be_focused()
        expect(page.locator("#bench h2")).not_to_be_visible()
        sign_in(page, "another key")
        expect(page.get_by_role("alert")).to_have_text("このキーは登録されていません。" if japanese else "This key is not known here.")
        kept(page, f"sign-in-refused-{look}")
        expect(page.locator("#key")).to_be_focused()
        sign_in(page)
        seen(page)
        expect(page.locator("#sign-in")).not_to_be_visible()
        assert np.array_equal(ink(page.locator("#digit")), digit(keyed))
        kept(page, f"signed-in-{look}")
        page.reload()
        seen(page)
        assert KEY not in page.evaluate("JSON.stringify(localStorage)"), "kept with the tab alone"
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
        page.get_by_role("button", name="サインアウト" if japanese else "Sign out").click()
        expect(page.locator("#sign-in")).to_be_visible()
        expect(page.locator("#digit")).not_to_be_visible()
        assert KEY not in page.evaluate("JSON.stringify([{ ...sessionStorage }, { ...localStorage }])")
        expect(page.locator("#sign-out")).not_to_be_visible()


def digit(url: str) -> Any:
    return picture(httpx.get(f"{url}/generate?seed=7&label=4&paper=white", headers=BEARER).content)


def test_every_panel_works_signed_in(browser: Browser, keyed: str) -> None:
    with opened_keyed(browser, keyed, "/?panel=write&text=1984") as page:
        sign_in(page)
        seen(page)
        for panel in ("sheet", "bench", "walk", "swap"):
            page.get_by_role("navigation").locator(f"[data-panel={panel}]").click()
            expect(page.locator(f"#{panel} canvas").first).to_have_attribute("data-drawn", "1")


def test_downloads_and_the_list_of_models_come_with_the_key(browser: Browser, keyed: str) -> None:
    with opened_keyed(browser, keyed, "/?panel=write&text=1984") as page:
        sign_in(page)
        seen(page)
        with page.expect_download() as download:
            page.get_by_role("link", name="Download PNG").click()
        assert download.value.suggested_filename == "1984.png"
        assert np.array_equal(picture(Path(download.value.path()).read_bytes()), ink(page.locator("#written")))
        page.get_by_role("navigation").get_by_role("link", name="Walk").click()
        seen(page)
        with page.expect_download() as download:
            page.get_by_role("link", name="as WebP").click()
        with Image.open(Path(download.value.path())) as film:
            assert (download.value.suggested_filename, film.format) == ("walk.webp", "WEBP")
        page.goto(f"{keyed}/?panel=write&text=1984")
        seen(page)
        with page.expect_download() as download:
            page.get_by_role("link", name="Source code").click()
        assert zipfile.is_zipfile(download.value.path())
        assert httpx.get(f"{keyed}/source.zip").status_code == 401
        page.get_by_role("link", name="the models").click()
        page.wait_for_url("blob:**")
        assert json.loads(page.locator("body").inner_text())["default"] == "kakite"
        page.goto(f"{keyed}/?panel=sheet")
        seen(page)


def test_no_request_that_is_shown_and_no_link_that_is_copied_holds_the_key_but_works_with_it(
    browser: Browser, keyed: str, tmp_path: Path
) -> None:
    """They name a variable of the shell in its place."""
    permissions = ["clipboard-read", "clipboard-write"]
    with opened_keyed(browser, keyed, "/?panel=bench&seed=7&label=4&slant=1.5", permissions=permissions) as page:
        sign_in(page)
        seen(page)
        code = told_request(page, "bench")
        shown = {}
        for kind in ("address", "curl", "httpx"):
            page.locator("#bench").get_by_role("radio", name=kind).check(force=True)
            shown[kind] = code.inner_text()
        page.locator("#bench").get_by_role("button", name="Copy link").click()
        link = page.evaluate("navigator.clipboard.readText()")
        assert all("geheim" not in text for text in (*shown.values(), link, page.content(), page.url))
        digit = ink(page.locator("#digit"))
    assert '-H "authorization: Bearer $API_KEY"' in shown["curl"]
    words = [word.replace("$API_KEY", "another") for word in shlex.split(shown["curl"].replace("\\\n", ""))]
    sent = dict(words[i + 1].split(": ") for i, word in enumerate(words) if word == "-H")
    answer = httpx.post(words[1], content=words[words.index("-d") + 1], headers=sent)
    assert np.array_equal(picture(answer.content)[::8, ::8], digit)
    environment = {**os.environ, "API_KEY": "another"}
    subprocess.run([sys.executable, "-c", shown["httpx"]], env=environment, cwd=tmp_path, check=True, timeout=PATIENCE_S)
    assert np.array_equal(picture((tmp_path / "digit.png").read_bytes())[::8, ::8], digit)


def test_key_is_kept_in_the_browser_only_if_the_reader_wishes(browser: Browser, keyed: str) -> None:
    with opened_keyed(browser, keyed, "/?panel=sheet") as page:
        page.get_by_label("Keep it in this browser").check()
        sign_in(page)
        seen(page)
        another = page.context.new_page()
        another.goto(f"{keyed}/?panel=sheet")
        seen(another)
        another.get_by_role("button", name="Sign out").click()
        expect(another.locator("#sign-in")).to_be_visible()


def test_key_that_is_withdrawn_is_asked_for_anew(browser: Browser, keyed: str) -> None:
    with opened_keyed(browser, keyed, "/?panel=sheet") as page:
        sign_in(page)
        seen(page)
        refuse = {"status": 401, "content_type": "application/problem+json", "body": '{"detail": "No."}'}
        page.route("**/grid?*", lambda route: route.fulfill(**refuse))
        page.get_by_role("button", name="Next").click()
        expect(page.get_by_role("alert")).to_have_text("This key is not known here.")
        page.unroute("**/grid?*")
        sign_in(page, "another")
        expect(page.locator("#sheet .places a").first).to_have_accessible_name(re.compile("seed 64$"))


def operations(page: Page) -> None:
    page.wait_for_selector(".opblock")


def test_docs_take_a_key_and_do_not_show_it(browser: Browser, keyed: str) -> None:
    with opened(browser, keyed, "/docs", shown=operations, calm=False) as page:
        page.locator("button.authorize").first.click()
        page.get_by_label("auth-bearer-value").fill("another")
        page.locator(".auth-btn-wrapper button.authorize").first.click()
        page.locator("button.btn-done").first.click()
        page.locator(".opblock-get:has([data-path='/grid'])").click()
        page.get_by_role("button", name="Try it out").click()
        page.get_by_role("button", name="Execute").click()
        expect(page.locator(".live-responses-table .response-col_status").nth(1)).to_contain_text("200")
        expect(page.locator(".live-responses-table img")).to_be_visible()
        curl = page.locator(".curl").inner_text()
        assert "Authorization: Bearer YOUR_API_KEY" in curl
        assert "another" not in curl
