"""Writes streamed files into a folder or a ZIP. Does not know what is in them."""

import io
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import IO, Any

from app.encode.zips import Zip

Files = AsyncGenerator[tuple[str, bytes], None]  # file name and piece, in order; the name comes with every piece

PIECE_BYTES = 65_536


class Sink(io.RawIOBase):
    """A write-only file that cannot seek. `taken` removes and returns what has been written."""

    def __init__(self) -> None:
        self.content = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self.content += data
        return len(data)

    def taken(self) -> bytes:
        content = bytes(self.content)
        self.content.clear()
        return content


async def poured(files: Files, opened: Callable[[str], IO[bytes]]) -> AsyncGenerator[None, None]:
    """Writes each piece into its file, and yields after each. Only one file is open at a time."""
    file, current = None, ""
    try:
        async with aclosing(files) as pieces:
            async for name, piece in pieces:
                if file is None or name != current:
                    if file is not None:
                        file.close()
                    file, current = opened(name), name
                file.write(piece)
                yield
    finally:
        if file is not None:
            file.close()


async def zipped(files: Files) -> AsyncGenerator[bytes, None]:
    """Files -> one ZIP without compression, in pieces."""
    archive, ready, current = Zip(), bytearray(), None
    async with aclosing(files) as pieces:
        async for name, piece in pieces:
            if name != current:
                ready += (archive.end() if current is not None else b"") + archive.begin(name)
                current = name
            ready += archive.add(piece)
            if len(ready) > PIECE_BYTES:
                yield bytes(ready)
                ready.clear()
    yield bytes(ready) + (archive.end() if current is not None else b"")
    for part in archive.finish():
        yield part
