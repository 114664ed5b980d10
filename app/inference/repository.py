"""Describes models for the Open Inference Protocol and Triton's extensions: inputs and outputs, state, statistics. Knows no route."""

import json

from app.engine.registry import Model
from app.schemas.fields import N_MAX
from app.schemas.inference import (
    ConfiguredParameter,
    ConfiguredTensor,
    Duration,
    DynamicBatching,
    IndexEntry,
    InferenceDurations,
    ModelConfiguration,
    ModelMetadata,
    ModelStatistics,
    Reshape,
    TensorMetadata,
)
from app.telemetry.metrics import ModelCounts
from models.pixels import SIDE

PLATFORM = "kakite_pytorch"
ENDED = "The model process has ended."


def metadata(model: Model) -> ModelMetadata:
    network = model.card.network
    inputs = [
        TensorMetadata(name="z", datatype="FP32", shape=[-1, network.z_dim]),
        TensorMetadata(name="seed", datatype="INT64", shape=[-1]),
        *([TensorMetadata(name="label", datatype="INT64", shape=[-1], parameters=class_names(model))] if network.classes else []),
    ]
    outputs = [TensorMetadata(name="image", datatype="UINT8", shape=[-1, SIDE, SIDE])]
    return ModelMetadata(name=model.name, versions=[model.version], platform=PLATFORM, inputs=inputs, outputs=outputs)


def class_names(model: Model) -> dict[str, str] | None:
    """What the labels 0, 1, ... stand for, as a JSON list in a text: a parameter is no list. None for digits."""
    names = model.card.data.class_names
    return {"class_names": json.dumps(names, ensure_ascii=False)} if names else None


def configuration(model: Model) -> ModelConfiguration:
    """The same as Triton's ModelConfig. Shapes must not be empty there, so one number per image has the shape [1]."""
    network = model.card.network
    number = Reshape(shape=[])
    inputs = [
        ConfiguredTensor(name="z", data_type="TYPE_FP32", dims=[network.z_dim], optional=True),
        ConfiguredTensor(name="seed", data_type="TYPE_INT64", dims=[1], reshape=number, optional=True),
    ]
    if network.classes:
        inputs.append(ConfiguredTensor(name="label", data_type="TYPE_INT64", dims=[1], reshape=number, optional=True))
    outputs = [ConfiguredTensor(name="image", data_type="TYPE_UINT8", dims=[SIDE, SIDE])]
    parameters = {name: ConfiguredParameter(string_value=text) for name, text in (class_names(model) or {}).items()}
    return ModelConfiguration(
        name=model.name,
        platform=PLATFORM,
        max_batch_size=N_MAX,
        input=inputs,
        output=outputs,
        dynamic_batching=DynamicBatching(),
        parameters=parameters or None,
    )


def statistics(model: Model, counted: ModelCounts) -> ModelStatistics:
    durations = InferenceDurations(
        queue=Duration(count=counted.waits, ns=round(1e9 * counted.waited_s)),
        compute_infer=Duration(count=counted.batches, ns=round(1e9 * counted.computed_s)),
    )
    return ModelStatistics(
        name=model.name,
        version=model.version,
        inference_count=counted.images,
        execution_count=counted.batches,
        inference_stats=durations,
    )


def entry(model: Model, ready: bool) -> IndexEntry:
    state, reason = ("READY", "") if ready else ("UNAVAILABLE", ENDED)
    return IndexEntry(name=model.name, version=model.version, state=state, reason=reason)
