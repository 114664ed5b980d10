"""PNG encoders on the pictures that are served: bytes and time of each, side by side.

python -m benchmarks.encoders

Pillow at its levels and strategies; a minimal greyscale writer over zlib, ISA-L and zlib-ng. Every result is decoded
again by Pillow and compared pixel by pixel.
"""

import functools
import io
import statistics
import struct
import time
import zlib
from collections.abc import Callable

import numpy as np
import torch
from isal import isal_zlib
from PIL import Image
from rich.console import Console
from rich.table import Table
from zlib_ng import zlib_ng

from app.encode import png
from app.engine.sampler import Sampler
from models import weights
from models.cards import FOLDER
from models.integers import IntegerGenerator, golden_rows
from models.pixels import Pixels, sheet

ROUNDS = 7
ROUND_S = 0.05

Encoder = Callable[[Pixels], bytes]
Compress = Callable[[memoryview, int], bytes]


def pillow(picture: Pixels, **options: int) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "PNG", **options)
    return buffer.getvalue()


def minimal(picture: Pixels, compress: Compress, level: int) -> bytes:
    """Our own writer, over another compressor."""
    height, width = picture.shape
    rows = np.zeros((height, 1 + width), np.uint8)
    rows[:, 1:] = picture
    header = struct.pack(">2I5B", width, height, 8, 0, 0, 0, 0)
    return png.SIGNATURE + png.chunk(b"IHDR", header) + png.chunk(b"IDAT", compress(rows.data, level)) + png.chunk(b"IEND", b"")


def encoders() -> dict[str, Encoder]:
    strategies = {"filtered": zlib.Z_FILTERED, "huffman only": zlib.Z_HUFFMAN_ONLY, "rle": zlib.Z_RLE}
    found: dict[str, Encoder] = {"app.png": png.encode}
    for level in (1, 3, 6, 9):
        found[f"Pillow, level {level}"] = functools.partial(pillow, compress_level=level)
    for name, strategy in strategies.items():
        found[f"Pillow, level 1, {name}"] = functools.partial(pillow, compress_level=1, compress_type=strategy)
    libraries: dict[str, tuple[Compress, tuple[int, ...]]] = {
        "zlib": (zlib.compress, (1, 6)),
        "ISA-L": (isal_zlib.compress, (0, 1, 3)),
        "zlib-ng": (zlib_ng.compress, (1, 2, 3, 6)),
    }
    for name, (compress, levels) in libraries.items():
        for level in levels:
            found[f"minimal over {name}, level {level}"] = functools.partial(minimal, compress=compress, level=level)
    return found


def pictures() -> dict[str, Pixels]:
    loaded = weights.load(FOLDER / "cgan.safetensors")
    assert isinstance(loaded.generator, IntegerGenerator)
    assert loaded.card.integers is not None
    digits = Sampler(loaded.generator, loaded.card.integers, torch.device("cpu"))(golden_rows(loaded.generator.z_dim, 10))
    return {
        "one digit": digits[0],
        "8x8 digits": sheet(digits[:64]),
        "32x32 digits": sheet(digits),
        "32x32 digits, scale 4": sheet(digits, scale=4),
    }


def time_us(encode: Encoder, picture: Pixels) -> float:
    calls, began = 0, time.perf_counter()
    while time.perf_counter() - began < ROUND_S or not calls:
        encode(picture)
        calls += 1
    return (time.perf_counter() - began) / calls * 1e6


def main() -> None:
    shown = pictures()
    times: dict[tuple[str, str], list[float]] = {}
    for _ in range(ROUNDS):
        for name, encode in encoders().items():
            for kind, picture in shown.items():
                times.setdefault((name, kind), []).append(time_us(encode, picture))
    table = Table("", *shown, title="microseconds (bytes), median of " + str(ROUNDS))
    for name, encode in encoders().items():
        cells = []
        for kind, picture in shown.items():
            content = encode(picture)
            with Image.open(io.BytesIO(content)) as image:
                assert np.array_equal(np.asarray(image), picture), f"{name} changed {kind}"
            cells.append(f"{statistics.median(times[name, kind]):,.0f} ({len(content):,})")
        table.add_row(name, *cells)
    Console(width=160).print(table)


if __name__ == "__main__":
    main()
