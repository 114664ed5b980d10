"""The page as files that need no service: it draws its digits itself, from the weights of some models. Knows what stands in page/index.html
for those who read it beside a service."""

import json
import re
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from app.engine.messages import Known
from app.engine.weights_folder import Loaded, read_all
from app.errors import ServiceError
from app.routes.page import FOLDER, POLICY
from app.settings import Settings

OF_SERVICE = re.compile(r"<!--service-->.*?<!--/service-->", re.DOTALL)
IN_HEADERS_ONLY = ("frame-ancestors 'none'",)  # of the policy, which a page without headers carries in itself


class PageError(ServiceError):
    """The page cannot be written. The message says why, and what to do."""


def write(out: Path, names: Sequence[str], settings: Settings) -> int:
    """Writes the page with these models, the first of which is its default one, into a new or empty folder: whole, or not at all. Gives
    its size in bytes. Raises PageError, WeightsError, DirectionsError and OSError."""
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise PageError(f"{out} is there and not empty. Name a new folder, or empty that one.")
    there = read_all(settings)
    if missing := [name for name in names if name not in there]:
        raise PageError(f"There is no model named {missing[0]} in {settings.weights}. There are: {', '.join(there)}.")
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=".unfinished-") as unfinished:
        page = Path(unfinished) / "page"
        shutil.copytree(FOLDER, page / "page", ignore=shutil.ignore_patterns("index.html", ".*"))
        (page / "index.html").write_text(alone((FOLDER / "index.html").read_text(encoding="utf-8")), encoding="utf-8")
        told = [add_model(page / "models" / name, there[name], default=name == names[0]) for name in names]
        (page / "models.json").write_text(json.dumps({"default": names[0], "models": told}), encoding="utf-8")
        size = sum(file.stat().st_size for file in page.rglob("*") if file.is_file())
        if out.exists():
            out.rmdir()  # it is empty
        page.rename(out)
    return size


def alone(html: str) -> str:
    """The page's HTML without what needs a service, marked as alone, and with its policy in itself."""
    policy = "; ".join(part for part in POLICY.decode().split("; ") if part not in IN_HEADERS_ONLY)
    head = f'<head>\n<meta http-equiv="Content-Security-Policy" content="{policy}">'
    html = OF_SERVICE.sub("", html).replace("<head>", head, 1)
    return html.replace('<html lang="en">', '<html lang="en" data-service="none">', 1).replace(
        '<p class="alone" hidden>', '<p class="alone">'
    )


def add_model(folder: Path, loaded: Loaded, default: bool) -> dict[str, object]:
    """Adds a model's files. Gives what the page reads of it, as /models tells it."""
    folder.mkdir(parents=True)
    content = loaded.file.read_bytes()
    (folder / "weights.safetensors").write_bytes(content)
    found = loaded.directions
    if found:
        (folder / "directions.json").write_text(found.model_dump_json(), encoding="utf-8")
    known = Known(loaded.card, loaded.sha256)
    names = [direction.name for direction in found.directions] if found else []
    return {**loaded.card.model_dump(), "sha256": known.sha256, "version": known.version, "default": default, "directions": names}
