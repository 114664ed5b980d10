"""Turns a query into a data set of a served model, and computes its digits without starving other requests. Knows no HTTP."""

import asyncio
import contextlib

from app.datasets.data_set import Compute, DataSet, Label
from app.datasets.files import SUFFIXES
from app.digits.checks import check_labels, label_numbers
from app.engine.batches import concatenate
from app.engine.messages import Known
from app.engine.registry import Model
from app.engine.room import QueueFull
from app.errors import Unprocessable
from app.schemas.datasets import DatasetQuery, Format
from app.schemas.validation import MESSAGES, with_allowed
from models.latents import Rows
from models.pixels import Pixels

RETRY_S = 0.005
FOREVER_S = 86_400
NEED_LABELS: dict[Format, str] = {"idx": "idx has a file for them", "folders": "folders are named by them"}


def data_set(model: Model | Known, wanted: DatasetQuery) -> DataSet:
    """Raises Unprocessable if the model lacks the requested labels, or has none and the format needs some."""
    network, name = model.card.network, model.card.name
    if not network.classes and wanted.label == "balanced" and wanted.format in NEED_LABELS:
        raise Unprocessable(
            f"format: the model {name} has no labels, and {NEED_LABELS[wanted.format]}. "
            "Take npz, zip, parquet or parquet-png, or another model."
        )
    label: Label
    if isinstance(wanted.label, list):
        label = label_numbers(wanted.label, model.card, with_allowed(MESSAGES["int_type"], type(wanted), "label"))
    else:
        label = wanted.label
    if label == "seed":
        check_labels([], model.card)
    return DataSet(network, model.about, wanted.n, wanted.first_seed, label, model.card.data.class_names)


def file_name(model: Model, data: DataSet, kind: Format) -> str:
    return f"{model.name}-{data.first_seed}-{data.first_seed + data.n - 1}.{SUFFIXES[kind]}"


def compute_for_stream(model: Model) -> Compute:
    """A function that computes pages for a stream, which must not fail half-way. It waits as long as it must, in order of arrival. All
    streams together fill at most half of the queue, so that other requests always find space."""
    batcher = model.batcher

    async def compute(rows: Rows) -> Pixels:
        while True:
            await batcher.room.wait_for_stream(len(rows))
            with contextlib.suppress(QueueFull):
                return concatenate(await batcher.submit(rows, FOREVER_S, has_room=True))
            await asyncio.sleep(RETRY_S)

    return compute
