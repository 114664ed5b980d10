"""The downloader, against a server of its own: checked, whole files only, the next mirror when one fails."""

import gzip
import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from rich.console import Console

from training.parts import download as module
from training.parts.download import DownloadError, download

FILES = {f"file-{i}": f"the content of file {i}".encode() * 1000 for i in range(4)}


class Mirror(BaseHTTPRequestHandler):
    """/good/ serves the files, /wrong/ other files, /cut/ half of them, /gone/ nothing. Remembers what was asked."""

    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(self.path)
        _, kind, name = self.path.split("/")
        packed = gzip.compress(FILES[name.removesuffix(".gz")] if kind != "wrong" else b"something else")
        self.send_response(404 if kind == "gone" else 200)
        self.send_header("Content-Length", str(len(packed)))
        self.end_headers()
        self.wfile.write(packed[: len(packed) // 2] if kind == "cut" else packed)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def mirror(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setattr(module, "SHA256", {name: hashlib.sha256(content).hexdigest() for name, content in FILES.items()})
    Mirror.asked = []
    with ThreadingHTTPServer(("127.0.0.1", 0), Mirror) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


def fetch(folder: Path, *mirrors: str) -> None:
    download(folder, Console(quiet=True), mirrors)


def test_all_files_arrive(tmp_path: Path, mirror: str) -> None:
    fetch(tmp_path, mirror + "good/")
    assert {file.name: gzip.decompress(file.read_bytes()) for file in tmp_path.iterdir()} == {
        f"{name}.gz": content for name, content in FILES.items()
    }


@pytest.mark.parametrize("kind", ["gone", "wrong", "cut"])
def test_next_mirror_is_tried(tmp_path: Path, mirror: str, kind: str) -> None:
    fetch(tmp_path, f"{mirror}{kind}/", mirror + "good/")
    assert len(list(tmp_path.iterdir())) == 4
    assert len(Mirror.asked) == 8


@pytest.mark.parametrize(("kind", "cause"), [("gone", "404"), ("wrong", "SHA-256 differs"), ("cut", "peer closed")])
def test_no_half_file_is_left_when_all_fail(tmp_path: Path, mirror: str, kind: str, cause: str) -> None:
    with pytest.raises(DownloadError, match=cause) as caught:
        fetch(tmp_path, f"{mirror}{kind}/", f"{mirror}{kind}/")
    assert "--data DIR" in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_mirror_that_cannot_be_reached_is_named(tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match=r"http://127\.0\.0\.1:9/train-images-idx3-ubyte\.gz"):
        fetch(tmp_path, "http://127.0.0.1:9/")


def test_what_is_there_is_not_fetched_again_unless_it_is_broken(tmp_path: Path, mirror: str) -> None:
    fetch(tmp_path, mirror + "good/")
    (tmp_path / "file-2.gz").write_bytes(b"broken")
    Mirror.asked.clear()
    fetch(tmp_path, mirror + "good/")
    assert Mirror.asked == ["/good/file-2.gz"]
