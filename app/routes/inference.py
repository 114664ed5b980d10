"""/v2: the Open Inference Protocol, for those who serve their models through KServe or Triton."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response

from app import __version__, inference
from app.asking import described_json, read_body
from app.batcher import STOPPED, Closed
from app.gallery import VERSION_MARK, Model
from app.inference import LENGTH_HEADER, InferenceRequest
from app.work import called, written

LARGE_BYTES = 4096  # of a body that takes longer to read than a hop to another thread
Name = Annotated[str, Path(description="of a model", examples=["kakite"])]

router = APIRouter(prefix="/v2", tags=["Open Inference Protocol"])

ERROR = {"application/json": {"schema": {"type": "object", "properties": {"error": {"type": "string"}}}}}
UNKNOWN: dict[int | str, dict[str, Any]] = {
    404: {"description": "No such model", "content": ERROR},
    422: {"description": "Unfit", "content": ERROR},
}
NOT_READY: dict[int | str, dict[str, Any]] = {503: {"description": "Not now", "content": ERROR}}
EXAMPLE = {"id": "1", "inputs": [{"name": "seed", "shape": [1], "datatype": "INT64", "data": [7]}]}


@router.get("", summary="The server")
async def server() -> dict[str, Any]:
    return {"name": "kakite", "version": __version__, "extensions": ["binary_tensor_data"]}


@router.get("/health/live", responses=NOT_READY, response_class=Response, summary="Does the server work?")
@router.get("/health/ready", responses=NOT_READY, response_class=Response, summary="May requests be sent?")
async def health(request: Request) -> Response:
    if not request.app.state.gallery.alive:
        raise Closed(STOPPED)
    return Response()


@router.get("/models/{name}", responses=UNKNOWN, summary="A model's inputs and outputs")
@router.get("/models/{name}/versions/{version}", responses=UNKNOWN, summary="The same, of one version")
async def metadata(request: Request, name: Name, version: str = "") -> dict[str, Any]:
    model = found(request, name, version)
    return inference.metadata(model.name, model.version, model.card.network)


@router.get("/models/{name}/ready", responses={**UNKNOWN, **NOT_READY}, response_class=Response, summary="May it be asked?")
@router.get(
    "/models/{name}/versions/{version}/ready", responses={**UNKNOWN, **NOT_READY}, response_class=Response, summary="May it be asked?"
)
async def ready(request: Request, name: Name, version: str = "") -> Response:
    if not (found(request, name, version).batcher.alive and request.app.state.gallery.alive):
        raise Closed(STOPPED)
    return Response()


INFER: dict[str, Any] = {
    "response_class": Response,
    "responses": {
        200: {
            "description": "The images, as JSON or behind it.",
            "content": {"application/json": {"schema": {"type": "object"}}, "application/octet-stream": {}},
        },
        **{
            status: {"description": what, "content": ERROR}
            for status, what in {
                400: "Unfit",
                404: "No such model",
                413: "Too large",
                422: "Unfit",
                500: "Failed",
                503: "Not now",
                504: "Too late",
            }.items()
        },
    },
    "openapi_extra": described_json(InferenceRequest, EXAMPLE),
}


@router.post("/models/{name}/infer", **INFER, summary="Images from z or seeds, and labels")
@router.post("/models/{name}/versions/{version}/infer", **INFER, summary="The same, of one version")
async def infer(request: Request, name: Name, version: str = "") -> Response:
    """Inputs `z` FP32 [n, z_dim] or `seed` INT64 [n], and `label` INT64 [n]; output `image` UINT8 [n, 28, 28]. The numbers of z are
    rounded to steps of 1/32, and beyond ±3.96875 clipped."""
    model = found(request, name, version)
    model.batcher.admit()
    body = await read_body(request)
    large = len(body) > LARGE_BYTES
    asked, tensors = await called(request, large, inference.read, body, request.headers.get(LENGTH_HEADER))
    rows = await called(request, large, inference.rows, tensors, model.card.network)
    images = await written(request, model, rows)
    answer, headers = await called(request, len(rows) > 16, inference.answer, asked, model.name, model.version, images)
    return Response(answer, headers=headers)


def found(request: Request, name: str, version: str) -> Model:
    model: Model = request.app.state.gallery.find(f"{name}{VERSION_MARK}{version}" if version else name)
    return model
