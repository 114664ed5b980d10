"""A data set as one Parquet file, row group by row group. Needs pyarrow, which only this format does."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from app.archives import Sink
from app.datasets import PAGE, Compute, DataSet, images
from models.pixels import SIDE

ROW_GROUP = 32  # pages


async def parquet(wanted: DataSet, compute: Compute) -> AsyncGenerator[bytes, None]:
    """Columns `image` (28 * 28 bytes, row by row), `label` (int8, null where the model has none) and `seed` (int64); the manifest is the
    schema's metadata."""
    import pyarrow as pa  # here, for nobody else needs it
    from pyarrow.parquet import ParquetWriter

    schema = pa.schema(
        [("image", pa.binary(SIDE * SIDE)), ("label", pa.int8()), ("seed", pa.int64())], metadata={"kakite": wanted.manifest()}
    )
    sink = Sink()
    with ParquetWriter(sink, schema, compression="zstd") as writer:
        batches = []
        async with aclosing(images(wanted, compute)) as pages:
            async for first, last, page in pages:
                labels = wanted.labels(first, last)
                columns = [
                    pa.FixedSizeBinaryArray.from_buffers(pa.binary(SIDE * SIDE), len(page), [None, pa.py_buffer(page.tobytes())]),
                    pa.nulls(len(page), pa.int8()) if labels is None else pa.array(labels, pa.int8()),
                    pa.array(range(wanted.first_seed + first, wanted.first_seed + last), pa.int64()),
                ]
                batches.append(pa.record_batch(columns, schema=schema))
                if len(batches) == ROW_GROUP or last == wanted.n:
                    writer.write_table(pa.Table.from_batches(batches), row_group_size=PAGE * ROW_GROUP)
                    batches.clear()
                    yield sink.taken()
    yield sink.taken()
