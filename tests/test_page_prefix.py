"""The page and the docs in a real browser, behind a real nginx that gives the service a part of its host."""

import shlex
from collections.abc import Iterator

import httpx
import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browsing import ink, opened, picture, told_request
from tests.prefixing import proxied
from tests.running import server

PANELS = ("write", "sheet", "bench", "walk", "swap")
WAYS: dict[str, tuple[str, str]] = {
    "takes the prefix off": ("location /kakite/ {{ proxy_pass {url}/; }}", ""),
    "passes it on": ("location /kakite {{ proxy_pass {url}; }}", "/kakite"),
    "takes it off and tells it": ("location /kakite/ {{ proxy_pass {url}/; proxy_set_header X-Forwarded-Prefix /kakite; }}", ""),
    "takes it off, slash or not": (  # as ingress-nginx is often told
        "location ~ ^/kakite(/|$) {{ rewrite ^/kakite(/|$)(.*) /$2 break; proxy_pass {url}; "
        "proxy_set_header X-Forwarded-Prefix /kakite; }}",
        "",
    ),
}


@pytest.fixture(scope="module", params=WAYS)
def behind(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The service's address behind the proxy."""
    locations, root_path = WAYS[request.param]
    with server(KAKITE_ROOT_PATH=root_path) as (_, url), proxied(tmp_path_factory.mktemp("nginx"), locations.format(url=url)) as host:
        yield f"{host}/kakite"


def test_every_panel_works_under_a_prefix_and_asks_for_nothing_outside_it(browser: Browser, behind: str) -> None:
    for address in ("", "/", "?panel=sheet"):
        with opened(browser, behind, address) as page:
            assert page.url.startswith(f"{behind}/?panel=")
    with opened(browser, behind, "/?panel=write&text=1984") as page:
        for panel in PANELS[1:]:
            page.get_by_role("navigation").locator(f"[data-panel={panel}]").click()
            expect(page.locator(f"#{panel} canvas").first).to_have_attribute("data-drawn", "1")
        assert page.url.startswith(f"{behind}/?panel=swap")
        expect(page.locator(".film canvas").first).to_have_attribute("data-drawn", "1")


def test_what_is_shown_copied_and_saved_is_under_the_prefix(browser: Browser, behind: str) -> None:
    with opened(browser, behind, "/?panel=bench&seed=7&label=4", permissions=["clipboard-read", "clipboard-write"]) as page:
        words = shlex.split(told_request(page, "bench").inner_text().replace("\\\n", ""))
        assert words[1].startswith(f"{behind}/generate?")
        assert np.array_equal(picture(httpx.get(words[1]).content)[::8, ::8], ink(page.locator("#digit")))
        for kind in ("address", "httpx"):
            page.locator("#bench").get_by_role("radio", name=kind).check(force=True)
            assert f"{behind}/generate?" in told_request(page, "bench").inner_text()
        page.locator("#bench").get_by_role("button", name="Copy link").click()
        assert page.evaluate("navigator.clipboard.readText()") == f"{behind}/?panel=bench&seed=7&label=4"
        page.goto(f"{behind}/?panel=write&text=1984")
        with page.expect_download() as download:
            page.get_by_role("link", name="Download PNG").click()
        assert download.value.url.startswith(f"{behind}/write/1984?")


def operations(page: Page) -> None:
    page.wait_for_selector(".opblock")


def test_docs_find_their_document_and_try_it_where_it_lies(browser: Browser, behind: str) -> None:
    with opened(browser, behind, "/docs", shown=operations, calm=False) as page:
        page.locator("#operations-pictures-get_grid_grid_get, .opblock-get:has([data-path='/grid'])").first.click()
        page.get_by_role("button", name="Try it out").click()
        page.get_by_role("button", name="Execute").click()
        expect(page.locator(".live-responses-table .response-col_status").nth(1)).to_contain_text("200")
        expect(page.locator(".request-url pre")).to_contain_text(f"{behind}/grid?")
        expect(page.locator(".live-responses-table img")).to_be_visible()


def test_redirects_stay_under_the_prefix(behind: str) -> None:
    for asked, led in {"/docs/": "/docs", "/models/": "/models", "/generate/?seed=7": "/generate?seed=7", "/page/index.html": "/"}.items():
        answer = httpx.get(behind + asked, follow_redirects=True)
        assert (answer.status_code, str(answer.url)) == (200, behind + led)


def test_a_prefix_changes_no_digit_and_no_tag(behind: str, service: str) -> None:
    for path in ("/generate?seed=7", "/grid?n=10&seed=3", "/page/main.js"):
        there, here = httpx.get(behind + path), httpx.get(service + path)
        assert (there.status_code, there.content, there.headers["etag"]) == (200, here.content, here.headers["etag"])
        assert httpx.get(behind + path, headers={"If-None-Match": here.headers["etag"]}).status_code == 304
    page = httpx.get(f"{behind}/")
    again = httpx.get(f"{behind}/", headers={"If-None-Match": page.headers["etag"]})
    assert (again.status_code, again.headers["content-security-policy"]) == (304, page.headers["content-security-policy"])
