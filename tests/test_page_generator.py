"""The page's own generator, in a real browser: it gives the card's golden bytes by each of its ways, and the page writes by itself."""

import json
import re
from contextlib import ExitStack
from typing import Any

import httpx
import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from models.cards import GOLDEN
from tests.browsing import drawn, ink, kept, opened, picture, seen, wait_for_another
from tests.running import server, until

MODELS = ("kakite", "dcgan", "cgan", "dense")
WAYS = ("simd", "plain")
GOLDEN_BYTES = """async ([name, way, n]) => {
  const { Kakite } = await import("./page/generator/kakite.js");
  const { sha256 } = await import("./page/generator/digest.js");
  const kakite = await Kakite.load(`models/${name}/weights`, { worker: true, ways: [way] });
  const { card } = await kakite.about();
  const { classes } = card.network;
  const labels = classes ? Array.from({ length: n }, (_, seed) => seed % classes) : null;
  const { pixels } = await kakite.digits({ seed: 0, n, labels });
  return { golden: await sha256(pixels), way: (await kakite.about()).way, card: card.integers.golden };
}"""
HOLDS = """async ([name, body]) => {
  const { Kakite } = await import("./page/generator/kakite.js");
  window.models ??= {};
  const model = (models[name] ??= await Kakite.load(`models/${name}/weights`, { worker: true }));
  return Array.from((await model.digits(body)).pixels);
}"""


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", MODELS)
def test_each_way_gives_the_golden_bytes_of_each_model(browser: Browser, service: str, name: str, way: str) -> None:
    with opened(browser, service, "/") as page:
        page.set_default_timeout(200_000)
        told = page.evaluate(GOLDEN_BYTES, [name, way, GOLDEN])
    card = httpx.get(f"{service}/models/{name}").json()["integers"]
    assert told == {"golden": card["golden"], "way": way, "card": card["golden"]}


@pytest.mark.parametrize(
    "body",
    [
        {"seed": 9007199254740928, "n": 64},
        {"seed": 3, "n": 13, "label": 7, "truncation": 0.37},
        {"seed": 5, "n": 2, "label": "each"},
        {"z": [[0.015625, -0.015625, 0.046875, 4.5, -9] + [0.3] * 59], "label": 2, "truncation": 0.9},
    ],
)
def test_page_and_service_agree_on_seeds_z_labels_and_truncation(browser: Browser, service: str, body: dict[str, Any]) -> None:
    answer = httpx.post(f"{service}/generate", json={**body, "columns": 1})
    with opened(browser, service, "/") as page:
        given = {("labels" if name == "label" else name): value for name, value in body.items()}
        assert np.array_equal(np.array(page.evaluate(HOLDS, ["kakite", given]), np.uint8), picture(answer.content).flatten())


def test_way_that_gives_other_bytes_is_dropped_and_if_none_is_right_that_is_told(browser: Browser, service: str) -> None:
    with opened(browser, service, "/") as page:
        told = page.evaluate(
            """async () => {
              const { read } = await import("./page/generator/weights.js");
              const { WAYS, choose } = await import("./page/generator/golden.js");
              const generator = read(await (await fetch("models/dense/weights")).arrayBuffer());
              const wrong = { prepare: (generator) => (rows) => WAYS.plain.prepare(generator)(rows).map((level) => level ^ 1) };
              const broken = { prepare: () => { throw new Error("no such instructions"); } };
              const right = await choose(generator, ["wrong", "broken", "plain"], { ...WAYS, wrong, broken });
              const none = await choose(generator, ["wrong"], { wrong }).catch((error) => error.message);
              return { name: right.name, wrong: right.wrong, none };
            }"""
        )
    assert (told["name"], told["wrong"]) == ("plain", ["wrong", "broken"])
    assert "golden bytes of dense do not come out here (wrong)" in told["none"]


def test_weights_that_were_changed_are_refused(browser: Browser, service: str) -> None:
    with opened(browser, service, "/") as page:
        told = page.evaluate(
            """async () => {
              const { read } = await import("./page/generator/weights.js");
              const { Kakite } = await import("./page/generator/kakite.js");
              const whole = await (await fetch("models/kakite/weights")).arrayBuffer();
              const changed = (at, value) => {
                const copy = whole.slice(0);
                new Uint8Array(copy)[at] = value;
                return copy;
              };
              const length = Number(new DataView(whole).getBigUint64(0, true));
              const files = {
                empty: new ArrayBuffer(0),
                "cut off": whole.slice(0, whole.byteLength - 1),
                "no header": changed(3, 255),
                html: new TextEncoder().encode("<!doctype html><title>Not found</title>").buffer,
                "a bias": changed(8 + length + 2, 127),
              };
              const sentences = {};
              for (const [name, file] of Object.entries(files)) {
                try {
                  read(file);
                  sentences[name] = "";
                } catch (error) {
                  sentences[name] = error.message;
                }
              }
              // One weight that no bound notices: the golden bytes do.
              const weight = changed(8 + length + 33284 + 1000, new Uint8Array(whole)[8 + length + 33284 + 1000] ? 0 : 1);
              sentences["a weight"] = await Kakite.load(weight, { worker: true }).then(() => "", (error) => error.message);
              return sentences;
            }"""
        )
    assert all(told.values()), told
    assert "cut off" in told["empty"]
    assert "no safetensors file" in told["html"]


def flights(page: Page) -> list[str]:
    """The requests for digits that the page makes of the service from now on, in a list that grows."""
    asked: list[str] = []
    page.on("request", lambda one: asked.append(one.url) if re.search(r"/(generate|grid|walk|write|arithmetic)\b", one.url) else None)
    return asked


