"""GET /source.zip: the source of this program, to read and to copy. Knows the names of its packages, not what is in them."""

import functools
import io
import zipfile
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from fastapi import APIRouter, Request, Response

from app.http.caching import is_known, tag_of
from app.http.static_files import KEPT

ROOT = Path(__file__).parent.parent.parent
PACKAGES = ("app", "models", "training")
COMMAND = "kakite.py"  # which images of the service do without
SOURCE_SUFFIXES = {".py", ".html", ".css", ".js"}  # no weights, and no stray files

router = APIRouter(include_in_schema=False)


@router.get("/source.zip")
def source(request: Request) -> Response:
    content, tag = archive()
    headers = {**KEPT, "ETag": tag}
    if is_known(tag, request.headers):
        return Response(status_code=304, headers=headers)
    return Response(
        content, media_type="application/zip", headers={**headers, "Content-Disposition": 'attachment; filename="kakite-source.zip"'}
    )


@functools.cache
def archive() -> tuple[bytes, str]:
    """The ZIP and its ETag. The same program gives the same bytes."""
    files = [*ROOT.glob(COMMAND), *(file for package in PACKAGES for file in (ROOT / package).rglob("*") if file.suffix in SOURCE_SUFFIXES)]
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as packed:
        for file in sorted(files):
            packed.writestr(zipfile.ZipInfo(file.relative_to(ROOT).as_posix()), file.read_bytes(), zipfile.ZIP_DEFLATED)
        if text := licence():
            packed.writestr(zipfile.ZipInfo("LICENSE"), text, zipfile.ZIP_DEFLATED)
    return content.getvalue(), tag_of(content.getvalue())


def licence() -> str | None:
    """The licence: from the installed package, else from the file beside the packages."""
    try:
        text = distribution("kakite").read_text("licenses/LICENSE")
    except PackageNotFoundError:
        text = None
    beside = ROOT / "LICENSE"
    return text or (beside.read_text() if beside.exists() else None)
