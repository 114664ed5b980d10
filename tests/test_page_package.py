"""The generator as a package for other people's pages, and for Node: the same bytes, and a tarball that holds what it needs."""

import functools
import json
import re
import shutil
import subprocess
import tarfile
import threading
from http.server import ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, expect

import app
from app.routes.page import FOLDER
from models import load
from models.cards import FOLDER as WEIGHTS
from models.cards import GOLDEN
from tests.browsing import ink, opened
from tests.running import PATIENCE_S
from tests.test_page_alone import Quiet

ROOT = Path(__file__).parent.parent
PACKAGE = FOLDER / "generator"
GOLDEN_BYTES = """
import { readFileSync } from "node:fs";
import { Kakite } from "kakite";
import { byHand, sha256 } from "kakite/digest.js";

const [file, way, n] = process.argv.slice(2);
const content = readFileSync(file);
const kakite = await Kakite.load(content.buffer.slice(content.byteOffset, content.byteOffset + content.length), { ways: [way] });
const { card } = kakite.about();
const { classes } = card.network;
const labels = classes ? Array.from({ length: Number(n) }, (_, seed) => seed % classes) : null;
const { pixels } = kakite.digits({ seed: 0, n: Number(n), labels });
console.log(JSON.stringify({ byHand: byHand(pixels), borrowed: await sha256(pixels), ...card.integers, way: kakite.about().way }));
"""


def run(name: str, *arguments: str, folder: Path) -> str:
    if not shutil.which(name):
        pytest.skip(f"no {name} here")
    done = subprocess.run([name, *arguments], cwd=folder, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder where `import "kakite"` finds it as npm packs it; without npm, as it lies."""
    folder = tmp_path_factory.mktemp("node")
    modules = folder / "node_modules"
    modules.mkdir()
    if shutil.which("npm"):
        [packed] = json.loads(run("npm", "pack", str(PACKAGE), "--json", "--offline", folder=folder))
        with tarfile.open(folder / packed["filename"]) as tar:
            tar.extractall(modules, filter="data")
        (modules / "package").rename(modules / "kakite")
    else:
        shutil.copytree(PACKAGE, modules / "kakite")
    (folder / "golden.mjs").write_text(GOLDEN_BYTES)
    return folder


def test_package_holds_what_its_modules_import_and_no_more(installed: Path) -> None:
    package = installed / "node_modules" / "kakite"
    modules = {file.name for file in package.glob("*.js")}
    imported = {name for file in package.glob("*.js") for name in re.findall(r'from "\./([\w.]+)"', file.read_text())}
    assert imported | {"kakite.js", "worker.js"} == modules
    assert {file.name for file in package.iterdir()} == modules | {"package.json", "README.md"}
    told = json.loads((package / "package.json").read_text())
    assert (told["name"], told["type"], told["license"], told["version"]) == ("kakite", "module", "MIT", app.__version__)


@pytest.mark.parametrize(("name", "way"), [("kakite", "simd"), ("dcgan", "simd"), ("cgan", "simd"), ("dense", "simd"), ("dense", "plain")])
def test_node_gives_the_golden_bytes(installed: Path, name: str, way: str) -> None:
    told = json.loads(run("node", "golden.mjs", str(WEIGHTS / f"{name}.safetensors"), way, str(GOLDEN), folder=installed))
    assert told["byHand"] == told["borrowed"] == told["golden"]
    assert told["way"] == way


def test_example_page_draws_the_digits_of_its_seed(browser: Browser) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(ROOT))) as host:
        threading.Thread(target=host.serve_forever).start()
        try:
            url = f"http://127.0.0.1:{host.server_port}"
            with opened(browser, url, "/examples/page.html", shown=lambda page: None, calm=False, troubled=True) as page:
                expect(page.locator("#told")).to_contain_text(" ms")
                page.get_by_label("Seed").fill("100")
                expected = load()(seeds=range(100, 164)).reshape(8, 8, 28, 28).transpose(0, 2, 1, 3).reshape(224, 224)
                page.wait_for_timeout(500)
                assert np.array_equal(ink(page.locator("canvas")), 255 - expected)
        finally:
            host.shutdown()


def test_it_works_without_a_worker_and_says_what_is_wrong(browser: Browser, service: str) -> None:
    with opened(browser, service, "/", troubled=True) as page:  # whose policy forbids WebAssembly here: the plain way is taken
        told = page.evaluate(
            """async () => {
              const { Kakite } = await import("./page/generator/kakite.js");
              const dense = await Kakite.load("models/dense/weights");
              const wrong = [{}, { seed: -1 }, { seed: 7, labels: 3 }, { seed: 7, truncation: 2 }, { z: [[0]] }, { seed: 1, z: [] }];
              const sentences = wrong.map((given) => {
                try {
                  dense.digits(given);
                  return "";
                } catch (error) {
                  return error.message;
                }
              });
              const missing = await Kakite.load("models/nobody/weights").then(() => "", (error) => error.message);
              return { ...dense.about(), labels: dense.digits({ seed: 1 }).labels, sentences, missing };
            }"""
        )
    assert (told["way"], told["wrong"], told["labels"]) == ("plain", ["simd"], None)
    assert all(told["sentences"]), told["sentences"]
    assert "404" in told["missing"]
