"""A data set as one Parquet file, row group by row group. Only this format needs pyarrow. Knows no HTTP."""

import asyncio
import importlib
import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.datasets.data_set import PAGE, Compute, DataSet, images
from app.datasets.image_folders import names_seeds_labels
from app.encode import png
from app.encode.archives import Sink
from models.pixels import SIDE, Pixels

ROW_GROUP = 8  # pages in a row group, at least
ROW_GROUPS = 2000  # at most: the file's footer keeps 3 kB for each in memory


async def parquet(wanted: DataSet, compute: Compute, pictures: bool = False) -> AsyncGenerator[bytes, None]:
    """Columns `image` (28 * 28 bytes, row by row), `label` (int8, null if the model has none) and `seed` (int64). The manifest is in the
    schema's metadata.

    With `pictures`, as Hugging Face's `datasets` writes them: `image` is a PNG and its name, `label` a class (int64, left out if the model
    has none), and the schema's metadata say so.
    """
    # Optional, so imported only where it is needed; and not on the event loop, for it takes a sixth of a second.
    ParquetWriter = (await asyncio.to_thread(importlib.import_module, "pyarrow.parquet")).ParquetWriter

    sink, group = Sink(), group_pages(wanted.n)
    schema = schema_of_pictures(wanted) if pictures else schema_of_pixels(wanted)
    # No dictionary and no statistics for images: they are all different, and would stay in memory until the end of the file.
    chosen: dict[str, Any] = {"compression": "zstd", "use_dictionary": ["label"], "write_statistics": ["label", "seed"]}
    with ParquetWriter(sink, schema, **chosen) as writer:
        pages: list[list[Any]] = []
        async with aclosing(images(wanted, compute)) as coming:
            async for first, last, page in coming:
                image = await asyncio.to_thread(of_pictures, wanted, first, last, page) if pictures else of_pixels(page)
                pages.append([image, *numbers(wanted, first, last, pictures)])
                if len(pages) == group or last == wanted.n:
                    write_row_group(writer, schema, pages, PAGE * group)
                    pages = []
                    yield sink.taken()
    yield sink.taken()


def group_pages(n: int) -> int:
    """Pages per row group, so that the current row group and the footer together take a few megabytes."""
    return max(ROW_GROUP, -(-n // (PAGE * ROW_GROUPS)))


def schema_of_pixels(wanted: DataSet) -> Any:
    import pyarrow as pa

    return pa.schema(
        [("image", pa.binary(SIDE * SIDE)), ("label", pa.int8()), ("seed", pa.int64())], metadata={"kakite": wanted.manifest()}
    )


def schema_of_pictures(wanted: DataSet) -> Any:
    import pyarrow as pa

    names = list(wanted.class_names) or [str(label) for label in range(wanted.network.classes)]
    labels = {"label": {"names": names, "_type": "ClassLabel"}} if names else {}
    features = {"image": {"_type": "Image"}, **labels, "seed": {"dtype": "int64", "_type": "Value"}}
    kinds = {"image": pa.struct([("bytes", pa.binary()), ("path", pa.string())]), "label": pa.int64(), "seed": pa.int64()}
    return pa.schema(
        [(name, kinds[name]) for name in features],
        metadata={"huggingface": json.dumps({"info": {"features": features}}), "kakite": wanted.manifest()},
    )


def of_pixels(page: Pixels) -> Any:
    """Columns are made from buffers: `pa.array` would import pandas if it is installed, which takes 50 MB."""
    import pyarrow as pa

    return pa.FixedSizeBinaryArray.from_buffers(pa.binary(SIDE * SIDE), len(page), [None, pa.py_buffer(page.tobytes())])


def of_pictures(wanted: DataSet, first: int, last: int, page: Pixels) -> Any:
    import pyarrow as pa

    contents = of_bytes(pa.binary(), list(map(png.encode, page)))
    files = of_bytes(pa.string(), [file.encode() for file in names_seeds_labels(wanted, first, last)[0]])
    return pa.StructArray.from_arrays([contents, files], names=["bytes", "path"])


def numbers(wanted: DataSet, first: int, last: int, pictures: bool) -> list[Any]:
    """Labels and seeds."""
    import pyarrow as pa

    seeds = of_numbers(np.arange(wanted.first_seed + first, wanted.first_seed + last, dtype=np.int64))
    labels = wanted.labels(first, last)
    if labels is None:
        return [seeds] if pictures else [pa.nulls(last - first, pa.int8()), seeds]
    return [of_numbers(labels.astype(np.int64 if pictures else np.int8)), seeds]


def of_numbers(values: NDArray[np.integer[Any]]) -> Any:
    import pyarrow as pa

    return pa.Array.from_buffers(pa.from_numpy_dtype(values.dtype), len(values), [None, pa.py_buffer(values.tobytes())])


def of_bytes(kind: Any, values: list[bytes]) -> Any:
    import pyarrow as pa

    ends = np.cumsum([0, *map(len, values)], dtype=np.int32)
    return pa.Array.from_buffers(kind, len(values), [None, pa.py_buffer(ends.tobytes()), pa.py_buffer(b"".join(values))])


def write_row_group(writer: Any, schema: Any, pages: list[list[Any]], rows: int) -> None:
    """Writes one row group. Not in another thread: Arrow keeps tens of megabytes for each thread it has run in."""
    import pyarrow as pa

    batches = [pa.record_batch(page, schema=schema) for page in pages]
    writer.write_table(pa.Table.from_batches(batches), row_group_size=rows)
