"""A data set as NumPy's arrays. All sizes in this ZIP are known in advance, so any part of it can be requested. Knows no HTTP."""

import io
from collections.abc import AsyncGenerator
from contextlib import aclosing

import numpy as np

from app.datasets.data_set import Compute, DataSet, labels, pixels
from app.encode import zips
from app.encode.archives import Files, zipped
from app.encode.formats import npy
from models.pixels import SIDE

IMAGES, LABELS, SEEDS, MANIFEST = "images.npy", "labels.npy", "seeds.npy", "manifest.npy"
DIGIT = SIDE * SIDE  # bytes


async def npz(wanted: DataSet, compute: Compute) -> Files:
    """`images` [n, 28, 28] uint8, `labels` (if the model has any) and `seeds` [n] int64, and the manifest as text."""
    yield IMAGES, images_header(wanted.n)
    async with aclosing(pixels(wanted, compute)) as pieces:
        async for piece in pieces:
            yield IMAGES, piece
    if wanted.network.classes:
        yield LABELS, numbers_header(wanted.n)
        async for piece in labels(wanted, np.int64):
            yield LABELS, piece
    yield SEEDS, numbers_header(wanted.n)
    for first, last in wanted.pages():
        yield SEEDS, np.arange(wanted.first_seed + first, wanted.first_seed + last, dtype=np.int64).tobytes()
    yield MANIFEST, manifest(wanted)


def images_header(n: int) -> bytes:
    return header((n, SIDE, SIDE), np.uint8)


def numbers_header(n: int) -> bytes:
    return header((n,), np.int64)


def header(shape: tuple[int, ...], kind: type[np.generic]) -> bytes:
    file = io.BytesIO()
    described = {"descr": np.lib.format.dtype_to_descr(np.dtype(kind)), "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, described)
    return file.getvalue()


def manifest(wanted: DataSet) -> bytes:
    return npy(np.array(wanted.manifest().decode()))


def length(wanted: DataSet) -> int:
    """The length of the whole file, in bytes."""
    numbers = len(numbers_header(wanted.n)) + 8 * wanted.n
    labelled = [(LABELS, numbers)] if wanted.network.classes else []
    pixels_here = len(images_header(wanted.n)) + DIGIT * wanted.n
    return zips.length([(IMAGES, pixels_here), *labelled, (SEEDS, numbers), (MANIFEST, len(manifest(wanted)))])


async def part(wanted: DataSet, compute: Compute, start: int, stop: int) -> AsyncGenerator[bytes, None]:
    """Bytes start to stop - 1 of the file. A part of the images needs only its own digits. Anything after the images needs all of them,
    because their checksum comes first."""
    first_pixel = len(zips.Zip().begin(IMAGES)) + len(images_header(wanted.n))
    if first_pixel <= start and stop <= first_pixel + DIGIT * wanted.n:
        first, before = divmod(start - first_pixel, DIGIT)
        pieces = pixels(wanted, compute, first, -((first_pixel - stop) // DIGIT))
    else:
        pieces, before = zipped(npz(wanted, compute)), start
    left = stop - start
    async with aclosing(pieces) as open_pieces:
        async for piece in open_pieces:
            if overlap := piece[before : before + left]:
                yield overlap
            before, left = max(0, before - len(piece)), left - len(overlap)
            if not left:
                return
