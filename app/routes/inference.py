"""/v2: the Open Inference Protocol, for clients of KServe and Triton, with Triton's extensions for model metadata. Knows no tensor
format."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response

from app import __version__
from app.engine.batcher import STOPPED, Closed
from app.engine.registry import VERSION_MARK, Model, ModelRegistry
from app.http.disconnect import WhileConnected
from app.http.generation import generate, run
from app.http.openapi import BINARY
from app.http.openapi_requests import described_json, documented_body
from app.http.parsing import body, read_body
from app.http.problems import PHRASES, documented
from app.http.request_state import request_state
from app.http.responses import respond
from app.http.services import services
from app.inference import repository, tensors
from app.inference.tensors import LENGTH_HEADER, BadInference
from app.schemas.inference import (
    IndexEntry,
    IndexRequest,
    InferenceAnswer,
    InferenceError,
    InferenceRequest,
    ModelConfiguration,
    ModelMetadata,
    ModelNames,
    ModelReady,
    ModelStatistics,
    ServerLive,
    ServerMetadata,
    ServerReady,
    Statistics,
)
from app.telemetry.metrics import ModelCounts

LARGE_BYTES = 4096  # a larger body takes longer to parse than a hop to another thread
LARGE_IMAGES = 16  # more images take longer to encode than that hop
BYTES_AN_IMAGE = 16_384  # most memory that one image takes, as numbers and as JSON
Name = Annotated[str, Path(description="of a model", examples=["kakite"])]
Version = Annotated[str, Path(description="of the model, as its metadata tell it")]

EXTENSIONS = ["binary_tensor_data", "model_configuration", "model_repository", "statistics"]
EXAMPLE = {"id": "1", "inputs": [{"name": "seed", "shape": [1], "datatype": "INT64", "data": [7]}]}
AT_START = "Models are loaded when the service starts, from the folder KAKITE_WEIGHTS. Change its files, then restart the service."


def refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The OpenAPI description of the protocol's errors."""
    described = documented()  # errors before the path is known, in the format of the other routes
    for status in sorted({401, 500, *statuses}):
        described[status] = {"description": PHRASES[status], "model": InferenceError}
    for status in (400, 503):
        either = {"application/json": {}, **documented()[status]["content"]}
        described[status] = {"description": PHRASES[status], "model": InferenceError, "content": either}
    return described


ANY: dict[str, Any] = {"responses": refusals()}
PROBE: dict[str, Any] = {"responses": refusals(503)}
OF_MODEL: dict[str, Any] = {"responses": refusals(404, 422)}
PROBE_OF_MODEL: dict[str, Any] = {"responses": refusals(404, 422, 503)}
INDEX: dict[str, Any] = {"responses": refusals(413, 415, 422), "openapi_extra": documented_body(IndexRequest)}
IMAGES = {
    "description": "The images: as JSON, or on request as binary data after it.",
    "model": InferenceAnswer,
    "content": {"application/json": {}, "application/octet-stream": BINARY},
}
INFER: dict[str, Any] = {
    "response_class": Response,
    "responses": {200: IMAGES, **refusals(404, 413, 415, 422, 503, 504)},
    "openapi_extra": described_json(InferenceRequest, EXAMPLE),
}

router = APIRouter(prefix="/v2", tags=["Open Inference Protocol"])


@router.get("", **ANY, operation_id="get_server_metadata", summary="The server")
async def server() -> ServerMetadata:
    return ServerMetadata(name="kakite", version=__version__, extensions=EXTENSIONS)


@router.get("/health/live", **PROBE, operation_id="is_server_live", summary="Does the server work?")
async def live(request: Request) -> ServerLive:
    services(request).models.check_alive()
    return ServerLive(live=True)


@router.get("/health/ready", **PROBE, operation_id="is_server_ready", summary="May requests be sent?")
async def ready(request: Request) -> ServerReady:
    services(request).models.check_alive()
    return ServerReady(ready=True)


@router.get("/models", **ANY, operation_id="list_model_names", summary="The names of all models")
async def names(request: Request) -> ModelNames:
    return ModelNames(models=[model.name for model in services(request).models])


@router.get("/models/stats", **ANY, operation_id="get_statistics", summary="What is counted of all models")
async def statistics(request: Request) -> Statistics:
    return counted(request, services(request).models)


@router.get("/models/{name}/stats", **OF_MODEL, operation_id="get_model_statistics", summary="What is counted of a model")
async def model_statistics(request: Request, name: Name) -> Statistics:
    return counted(request, [find_model(request, name)])


@router.get(
    "/models/{name}/versions/{version}/stats", **OF_MODEL, operation_id="get_model_version_statistics", summary="The same, of one version"
)
async def version_statistics(request: Request, name: Name, version: Version) -> Statistics:
    return counted(request, [find_model(request, name, version)])


