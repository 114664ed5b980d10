"""Files that come in pieces, poured into folders or into a ZIP. Knows nothing of what is in them."""

import io
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import IO, Any

from app.encode.zips import Zip

Files = AsyncGenerator[tuple[str, bytes], None]  # pieces of files, in order: a file's name comes with each of its pieces

PIECE = 65_536


class Sink(io.RawIOBase):
    """A file that cannot be gone back in: what was written is taken away before more comes."""

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
    """Each piece into its file, which is opened by its name and closed before the next; comes back after each."""
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
    """Files -> one ZIP of them, stored as they are."""
    archive, ready, current = Zip(), bytearray(), None
    async with aclosing(files) as pieces:
        async for name, piece in pieces:
            if name != current:
                ready += (archive.end() if current is not None else b"") + archive.begin(name)
                current = name
            ready += archive.add(piece)
            if len(ready) > PIECE:
                yield bytes(ready)
                ready.clear()
    yield bytes(ready) + (archive.end() if current is not None else b"")
    for part in archive.finish():
        yield part
