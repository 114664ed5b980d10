"""Data sets as files: MNIST's four, NumPy's arrays, or a PNG a digit. Each is written as its digits come."""

import asyncio
import importlib.util
import io
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Any, Literal

import numpy as np
from zlib_ng.gzip_ng import GzipNGFile

from app import png
from app.archives import Files, Sink, zipped
from app.datasets import Compute, DataSet, images
from app.formats import npy
from app.parquet import parquet
from models.pixels import SIDE

Format = Literal["idx", "npz", "zip", "parquet"]

GZIP_LEVEL = 2  # of 0 to 9


class MissingLibrary(Exception):
    """A format that needs what is not installed."""


async def idx(wanted: DataSet, compute: Compute) -> Files:
    """MNIST's four files, as every reader of MNIST expects them; the last seventh of the seeds is the test set."""
    test = wanted.n // 7
    for name, start, stop in (("train", 0, wanted.n - test), ("t10k", wanted.n - test, wanted.n)):
        async for piece in gzipped(
            f"{name}-images-idx3-ubyte.gz", idx_header(stop - start, SIDE, SIDE), pixels(wanted, compute, start, stop)
        ):
            yield piece
        async for piece in gzipped(f"{name}-labels-idx1-ubyte.gz", idx_header(stop - start), labels(wanted, np.uint8, start, stop)):
            yield piece
    yield "manifest.json", wanted.manifest()


def idx_header(*shape: int) -> bytes:
    """Unsigned bytes of that shape (LeCun, "The MNIST database", file formats)."""
    return bytes([0, 0, 8, len(shape)]) + np.array(shape, ">i4").tobytes()


async def pixels(wanted: DataSet, compute: Compute, start: int = 0, stop: int | None = None) -> AsyncGenerator[bytes, None]:
    async with aclosing(images(wanted, compute, start, stop)) as pages:
        async for _, _, page in pages:
            yield page.tobytes()


async def labels(wanted: DataSet, kind: type[np.integer[Any]], start: int = 0, stop: int | None = None) -> AsyncGenerator[bytes, None]:
    for first, last in wanted.pages(start, stop):
        found = await asyncio.to_thread(wanted.labels, first, last)
        yield (np.zeros(last - first) if found is None else found).astype(kind).tobytes()


async def gzipped(name: str, header: bytes, pieces: AsyncGenerator[bytes, None]) -> Files:
    """One gzip file, without a date, so that it is the same whenever it is made."""
    sink = Sink()
    with GzipNGFile(filename="", fileobj=sink, mode="wb", compresslevel=GZIP_LEVEL, mtime=0) as file:
        file.write(header)
        async with aclosing(pieces) as open_pieces:
            async for piece in open_pieces:
                await asyncio.to_thread(file.write, piece)
                if content := sink.taken():
                    yield name, content
    yield name, sink.taken()


async def npz(wanted: DataSet, compute: Compute) -> Files:
    """NumPy's arrays `images` [n, 28, 28] uint8, `labels` (where the model has any) and `seeds` [n] int64, and the
    manifest as text."""
    yield "images.npy", npy_header((wanted.n, SIDE, SIDE), np.uint8)
    async with aclosing(pixels(wanted, compute)) as pieces:
        async for piece in pieces:
            yield "images.npy", piece
    if wanted.network.classes:
        yield "labels.npy", npy_header((wanted.n,), np.int64)
        async for piece in labels(wanted, np.int64):
            yield "labels.npy", piece
    yield "seeds.npy", npy_header((wanted.n,), np.int64)
    for first, last in wanted.pages():
        yield "seeds.npy", np.arange(wanted.first_seed + first, wanted.first_seed + last, dtype=np.int64).tobytes()
    yield "manifest.npy", npy(np.array(wanted.manifest().decode()))


def npy_header(shape: tuple[int, ...], kind: type[np.generic]) -> bytes:
    file = io.BytesIO()
    described = {"descr": np.lib.format.dtype_to_descr(np.dtype(kind)), "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, described)
    return file.getvalue()


async def pngs(wanted: DataSet, compute: Compute) -> Files:
    """A PNG a digit, `SEED-LABEL.png`, then `labels.csv`."""
    async with aclosing(images(wanted, compute)) as pages:
        async for first, last, page in pages:
            contents = await asyncio.to_thread(lambda digits: list(map(png.encode, digits)), page)
            for (name, _, _), content in zip(entries(wanted, first, last), contents, strict=True):
                yield name, content
    yield "labels.csv", b"file,seed,label\n"
    for first, last in wanted.pages():
        yield "labels.csv", "".join(f"{name},{seed},{label}\n" for name, seed, label in entries(wanted, first, last)).encode()
    yield "manifest.json", wanted.manifest()


def entries(wanted: DataSet, first: int, last: int) -> list[tuple[str, int, str]]:
    """File, seed and label of digits first to last - 1; the label is empty where the model has none."""
    seeds = range(wanted.first_seed + first, wanted.first_seed + last)
    found = wanted.labels(first, last)
    if found is None:
        return [(f"{seed}.png", seed, "") for seed in seeds]
    return [(f"{seed}-{label}.png", seed, str(label)) for seed, label in zip(seeds, found, strict=True)]


FILES: dict[Format, Callable[[DataSet, Compute], Files]] = {"idx": idx, "npz": npz, "zip": pngs}


def streamed(wanted: DataSet, kind: Format, compute: Compute) -> AsyncGenerator[bytes, None]:
    """One file, in pieces. Raises MissingLibrary, before the first of them."""
    if kind != "parquet":
        return zipped(FILES[kind](wanted, compute))
    if importlib.util.find_spec("pyarrow") is None:
        raise MissingLibrary("Parquet needs pyarrow: pip install pyarrow, where this runs. Or ask for idx, npz or zip.")
    return parquet(wanted, compute)