@router.get(
    "/models/{name}/config",
    **OF_MODEL,
    operation_id="get_model_configuration",
    response_model_exclude_none=True,
    summary="A model's inputs and outputs, as Triton configures them",
)
async def configuration(request: Request, name: Name) -> ModelConfiguration:
    return repository.configuration(find_model(request, name))


@router.get(
    "/models/{name}/versions/{version}/config",
    **OF_MODEL,
    operation_id="get_model_version_configuration",
    response_model_exclude_none=True,
    summary="The same, of one version",
)
async def version_configuration(request: Request, name: Name, version: Version) -> ModelConfiguration:
    return repository.configuration(find_model(request, name, version))


@router.get("/models/{name}/ready", **PROBE_OF_MODEL, operation_id="is_model_ready", summary="May it be asked?")
async def model_ready(request: Request, name: Name) -> ModelReady:
    return ready_or_closed(request, find_model(request, name))


@router.get(
    "/models/{name}/versions/{version}/ready", **PROBE_OF_MODEL, operation_id="is_model_version_ready", summary="The same, of one version"
)
async def version_ready(request: Request, name: Name, version: Version) -> ModelReady:
    return ready_or_closed(request, find_model(request, name, version))


@router.get(
    "/models/{name}",
    **OF_MODEL,
    operation_id="get_model_metadata",
    response_model_exclude_none=True,
    summary="A model's inputs and outputs",
)
async def metadata(request: Request, name: Name) -> ModelMetadata:
    return repository.metadata(find_model(request, name))


@router.get(
    "/models/{name}/versions/{version}",
    **OF_MODEL,
    operation_id="get_model_version_metadata",
    response_model_exclude_none=True,
    summary="The same, of one version",
)
async def version_metadata(request: Request, name: Name, version: Version) -> ModelMetadata:
    return repository.metadata(find_model(request, name, version))


@router.post("/models/{name}/infer", **INFER, operation_id="infer", summary="Images from z or seeds, and labels")
async def infer(request: Request, name: Name) -> Response:
    """Inputs `z` FP32 [n, z_dim] or `seed` INT64 [n], and `label` INT64 [n]; output `image` UINT8 [n, 28, 28]. The numbers of z are
    rounded to steps of 1/32, and beyond ±3.96875 clipped. FP64, other whole numbers and the shape [n, 1] are understood, too."""
    return await inferred(request, find_model(request, name))


@router.post("/models/{name}/versions/{version}/infer", **INFER, operation_id="infer_version", summary="The same, of one version")
async def version_infer(request: Request, name: Name, version: Version) -> Response:
    return await inferred(request, find_model(request, name, version))


@router.post("/repository/index", **INDEX, operation_id="get_repository_index", summary="All models and their state")
async def index(request: Request) -> list[IndexEntry]:
    wanted = await body(request, IndexRequest)
    models: ModelRegistry = services(request).models
    entries = [(model, is_ready(models, model)) for model in models]
    return [repository.entry(model, ready) for model, ready in entries if ready or not wanted.ready]


@router.post("/repository/models/{name}/load", include_in_schema=False)
@router.post("/repository/models/{name}/unload", include_in_schema=False)
async def load() -> Response:
    raise BadInference(AT_START)


async def inferred(request: Request, model: Model) -> Response:
    model.batcher.admit()
    content = await read_body(request)
    async with WhileConnected(request.receive):
        answer, headers = await images(request, model, content)
    return respond(request, answer, None, headers)


async def images(request: Request, model: Model, content: bytes) -> tuple[bytes, dict[str, str]]:
    """The response's body and its headers."""
    network = model.card.network
    header = request.headers.get(LENGTH_HEADER)
    large = len(content) > LARGE_BYTES
    wanted, inputs = await run(request, large, tensors.parse, content, header, tensors.values_max(network))
    many = max(map(len, inputs.values())) > LARGE_IMAGES
    rows = await run(request, large or many, tensors.to_rows, inputs, network)
    request_state(request).hold(len(rows) * BYTES_AN_IMAGE)
    pixels = await generate(request, model, rows)
    return await run(request, len(rows) > LARGE_IMAGES, tensors.answer, wanted, model.name, model.version, pixels)


def find_model(request: Request, name: str, version: str = "") -> Model:
    model: Model = services(request).models.find(f"{name}{VERSION_MARK}{version}" if version else name)
    return model


def counted(request: Request, models: ModelRegistry | list[Model]) -> Statistics:
    counts = services(request).metrics.of_models()
    models_statistics: list[ModelStatistics] = [repository.statistics(model, counts.get(model.name, ModelCounts())) for model in models]
    return Statistics(model_stats=models_statistics)


def ready_or_closed(request: Request, model: Model) -> ModelReady:
    if not is_ready(services(request).models, model):
        raise Closed(STOPPED)
    return ModelReady(name=model.name, ready=True)


def is_ready(models: ModelRegistry, model: Model) -> bool:
    return models.alive and model.batcher.alive
