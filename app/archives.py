"""ZIP files: with the same bytes whenever they are made, and streamed. Knows nothing of what is in them."""

import io
import zipfile
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

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


async def zipped(files: Files) -> AsyncGenerator[bytes, None]:
    """Files -> one ZIP of them, stored as they are."""
    sink, entry, current = Sink(), None, ""
    with zipfile.ZipFile(sink, "w") as archive:
        try:
            async with aclosing(files) as pieces:
                async for name, piece in pieces:
                    if entry is None or name != current:
                        if entry is not None:
                            entry.close()
                        entry, current = archive.open(dated(name), "w", force_zip64=True), name
                    entry.write(piece)
                    if len(sink.content) > PIECE:
                        yield sink.taken()
        finally:
            if entry is not None:
                entry.close()
    yield sink.taken()
