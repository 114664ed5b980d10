"""Downloads MNIST from its public mirrors into a folder. Every file is checked; if a mirror fails, the next one is tried."""

import gzip
import hashlib
import zlib
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import httpx
import platformdirs
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from models import atomic, files
from training.data.dataset import LIMIT_BYTES, MNIST_SHA256

MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)
SHA256 = {  # of the unpacked bytes; the mirrors' gzip wrappers differ
    "train-images-idx3-ubyte": MNIST_SHA256,
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}


class DownloadError(Exception):
    """No mirror delivered a file. The message says how each one failed."""


def cache_folder() -> Path:
    return Path(platformdirs.user_cache_dir("kakite")) / "mnist"


def download(folder: Path, console: Console, mirrors: Sequence[str] = MIRRORS) -> None:
    """Downloads the files that the folder lacks. A file gets its name only once it is complete and correct. Raises DownloadError."""
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with httpx.Client(timeout=30, follow_redirects=True) as client, Progress(*columns, console=console) as bar:
        for name, sha256 in SHA256.items():
            target = folder / f"{name}.gz"
            with suppress(FileNotFoundError):
                if unpacked_sha256(files.read(target, LIMIT_BYTES)) == sha256:
                    continue
            atomic.write(target, fetch(client, bar, name, sha256, mirrors, folder))


def fetch(client: httpx.Client, bar: Progress, name: str, sha256: str, mirrors: Sequence[str], folder: Path) -> bytes:
    """The gzip file from the first mirror that delivers it correctly. Raises DownloadError."""
    failures = []
    for mirror in mirrors:
        url = f"{mirror}{name}.gz"
        task = bar.add_task(name, total=None)
        content = bytearray()
        try:
            with client.stream("GET", url) as response:
                response.raise_for_status()
                bar.update(task, total=int(response.headers.get("content-length", 0)) or None)
                for chunk in response.iter_raw():
                    content += chunk
                    bar.update(task, completed=len(content))
            if unpacked_sha256(content) == sha256:
                return bytes(content)
            failures.append(f"{url}: not the known file (its SHA-256 differs)")
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            failures.append(f"{url}: {error or type(error).__name__}")
        bar.remove_task(task)
    tried = "\n  ".join([f"{name} could not be downloaded:", *failures])
    raise DownloadError(f"{tried}\nTry again later, or put MNIST's four files into {folder} yourself, or name another by --data DIR.")


def unpacked_sha256(content: bytes | bytearray) -> str:
    """The SHA-256 of a gzip file's content; "" if it is not a complete gzip file."""
    try:
        return hashlib.sha256(gzip.decompress(content)).hexdigest()
    except (EOFError, gzip.BadGzipFile, zlib.error):
        return ""
