"""`kakite page`: the page as files, which draws its digits without a service, at any host and under any prefix."""

import functools
import hashlib
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect

from models.cards import FOLDER
from tests.browsing import drawn, ink, kept, opened, picture, seen, wait_for_another
from tests.running import PATIENCE_S

PREFIX = "some/where/kakite"


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "app", *arguments], capture_output=True, text=True, timeout=PATIENCE_S, check=False)


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page with two models, as a folder of a host's."""
    folder = tmp_path_factory.mktemp("host") / PREFIX
    told = command("page", "--out", str(folder), "--models", "kakite,dense")
    assert told.returncode == 0, told.stderr
    assert "the page with kakite, dense" in told.stdout
    return folder


@pytest.fixture(scope="module")
def host(site: Path) -> Iterator[str]:
    root = str(site).removesuffix(f"/{PREFIX}")
    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=root)) as server:
        threading.Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_page_is_whole_and_holds_the_weights_and_nothing_that_needs_the_service(site: Path) -> None:
    weights = (site / "models/kakite/weights.safetensors").read_bytes()
    assert weights == (FOLDER / "kakite.safetensors").read_bytes()
    told = json.loads((site / "models.json").read_text())
    assert told["default"] == "kakite"
    assert [(model["name"], model["default"]) for model in told["models"]] == [("kakite", True), ("dense", False)]
    assert told["models"][0]["sha256"] == hashlib.sha256(weights).hexdigest()
    assert told["models"][0]["directions"] == ["thickness", "slant", "width", "height"]
    assert not (site / "models/dense/directions.json").exists()
    html = (site / "index.html").read_text()
    for needs in ("./docs", "./source.zip", "./models", "./grid", "./walk", "<!--"):
        assert needs not in html, needs
    assert "require-trusted-types-for 'script'" in html
    assert not [file for file in site.parent.iterdir() if file != site], "nothing unfinished is left"
    assert site.stat().st_mode & 0o055 == 0o055, "a web server can read it"


def test_every_panel_is_drawn_without_a_service_as_the_service_draws_it(browser: Browser, host: str, service: str) -> None:
    def of_service(path: str) -> np.ndarray[Any, Any]:
        return picture(httpx.get(service + path).content)

    with opened(browser, host, f"/{PREFIX}/?panel=sheet&seed=64&label=3", calm=False) as page:  # another model has other controls
        expect(page.locator("#sheet .places a").first).to_have_accessible_name("three, seed 64")
        assert np.array_equal(ink(page.locator("#sheet canvas"))[::4, ::4], of_service("/grid?n=64&seed=64&label=3&paper=white"))
        page.locator("#sheet").get_by_role("combobox", name="model").select_option("dense")
        expect(page.locator("#sheet .places a").first).to_have_accessible_name("a digit, seed 64")
        assert np.array_equal(ink(page.locator("#sheet canvas"))[::4, ::4], of_service("/grid?n=64&seed=64&paper=white&model=dense"))
        nav = page.get_by_role("navigation")
        nav.get_by_role("link", name="Bench").click()
        seen(page)
        slider, digit = page.get_by_role("slider", name="slant"), page.locator("#digit")
        slider.focus()
        before = drawn(digit)
        page.keyboard.press("ArrowRight")
        wait_for_another(digit, before)
        nav.get_by_role("link", name="Walk").click()
        seen(page)
        page.get_by_role("slider", name="How far").fill("20")
        walk = of_service("/walk?from=3&to=3&frames=41&label=4..9&paper=white")
        assert np.array_equal(ink(page.locator("#between")), walk[:, 20 * 28 : 21 * 28])
        nav.get_by_role("link", name="Swap").click()
        seen(page)
        expect(page.locator("#swap article")).to_have_count(2)
        nav.get_by_role("link", name="Write").click()
        page.get_by_label("Your number").fill("1984-02-29")
        expect(page.get_by_role("img", name="1984-02-29, in the hand of seed 8")).to_be_visible()
        assert np.array_equal(ink(page.locator("#written")), of_service("/write/1984-02-29?seed=8&height=192&paper=white"))
        with page.expect_download() as download:
            page.get_by_role("link", name="Download PNG").click()
        assert download.value.suggested_filename == "1984-02-29.png"
        assert np.array_equal(picture(Path(download.value.path()).read_bytes()), ink(page.locator("#written")))
        expect(page.locator("#notice")).to_be_empty()


@pytest.mark.parametrize("panel", ["write", "sheet", "bench", "walk", "swap"])
@pytest.mark.parametrize("look", ["english-wide", "japanese-narrow"])
def test_page_says_that_it_is_alone_and_is_fit_for_everyone(browser: Browser, host: str, panel: str, look: str) -> None:
    looks: dict[str, Any] = {"locale": "ja-JP", "viewport": {"width": 360, "height": 740}} if look == "japanese-narrow" else {}
    sentence = "without its service" if look == "english-wide" else "サービスを使わずに"
    with opened(browser, host, f"/{PREFIX}/?panel={panel}", **looks) as page:
        expect(page.locator("footer .alone")).to_contain_text(sentence)
        expect(page.locator(f"#{panel} .request")).to_be_hidden()
        kept(page, f"alone-{panel}-{look}")
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()


def test_weights_that_do_not_come_are_told(browser: Browser, host: str) -> None:
    with opened(browser, host, f"/{PREFIX}/page/icon.png", troubled=True, shown=lambda page: None) as page:
        page.context.route("**/weights.safetensors", lambda route: route.fulfill(status=404))
        page.goto(f"{host}/{PREFIX}/?panel=sheet")
        expect(page.locator("#notice")).to_contain_text("This browser could not get the network that writes, or cannot compute it.")


def test_folder_that_holds_something_is_not_touched(site: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    told = command("page", "--out", str(tmp_path))
    assert told.returncode == 1
    assert "is there and not empty. Name a new folder" in told.stderr
    assert [file.name for file in tmp_path.iterdir()] == ["mine.txt"]


def test_model_that_is_not_there_is_named_and_nothing_is_left(tmp_path: Path) -> None:
    told = command("page", "--out", str(tmp_path / "new" / "site"), "--models", "kakite,nobody")
    assert told.returncode == 1
    assert "There is no model named nobody" in told.stderr
    assert not list(tmp_path.rglob("*index.html"))


def test_empty_folder_is_filled(tmp_path: Path) -> None:
    told = command("page", "--out", str(tmp_path))
    assert told.returncode == 0, told.stderr
    assert sorted(file.name for file in tmp_path.iterdir()) == ["index.html", "models", "models.json", "page"]
