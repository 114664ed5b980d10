"""The file formats of data sets: MNIST's four files, NumPy's arrays, PNGs, or Parquet, all streamed. Knows no HTTP."""

import asyncio
import importlib.util
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from functools import partial

import numpy as np
from zlib_ng.gzip_ng import GzipNGFile

from app.datasets.data_set import Compute, DataSet, images, labels, pixels
from app.datasets.image_folders import names_seeds_labels
from app.datasets.npz import npz
from app.datasets.parquet import parquet
from app.encode import png
from app.encode.archives import Files, Sink, zipped
from app.encode.tables import LABELS, METADATA, labels_head, labels_lines, metadata_head, metadata_lines
from app.errors import ServiceError
from app.schemas.datasets import Format
from models.pixels import SIDE

SUFFIXES: dict[Format, str] = {
    "idx": "idx.zip",
    "npz": "npz",
    "zip": "zip",
    "folders": "folders.zip",
    "parquet": "parquet",
    "parquet-png": "png.parquet",
}
GZIP_LEVEL = 2  # from 0 to 9


class MissingLibrary(ServiceError):
    """The format or engine needs a library that is not installed."""

    status = 501


async def idx(wanted: DataSet, compute: Compute) -> Files:
    """MNIST's four files, as every reader of MNIST expects them; the last seventh of the seeds is the test set."""
    test = wanted.n // 7
    for name, start, stop in (("train", 0, wanted.n - test), ("t10k", wanted.n - test, wanted.n)):
        for file, header, content in (
            (f"{name}-images-idx3-ubyte.gz", idx_header(stop - start, SIDE, SIDE), pixels(wanted, compute, start, stop)),
            (f"{name}-labels-idx1-ubyte.gz", idx_header(stop - start), labels(wanted, np.uint8, start, stop)),
        ):
            async with aclosing(gzipped(file, header, content)) as pieces:
                async for piece in pieces:
                    yield piece
    yield "manifest.json", wanted.manifest()


def idx_header(*shape: int) -> bytes:
    """The header of an array of unsigned bytes (LeCun, "The MNIST database", file formats)."""
    return bytes([0, 0, 8, len(shape)]) + np.array(shape, ">i4").tobytes()


async def gzipped(name: str, header: bytes, pieces: AsyncGenerator[bytes, None]) -> Files:
    """One gzip file. It has no date, so that its bytes are always the same."""
    sink = Sink()
    with GzipNGFile(filename="", fileobj=sink, mode="wb", compresslevel=GZIP_LEVEL, mtime=0) as file:
        file.write(header)
        async with aclosing(pieces) as open_pieces:
            async for piece in open_pieces:
                await asyncio.to_thread(file.write, piece)
                if content := sink.taken():
                    yield name, content
    yield name, sink.taken()


async def pngs(wanted: DataSet, compute: Compute, in_folders: bool = False) -> Files:
    """A PNG per digit, then the tables: either `SEED-LABEL.png`, `labels.csv` and `metadata.csv`, or a folder per label or class and only
    `labels.csv`, since a loader that finds `metadata.csv` ignores the folders."""
    async with aclosing(images(wanted, compute)) as pages:
        async for first, last, page in pages:
            contents = await asyncio.to_thread(lambda digits: list(map(png.encode, digits)), page)
            for name, content in zip(names_seeds_labels(wanted, first, last, in_folders)[0], contents, strict=True):
                yield name, content
    yield LABELS, labels_head(wanted.class_names)
    for first, last in wanted.pages():
        yield LABELS, labels_lines(*names_seeds_labels(wanted, first, last, in_folders), wanted.class_names)
    if not in_folders:
        yield METADATA, metadata_head(seeds=True, labels=bool(wanted.network.classes))
        for first, last in wanted.pages():
            yield METADATA, metadata_lines(*names_seeds_labels(wanted, first, last))
    yield "manifest.json", wanted.manifest()


FILES: dict[Format, Callable[[DataSet, Compute], Files]] = {
    "idx": idx,
    "npz": npz,
    "zip": pngs,
    "folders": partial(pngs, in_folders=True),
}
PARQUET: dict[Format, Callable[[DataSet, Compute], AsyncGenerator[bytes, None]]] = {
    "parquet": parquet,
    "parquet-png": partial(parquet, pictures=True),
}


def as_one_file(wanted: DataSet, kind: Format, compute: Compute) -> AsyncGenerator[bytes, None]:
    """The data set as one file, in pieces. Raises MissingLibrary before the first piece."""
    if kind not in PARQUET:
        return zipped(FILES[kind](wanted, compute))
    if importlib.util.find_spec("pyarrow") is None:
        raise MissingLibrary(f"Parquet needs pyarrow: pip install pyarrow, where this runs. Or ask for {', '.join(FILES)}.")
    return PARQUET[kind](wanted, compute)
