"""Files that come in pieces, and ZIPs of them: the same bytes whenever they are made, and streamed. Knows nothing of what is in them."""

import io
import zipfile
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import IO, Any

Files = AsyncGenerator[tuple[str, bytes], None]  # pieces of files, in order: a file's name comes with each of its pieces

PIECE = 65_536


def dated(name: str) -> zipfile.ZipInfo:
    """An entry with the same date always."""
    return zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))


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
    sink = Sink()
    with zipfile.ZipFile(sink, "w") as archive:
        async with aclosing(poured(files, lambda name: archive.open(dated(name), "w", force_zip64=True))) as pieces:
            async for _ in pieces:
                if len(sink.content) > PIECE:
                    yield sink.taken()
    yield sink.taken()
