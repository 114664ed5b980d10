"""Decodes pictures that strangers send: PNG, JPEG, WebP, GIF and BMP, known by their first bytes. Does not know what they show.

Their size is read before their pixels, and refused where these would take too much memory or time. Whatever else a file holds, what comes
of it is a picture or a sentence.
"""

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from PIL import Image, ImageOps
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile

from app.errors import Unprocessable

T = TypeVar("T")

MAGIC: dict[bytes, tuple[str, Callable[[io.BytesIO], ImageFile]]] = {
    b"\x89PNG\r\n\x1a\n": ("PNG", PngImageFile),
    b"\xff\xd8\xff": ("JPEG", JpegImageFile),
    b"RIFF": ("WebP", WebPImageFile),
    b"GIF87a": ("GIF", GifImageFile),
    b"GIF89a": ("GIF", GifImageFile),
    b"BM": ("BMP", BmpImageFile),
}
HEIF = (b"ftypheic", b"ftypheix", b"ftypmif1", b"ftypavif")  # of telephones; at the fourth byte
PIXELS_MAX = {"PNG": 16_000_000, "JPEG": 50_000_000, "WebP": 8_000_000, "GIF": 16_000_000, "BMP": 16_000_000}
BYTES_A_PIXEL = {"PNG": 12, "WebP": 20, "GIF": 12, "BMP": 12}  # most memory that decoding takes
BUFFERED_PIXELS_MAX = 16_000_000  # of a JPEG that is kept whole while it is decoded
BUFFERED_BYTES_A_PIXEL = 8
JPEG_SCANS_MAX = 20  # each of which passes over the whole picture; a progressive JPEG has about ten


class NoPicture(Unprocessable):
    """What was sent is no picture that can be read."""


@dataclass(frozen=True)
class Sent:
    """A picture whose header is read, and whose pixels are not."""

    kind: str
    file: ImageFile
    memory_bytes: int  # most that `decoded` takes


def opened(content: bytes, side: int) -> Sent:
    """Reads the header. The picture will be reduced while its longer side has twice `side` pixels. Raises NoPicture."""
    kind, read = next((one for magic, one in MAGIC.items() if content.startswith(magic)), (None, None))
    if kind is None or read is None or (kind == "WebP" and content[8:12] != b"WEBP"):
        told = " An HEIC or AVIF, as telephones make them, is not read: convert it first." if content[4:12] in HEIF else ""
        raise NoPicture(f"That is no picture that is read: PNG, JPEG, WebP, GIF and BMP are.{told}")
    if kind == "WebP":
        check_size(kind, *webp_size(content), PIXELS_MAX[kind])  # its decoder takes memory for all pixels at once
    if kind == "JPEG" and content.count(b"\xff\xda") > JPEG_SCANS_MAX:
        raise NoPicture("This JPEG has more scans than any camera makes. Save it anew.")
    file = attempted(kind, lambda: read(io.BytesIO(content)))
    buffered = kind == "JPEG" and is_buffered(content)
    check_size(kind, *file.size, BUFFERED_PIXELS_MAX if buffered else PIXELS_MAX[kind])
    pixels = file.width * file.height
    if kind != "JPEG":
        return Sent(kind, file, BYTES_A_PIXEL[kind] * pixels)
    longer = max(file.size)
    attempted(kind, lambda: file.draft(None, (max(1, file.width * side // longer), max(1, file.height * side // longer))))
    return Sent(kind, file, 12 * file.width * file.height + BUFFERED_BYTES_A_PIXEL * pixels * buffered)


def decoded(sent: Sent, side: int) -> Image.Image:
    """The first picture of the file, upright, of mode L, RGB or RGBA. Raises NoPicture."""
    return attempted(sent.kind, lambda: decode(sent.file, side))


def decode(file: Image.Image, side: int) -> Image.Image:
    file.load()
    if file.mode.startswith(("I", "F")):  # 16 bits a pixel
        levels = np.asarray(file)
        small = Image.fromarray(np.asarray(np.clip(levels / 256 if levels.max(initial=0) > 255 else levels, 0, 255), np.uint8))
        small.info = file.info
    else:
        grey = file.mode in ("1", "L") and not file.has_transparency_data
        small = file.convert("L" if grey else "RGBA" if file.has_transparency_data else "RGB")
    if (times := max(small.size) // (2 * side)) > 1:
        small = small.reduce(times)
    return ImageOps.exif_transpose(small)


def attempted(kind: str, read: Callable[[], T]) -> T:
    """Raises NoPicture for whatever the decoder raises: there are dozens of errors."""
    try:
        return read()
    except Exception:
        raise NoPicture(f"This {kind} is broken, or cut off.") from None


def check_size(kind: str, width: int, height: int, most: int) -> None:
    if width * height > most:
        raise NoPicture(f"The {kind} has {width * height:,} pixels; {most:,} are allowed. Make it smaller.")


def webp_size(content: bytes) -> tuple[int, int]:
    """Width and height (RFC 9649, sections 2.5 to 2.7). Raises NoPicture."""
    kind, body = content[12:16], content[20:30]
    if len(body) == 10 and kind == b"VP8X":
        return 1 + int.from_bytes(body[4:7], "little"), 1 + int.from_bytes(body[7:10], "little")
    if len(body) == 10 and kind == b"VP8 ":
        return int.from_bytes(body[6:8], "little") & 0x3FFF, int.from_bytes(body[8:10], "little") & 0x3FFF
    if len(body) >= 5 and kind == b"VP8L":
        packed = int.from_bytes(body[1:5], "little")
        return 1 + (packed & 0x3FFF), 1 + (packed >> 14 & 0x3FFF)
    raise NoPicture("This WebP is broken, or cut off.")


def is_buffered(content: bytes) -> bool:
    """Whether a JPEG's decoder keeps the whole picture: it is progressive, or its first scan does not hold all components (ITU-T T.81)."""
    place, components, sequential = 2, 0, False
    while content[place : place + 1] == b"\xff" and place + 10 <= len(content):
        marker, length = content[place + 1], int.from_bytes(content[place + 2 : place + 4], "big")
        if marker in (0xC0, 0xC1):  # the frame of a sequential one
            components, sequential = content[place + 9], True
        if marker == 0xDA:
            return not sequential or content[place + 4] < components
        place += 1 if marker == 0xFF else 2 + length
    return True
