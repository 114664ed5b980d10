"""ZIPs: what this writes is what Python's own reader reads, and the same bytes in every version of Python."""

import hashlib
import io
import tracemalloc
import zipfile
from collections.abc import AsyncGenerator

import pytest

from app.encode.archives import zipped
from app.encode.zips import Zip, length, zipped_whole

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
    assert read(b"".join(Zip().finish())) == []


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
    archive, size = Zip(), 5 * 2**30
    archive.begin("large.bin")
    archive.pass_over(size)
    archive.end()
    start = archive.written
    behind = b"".join([archive.whole("after.txt", b"x"), *archive.finish()])
    listed = zipfile.ZipFile(SparseFile(behind, start)).infolist()
    assert [(info.filename, info.file_size, info.header_offset) for info in listed] == [("large.bin", size, 0), ("after.txt", 1, start)]


async def test_length_is_known_before_a_byte_is_there() -> None:
    for files in (FILES, []):
        made = b"".join([piece async for piece in zipped(one_by_one(files))])
        assert length((name, len(content)) for name, content in files) == len(made)
    end = len(made)  # of a ZIP of nothing
    assert length([("a", 5)]) == 5 + (30 + 1 + 20) + 24 + (46 + 1) + end
    assert length([("a", 2**32)]) == 2**32 + (30 + 1 + 20) + 24 + (46 + 1 + 4 + 16) + (56 + 20) + end  # where 32 bits do not suffice


async def one_by_one(files: list[tuple[str, bytes]]) -> AsyncGenerator[tuple[str, bytes], None]:
    for file in files:
        yield file


async def test_list_of_many_files_is_held_in_little_memory() -> None:
    """Of a ZIP that is streamed nothing else is held, and many are streamed at once."""
    tracemalloc.start()
    try:
        archive = Zip()
        for i in range(20_000):
            archive.begin(f"{i}-7.png")
            archive.add(i.to_bytes(4))
            archive.end()
        held = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert held < 1_000_000
    pieces = list(archive.finish())
    assert max(map(len, pieces)) < 100_000
    [name] = zipfile.ZipFile(SparseFile(b"".join(pieces), archive.written)).namelist()[17_777:17_778]
    assert name == "17777-7.png"


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
