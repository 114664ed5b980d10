"""The README and the pages of docs keep what they say: links lead somewhere, commands run, tables name what there is."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from app import __version__
from app.settings import Settings, variables
from tests.documents import FILE, NOT_RUN, PAGES, ROOT, RUN, SHOWN, anchors, blocks, links, name, prose, rows

DOCS = ROOT / "docs"
OPERATIONS = DOCS / "operations.md"
ADDRESS = "localhost:8000"
CURL = 'curl() { command curl --silent --show-error --fail "$@"; }\n'  # an answer that is a refusal is a failure here
PUBLIC = re.compile(r"[a-z]+:")


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_link_and_picture_leads_somewhere(page: Path) -> None:
    for link in links(page):
        if PUBLIC.match(link):
            continue
        file, _, anchor = link.partition("#")
        target = (page.parent / file).resolve() if file else page
        assert target.is_relative_to(ROOT), link
        assert target.exists(), f"{name(page)} links to {link}, and there is no such file"
        if anchor:
            assert anchor in anchors(target), f"{name(page)} links to {link}, and there is no such heading"


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_block_names_its_language_and_why_it_is_not_run(page: Path) -> None:
    for block in blocks(page):
        assert block.language in (*RUN, *SHOWN), f"{name(page)}:{block.line}"
        if block.text.startswith(NOT_RUN):
            assert block.text.splitlines()[0].removeprefix(NOT_RUN).strip(), f"{name(page)}:{block.line} does not say why"


@pytest.mark.parametrize("page", [page for page in PAGES if any(block.is_run for block in blocks(page))], ids=name)
def test_every_command_runs(page: Path, service: str, data: Path, tmp_path: Path) -> None:
    """In the page's order and one folder, so that one block may use what another has written. Of MNIST there is a sample."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("KAKITE_")} | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "KAKITE_DATA": str(data),
    }
    for block in blocks(page):
        if not block.is_run:
            continue
        if saved := FILE.match(block.text):
            (tmp_path / saved[1]).write_text(block.text)
        text = block.text.replace(ADDRESS, service.removeprefix("http://"))
        command = ["sh", "-eu", "-c", CURL + text] if block.language == "sh" else [sys.executable, "-c", text]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, timeout=120, check=False)
        assert done.returncode == 0, f"{name(page)}:{block.line}\n{done.stderr.decode()[-2000:]}"


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_manifest_is_valid(page: Path) -> None:
    kubernetes_validate = pytest.importorskip("kubernetes_validate", reason="the tools of `make check` are not installed")
    for block in blocks(page):
        if block.language != "yaml":
            continue
        for document in yaml.safe_load_all(block.text):
            assert document, f"{name(page)}:{block.line}"
            if "apiVersion" in document and not document["apiVersion"].startswith("kustomize."):
                kubernetes_validate.validate(document, kubernetes_validate.latest_version(), strict=True)


def test_readme_is_short() -> None:
    for file in ("README.md", "README.ja.md"):
        assert len((ROOT / file).read_text().splitlines()) <= 150, file


def test_index_names_every_page() -> None:
    listed = {(DOCS / link.partition("#")[0]).resolve() for link in links(DOCS / "README.md")}
    assert set(DOCS.glob("*.md")) - {DOCS / "README.md"} <= listed


def test_table_of_settings_is_that_of_the_program() -> None:
    told = {row[0].strip("`"): row[1] for row in rows(OPERATIONS.read_text()) if row[0].startswith("`KAKITE_")}
    assert sorted(told) == sorted(variables())
    for setting, field in Settings.model_fields.items():
        assert told[f"KAKITE_{setting.upper()}"].strip("`") == written(field.default), setting


def written(default: Any) -> str:
    """As one would write it into the environment."""
    if isinstance(default, bool):
        return str(default).lower()
    if isinstance(default, Path):
        return default.relative_to(ROOT).as_posix()
    return "" if default == () else str(default)


def test_every_metric_is_told_and_none_that_is_not_there(service: str) -> None:
    exposed = httpx.get(f"{service}/metrics").text
    kinds = {name: kind for name, kind in re.findall(r"^# TYPE (kakite_\w+) (\w+)", exposed, re.MULTILINE) if not name.endswith("_created")}
    text = OPERATIONS.read_text()
    assert kinds.keys() <= {row[0].strip("`") for row in rows(text)}
    known = kinds.keys() | {f"{name}_{part}" for name, kind in kinds.items() if kind == "histogram" for part in ("bucket", "count", "sum")}
    assert set(re.findall(r"\bkakite_\w+", text)) <= known


def test_every_route_is_told(service: str) -> None:
    text = prose(DOCS / "api.md")
    for path in httpx.get(f"{service}/openapi.json").json()["paths"]:
        assert path in text, path


def test_images_that_are_built_have_the_version_of_the_program() -> None:
    tags = [tag for page in PAGES for tag in re.findall(r"docker build[^\n]* -t [\w./-]+:(\S+)", page.read_text())]
    assert tags
    assert set(tags) == {__version__}


def test_changelog_begins_with_the_version_of_the_program() -> None:
    versions = re.findall(r"^## \[(\d[^]]*)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert versions
    assert versions[0] == __version__
