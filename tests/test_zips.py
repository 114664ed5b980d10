"""ZIPs: what this writes is what Python's own reader reads, and the same bytes in every version of Python."""

import hashlib
import io
import zipfile
from collections.abc import AsyncGenerator

import pytest

from app.archives import zipped
from app.zips import Zip, zipped_whole

pytestmark = pytest.mark.anyio

FILES = [("a.txt", b"abc" * 10), ("labels.csv", b""), ("b.png", bytes(range(256)) * 300)]


def read(content: bytes) -> list[tuple[str, bytes]]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        assert all(info.date_time == (1980, 1, 1, 0, 0, 0) for info in archive.infolist())
        return [(info.filename, archive.read(info)) for info in archive.infolist()]


async def in_pieces() -> AsyncGenerator[tuple[str, bytes], None]:
    for name, content in FILES:
        for start in range(0, max(len(content), 1), 1000):
            yield name, content[start : start + 1000]


async def test_files_come_out_as_they_went_in() -> None:
    assert read(zipped_whole(FILES)) == FILES
    assert read(b"".join([piece async for piece in zipped(in_pieces())])) == FILES
    assert read(Zip().finish()) == []


async def test_bytes_are_always_the_same() -> None:
    """Those of CPython 3.11.7's zipfile."""
    whole, streamed = zipped_whole(FILES), b"".join([piece async for piece in zipped(in_pieces())])
    assert hashlib.sha256(whole).hexdigest() == "47c92f8347855eac751238e6a4faa7ba573116fa158fc4a7030857fb6b1f7ed9"
    assert hashlib.sha256(streamed).hexdigest() == "68b4f76f619b39dca07b79575757a9bae8b2ff70342770585c2536bf62ce5941"


def test_more_files_than_16_bits_count() -> None:
    names = [f"{i}.png" for i in range(65_536)]
    assert [name for name, _ in read(zipped_whole((name, b"") for name in names))] == names


def test_files_and_places_beyond_32_bits() -> None:
    """As the headers tell of them; nobody writes 8 GiB here."""
    archive, piece = Zip(), bytes(2**20)
    parts = [archive.begin("large.bin"), archive.add(piece), archive.end()]
    archive.entries[0].size = 5 * 2**30
    archive.written = 5 * 2**30
    parts += [archive.whole("after.txt", b"x"), archive.finish()]
    listed = zipfile.ZipFile(SparseFile(b"".join(parts[3:]), 5 * 2**30)).infolist()
    assert [(info.filename, info.file_size, info.header_offset) for info in listed] == [
        ("large.bin", 5 * 2**30, 0),
        ("after.txt", 1, 5 * 2**30),
    ]


class SparseFile(io.RawIOBase):
    """Bytes that lie so far into a file; what is before them is not there."""

    def __init__(self, content: bytes, start: int) -> None:
        self.content, self.start, self.place = content, start, 0

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        self.place = offset + {0: 0, 1: self.place, 2: self.start + len(self.content)}[whence]
        return self.place

    def tell(self) -> int:
        return self.place

    def read(self, n: int = -1) -> bytes:
        begin = self.place - self.start
        found = self.content[begin:] if n < 0 else self.content[begin : begin + n]
        self.place += len(found)
        return found
