"""Pixels to PNG. Knows nothing of where they come from.

A writer of its own, of the three chunks that an 8-bit PNG needs, over zlib-ng: several times as fast as Pillow
(docs/performance.md), and the same bytes on x86 and Arm, which ISA-L's are not.
"""

import functools
import struct
import zlib

import numpy as np
from zlib_ng import zlib_ng

from app.schemas.fields import Paper
from models.pixels import Pixels, lay_out, sheet_shape, square_columns

SIGNATURE = b"\x89PNG\r\n\x1a\n"
LEVEL = 1  # of 0 to 9

GREY, GREY_AND_ALPHA = 0, 4  # colour types


def inked(picture: Pixels, paper: Paper) -> Pixels:
    """Ink [height, width] on paper: grey [height, width], or grey and alpha [height, width, 2] where nothing is behind it."""
    match paper:
        case "black":
            return picture
        case "white":
            return 255 - picture
        case "transparent":
            return np.stack([np.zeros_like(picture), picture], axis=2)


def magnified(picture: Pixels, scale: int) -> Pixels:
    """By whole pixels."""
    return picture if scale == 1 else picture.repeat(scale, axis=0).repeat(scale, axis=1)


class Canvas:
    """A picture in the making, where its file needs it: every row unfiltered (PNG specification, third edition, section 9)."""

    def __init__(self, height: int, width: int, paper: Paper) -> None:
        channels = 2 if paper == "transparent" else 1
        self.height, self.width, self.paper = height, width, paper
        self.rows = np.zeros((height, 1 + width * channels), np.uint8)  # each begins with the number of its filter: 0, none
        self.ink: Pixels = self.rows[:, channels::channels]  # [height, width], a view: grey, or alpha where nothing is behind it

    def encoded(self) -> bytes:
        if self.paper == "white":
            np.subtract(255, self.ink, out=self.ink)
        colour = GREY_AND_ALPHA if self.paper == "transparent" else GREY
        return beginning(self.height, self.width, colour) + chunk(b"IDAT", zlib_ng.compress(self.rows, LEVEL)) + END


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
def beginning(height: int, width: int, colour: int) -> bytes:
    header = struct.pack(">2I5B", width, height, 8, colour, 0, 0, 0)  # 8 bits a channel, deflate, no interlacing
    return SIGNATURE + chunk(b"IHDR", header)


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(body, zlib.crc32(kind)))


END = chunk(b"IEND", b"")
