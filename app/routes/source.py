"""GET /source.zip: the program as it runs here, to read and to copy. Knows which packages it consists of, not what is in them."""

import functools
import hashlib
import io
import zipfile
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from fastapi import APIRouter, Request, Response

from app.http.caching import is_known
from app.http.static_files import KEPT

ROOT = Path(__file__).parent.parent.parent
PACKAGES = ("app", "models", "training")
WRITTEN = {".py", ".html", ".css", ".js"}  # no weights, nothing that lies there by chance

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
    """The ZIP, the same for the same program, and its tag."""
    files = [file for package in PACKAGES for file in (ROOT / package).rglob("*") if file.suffix in WRITTEN]
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as packed:
        for file in sorted(files):
            packed.writestr(zipfile.ZipInfo(file.relative_to(ROOT).as_posix()), file.read_bytes(), zipfile.ZIP_DEFLATED)
        if told := licence():
            packed.writestr(zipfile.ZipInfo("LICENSE"), told, zipfile.ZIP_DEFLATED)
    return content.getvalue(), f'"{hashlib.sha256(content.getvalue()).hexdigest()[:32]}"'


def licence() -> str | None:
    """What came with the installed package, or what lies beside the folders of one that is not installed."""
    try:
        told = distribution("kakite").read_text("licenses/LICENSE")
    except PackageNotFoundError:
        told = None
    beside = ROOT / "LICENSE"
    return told or (beside.read_text() if beside.exists() else None)
