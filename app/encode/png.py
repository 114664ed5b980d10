"""Encodes pixels as PNG. Does not know where they come from.

It writes the three chunks that an 8-bit PNG needs, with zlib-ng. That is several times as fast as Pillow (docs/performance.md), and unlike
ISA-L it gives the same bytes on x86 and Arm.
"""

import functools
import struct
import zlib

import numpy as np
from zlib_ng import zlib_ng

from app.schemas.fields import Paper
from models.pixels import Pixels, lay_out, sheet_shape, square_columns

SIGNATURE = b"\x89PNG\r\n\x1a\n"
LEVEL = 1  # zlib's, from 0 to 9

GREY, GREY_AND_ALPHA = 0, 4  # colour types


def inked(picture: Pixels, paper: Paper) -> Pixels:
    """Ink [height, width] -> grey [height, width], or grey and alpha [height, width, 2] on transparent paper."""
    match paper:
        case "black":
            return picture
        case "white":
            return 255 - picture
        case "transparent":
            return np.stack([np.zeros_like(picture), picture], axis=2)


def magnified(picture: Pixels, scale: int) -> Pixels:
    """Repeats each pixel `scale` times in both directions."""
    return picture if scale == 1 else picture.repeat(scale, axis=0).repeat(scale, axis=1)


class Canvas:
    """A picture laid out as PNG data, so that it needs no copy: unfiltered rows (PNG specification, third edition, section 9)."""

    def __init__(self, height: int, width: int, paper: Paper) -> None:
        channels = 2 if paper == "transparent" else 1
        self.height, self.width, self.paper = height, width, paper
        self.rows = np.zeros((height, 1 + width * channels), np.uint8)  # each begins with its filter type: 0, none
        self.ink: Pixels = self.rows[:, channels::channels]  # [height, width], a view: grey, or alpha on transparent paper

    def encoded(self) -> bytes:
        if self.paper == "white":
            np.subtract(255, self.ink, out=self.ink)
        colour = GREY_AND_ALPHA if self.paper == "transparent" else GREY
        return header(self.height, self.width, colour) + chunk(b"IDAT", zlib_ng.compress(self.rows, LEVEL)) + END


def encode(picture: Pixels, paper: Paper = "black") -> bytes:
    """Ink [height, width] -> PNG."""
    height, width = picture.shape
    canvas = Canvas(height, width, paper)
    canvas.ink[:] = picture
    return canvas.encoded()


def encode_sheet(images: Pixels, columns: int | None = None, scale: int = 1, paper: Paper = "black") -> bytes:
    """Digits [N, 28, 28] side by side -> PNG."""
    columns = columns or square_columns(len(images))
    canvas = Canvas(*sheet_shape(len(images), columns, scale), paper)
    lay_out(images, columns, scale, canvas.ink)
    return canvas.encoded()


@functools.lru_cache
def header(height: int, width: int, colour: int) -> bytes:
    content = struct.pack(">2I5B", width, height, 8, colour, 0, 0, 0)  # 8 bits a channel, deflate, no interlacing
    return SIGNATURE + chunk(b"IHDR", content)


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(body, zlib.crc32(kind)))


END = chunk(b"IEND", b"")
