"""GET /models, /models/{name} and /models/{name}/directions: the cards and directions of the models that are served."""

from typing import Annotated

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, ConfigDict

from app.engine.registry import Model, NoDirections
from app.http.problems import documented
from app.http.services import services
from models.cards import GOLDEN_FIRST, Card, EncoderCard
from models.directions import Directions

router = APIRouter(tags=["models"])

Name = Annotated[str, Path(description="of a model", examples=["kakite"])]


class ModelInfo(Card):
    """A model's card, its weights file, and how it is computed here."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)

    sha256: str
    version: str  # changes with the weights and with the program; model=NAME@VERSION requests exactly this one
    default: bool
    device: str
    way: str  # arithmetic, int8 or float32; a seed gives the same bytes by either
    golden_digits: int  # how many digits this start computed and found equal to the card's
    directions: list[str]  # the names of those at /models/NAME/directions
    hand: EncoderCard | None  # of the encoder by which /hand reads; null where there is none


class ModelList(BaseModel):
    """All models."""

    default: str
    models: list[ModelInfo]


@router.get("/models", operation_id="list_models", summary="All models, with their cards", responses=documented())
async def list_models(request: Request) -> ModelList:
    registry = services(request).models
    return ModelList(default=registry.default.name, models=[info(model, registry.default) for model in registry])


@router.get("/models/{name}", operation_id="get_model", summary="One model's card", responses=documented(404, 422))
async def get_model(request: Request, name: Name) -> ModelInfo:
    registry = services(request).models
    return info(registry.find(name), registry.default)


@router.get(
    "/models/{name}/directions",
    operation_id="get_directions",
    summary="Ways through its latent space: thicker, leaning, wider, taller",
    responses=documented(404, 422),
)
async def get_directions(request: Request, name: Name) -> Directions:
    """Add a step or two of a direction's vector to a z, and /generate writes the same digit thicker, say."""
    model = services(request).models.find(name)
    if model.served.directions is None:
        raise NoDirections(f"{model.name} has no directions. To find some: python -m training directions {model.name}, then restart.")
    return model.served.directions


def info(model: Model, default: Model) -> ModelInfo:
    return ModelInfo(
        **model.card.model_dump(),
        sha256=model.served.sha256,
        version=model.version,
        default=model is default,
        device=model.served.device,
        way=model.served.way,
        golden_digits=GOLDEN_FIRST,
        directions=[direction.name for direction in found.directions] if (found := model.served.directions) else [],
        hand=model.served.hand,
    )