def test_first_pictures_come_without_weights_and_sliders_are_then_drawn_by_the_page(browser: Browser, service: str) -> None:
    fetched: list[str] = []
    with opened(browser, service, "/?panel=bench&seed=7&label=4") as page:
        page.context.on("request", lambda one: fetched.append(one.url) if one.url.endswith("/weights") else None)
        page.wait_for_timeout(1000)
        assert fetched == []
        slider, digit = page.get_by_role("slider", name="slant"), page.locator("#digit")
        slider.focus()
        with page.context.expect_event("response", lambda one: one.url.endswith("/weights") and one.ok):
            page.keyboard.press("ArrowRight")
        until_own(page, "kakite")
        asked = flights(page)
        for _ in range(5):
            before = drawn(digit)
            page.keyboard.press("ArrowRight")
            wait_for_another(digit, before)
        assert asked == []
        told = page.evaluate("() => document.querySelector('#bench code').textContent")
        [sent] = re.findall(r"-d '(.*)'", told)
        answer = httpx.post(f"{service}/generate", json={**json.loads(sent), "scale": 1})
        assert np.array_equal(ink(digit), picture(answer.content))
        page.get_by_role("button", name="Another hand").last.click()
        expect(page.get_by_role("img", name=re.compile(r"^four, seed (?!7$)"))).to_be_visible()
        assert asked == []


def until_own(page: Page, name: str) -> None:
    """Until the page can draw by that model itself."""
    until(lambda: page.evaluate("async (name) => (await import(new URL('page/own.js', document.baseURI).href)).isHere(name)", name))


def test_page_goes_on_when_the_service_has_gone(browser: Browser, service: str) -> None:
    """Each panel draws what the service would, to the pixel; what needs it is told plainly."""
    expected = {
        "sheet": "/grid?n=64&seed=64&label=3&paper=white",
        "write": "/write/42,%207/1-3:5.?seed=8&height=192&paper=white",
        "walk": "/walk?from=3&to=9&frames=41&label=4..9&paper=white",
        "bench": "/generate?seed=12&label=4&paper=white",
    }
    answers = {panel: picture(httpx.get(service + path).content) for panel, path in expected.items()}
    with ExitStack() as stack:
        with server() as (_, url):
            page = stack.enter_context(opened(browser, url, "/?panel=walk&from=3&to=12", troubled=True))
            page.get_by_role("slider", name="How far").press("ArrowRight")
            until_own(page, "kakite")
            nav = page.get_by_role("navigation")
            for panel in ("Bench", "Sheet"):  # come once with the service, which tells of directions
                nav.get_by_role("link", name=panel).click()
                seen(page)
        nav.get_by_role("link", name="Sheet").click()
        page.get_by_role("radio", name="3", exact=True).check()
        page.get_by_role("button", name="Next").first.click()
        expect(page.locator("#sheet .places a").first).to_have_accessible_name("three, seed 64")
        assert np.array_equal(ink(page.locator("#sheet canvas"))[::4, ::4], answers["sheet"])
        nav.get_by_role("link", name="Write").click()
        page.get_by_label("Your number").fill("42, 7/1-3:5.")
        expect(page.get_by_role("img", name="42, 7/1-3:5., in the hand of seed 8")).to_be_visible()
        assert np.array_equal(ink(page.locator("#written")), answers["write"])
        nav.get_by_role("link", name="Bench").click()
        page.locator("#bench-seed").fill("12")
        page.locator("#bench-seed").press("Enter")
        expect(page.get_by_role("img", name="four, seed 12")).to_be_visible()
        assert np.array_equal(ink(page.locator("#digit")), answers["bench"])
        nav.get_by_role("link", name="Walk").click()
        to = page.locator("#walk .end [name=seed]").last
        to.fill("9")
        to.press("Enter")
        slider = page.get_by_role("slider", name="How far")
        slider.fill("17")
        until(lambda: np.array_equal(ink(page.locator("#between")), answers["walk"][:, 17 * 28 : 18 * 28]))
        page.get_by_role("link", name="Save as animated PNG").click()
        expect(page.locator("#notice")).to_have_text(re.compile("does not answer"))
        kept(page, "writes-by-itself")


def test_page_without_workers_or_weights_works_as_before(browser: Browser, service: str) -> None:
    with opened(browser, service, "/?panel=bench&seed=7&label=4", troubled=True) as page:
        page.route("**/generator/worker.js", lambda route: route.abort())
        page.route("**/weights", lambda route: route.abort())
        slider = page.get_by_role("slider", name="slant")
        slider.focus()
        for _ in range(3):
            page.keyboard.press("ArrowRight")
        expect(page.get_by_role("img", name="four, a hand of your own")).to_be_visible()
        expect(page.locator("#notice")).to_be_empty()


def test_only_the_worker_may_compile_and_only_our_worker_may_start(browser: Browser, service: str) -> None:
    policies = {path: httpx.get(service + path).headers["content-security-policy"] for path in ("/", "/page/generator/worker.js")}
    assert "worker-src 'self'" in policies["/"]
    assert "wasm" not in policies["/"]
    assert "script-src 'self' 'wasm-unsafe-eval';" in policies["/page/generator/worker.js"]
    with opened(browser, service, "/", troubled=True) as page:
        told = page.evaluate(
            """() => {
              try {
                new Worker("page/generator/worker.js");
                return "";
              } catch (error) {
                return String(error);
              }
            }"""
        )
    assert "TrustedScriptURL" in told
