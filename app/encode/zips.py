"""Uncompressed ZIPs, streamed, with the same bytes at any time and on any machine. Does not know what is in the files.

Python's `zipfile` changes its headers between versions (3.11.3 and 3.11.4, for example), but the service promises the bytes of its answers.
Up to 2 GiB this file writes what `zipfile` writes today (APPNOTE.TXT 6.3.10, sections 4.3 to 4.5).
"""

import struct
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

LOCAL = struct.Struct("<4s5H3I2H")
DESCRIPTOR = struct.Struct("<4sI2Q")
CENTRAL = struct.Struct("<4s6H3I5H2I")
END = struct.Struct("<4s4H2IH")
END_64 = struct.Struct("<4sQ2H2I4Q")
LOCATOR_64 = struct.Struct("<4sIQI")
EXTRA_64 = struct.Struct("<2H")

STORED = 0
DATE = 1 << 5 | 1  # 1980-01-01, always
UNIX, READABLE = 3, 0o600 << 16
VERSION, VERSION_64 = 20, 45
SIZES_FOLLOW = 1 << 3  # flag of an entry whose length is known only at its end
MAX_32, MAX_16 = 2**32 - 1, 2**16 - 1
BLOCK_BYTES = 65_536


@dataclass(slots=True)
class Entry:
    name: bytes
    offset: int
    crc: int = 0
    size: int = 0
    streamed: bool = False


class Listing:
    """The central directory, which comes last. Until then it is kept compressed, block by block: else a ZIP of 100,000 pictures would take
    7 MB."""

    def __init__(self) -> None:
        self.deflated: list[bytes] = []
        self.rest = bytearray()
        self.files = self.size = 0

    def add(self, entry: Entry) -> None:
        record = central(entry)
        self.rest += record
        self.files += 1
        self.size += len(record)
        if len(self.rest) > BLOCK_BYTES:
            self.deflated.append(zlib.compress(self.rest, 1))
            self.rest.clear()

    def __iter__(self) -> Iterator[bytes]:
        yield from map(zlib.decompress, self.deflated)
        yield bytes(self.rest)


class Zip:
    """Methods return the next bytes of the ZIP: for each file `whole`, or `begin`, `add` and `end`; at last `finish`. Names are ASCII."""

    def __init__(self) -> None:
        self.listing = Listing()
        self.entry: Entry | None = None  # begun, but not ended
        self.written_bytes = 0

    def whole(self, name: str, content: bytes) -> bytes:
        """A whole file."""
        entry = Entry(name.encode("ascii"), self.written_bytes, zlib.crc32(content), len(content))
        self.listing.add(entry)
        header = LOCAL.pack(
            b"PK\3\4", VERSION, 0, STORED, 0, DATE, entry.crc, entry.size, entry.size, len(entry.name), 0
        )  # at most 4 GiB: larger files are streamed
        return self.counted(header + entry.name + content)

    def begin(self, name: str) -> bytes:
        """Starts a file that comes in pieces, which are passed to `add`."""
        entry = self.entry = Entry(name.encode("ascii"), self.written_bytes, streamed=True)
        header = LOCAL.pack(b"PK\3\4", VERSION_64, SIZES_FOLLOW, STORED, 0, DATE, 0, MAX_32, MAX_32, len(entry.name), 20)
        return self.counted(header + entry.name + EXTRA_64.pack(1, 16) + bytes(16))

    def add(self, piece: bytes) -> bytes:
        """The piece itself."""
        assert self.entry is not None
        self.entry.crc = zlib.crc32(piece, self.entry.crc)
        self.pass_over(len(piece))
        return piece

    def pass_over(self, size: int) -> None:
        """Counts bytes of a file without their content, to compute the length of a ZIP."""
        assert self.entry is not None
        self.entry.size += size
        self.written_bytes += size

    def end(self) -> bytes:
        assert self.entry is not None
        entry, self.entry = self.entry, None
        self.listing.add(entry)
        return self.counted(DESCRIPTOR.pack(b"PK\7\x08", entry.crc, entry.size, entry.size))

    def finish(self) -> Iterator[bytes]:
        """The central directory, in pieces."""
        yield from self.listing
        yield self.last()

    def last(self) -> bytes:
        """The records after the central directory."""
        start, length, count = self.written_bytes, self.listing.size, self.listing.files
        last = b""
        if count >= MAX_16 or start >= MAX_32 or length >= MAX_32:
            last += END_64.pack(b"PK\6\6", 44, VERSION_64, VERSION_64, 0, 0, count, count, length, start)
            last += LOCATOR_64.pack(b"PK\6\7", 0, start + length, 1)
        count = min(count, MAX_16)
        return last + END.pack(b"PK\5\6", 0, 0, count, count, min(length, MAX_32), min(start, MAX_32), 0)

    def counted(self, content: bytes) -> bytes:
        self.written_bytes += len(content)
        return content


def length(files: Iterable[tuple[str, int]]) -> int:
    """The length in bytes of the ZIP that files of these names and sizes give when they are streamed."""
    archive = Zip()
    for name, size in files:
        archive.begin(name)
        archive.pass_over(size)
        archive.end()
    return archive.written_bytes + archive.listing.size + len(archive.last())


def central(entry: Entry) -> bytes:
    large = [*([entry.size, entry.size] if entry.size >= MAX_32 else []), *([entry.offset] if entry.offset >= MAX_32 else [])]
    extra = EXTRA_64.pack(1, 8 * len(large)) + struct.pack(f"<{len(large)}Q", *large) if large else b""
    version = VERSION_64 if entry.streamed or large else VERSION
    size, offset = min(entry.size, MAX_32), min(entry.offset, MAX_32)
    common = (UNIX << 8 | version, version, SIZES_FOLLOW if entry.streamed else 0, STORED, 0, DATE, entry.crc, size, size)
    header = CENTRAL.pack(b"PK\1\2", *common, len(entry.name), len(extra), 0, 0, 0, READABLE, offset)
    return header + entry.name + extra


def zipped_whole(files: Iterable[tuple[str, bytes]]) -> bytes:
    """One ZIP of names and contents."""
    archive = Zip()
    parts = [archive.whole(name, content) for name, content in files]
    return b"".join([*parts, *archive.finish()])
