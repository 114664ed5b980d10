"""GET /livez and /readyz: probes for an orchestrator. Know of the models only whether they run."""

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from app.http.problems import documented
from app.http.services import services
from models.cards import GOLDEN_FIRST

router = APIRouter(tags=["health"])


class Status(BaseModel):
    model_config = ConfigDict(json_schema_serialization_defaults_required=True)  # defaults are always sent, so clients may rely on them


class Health(Status):
    """The service works."""

    status: str = "ok"


class Ready(Status):
    """A model that takes requests."""

    version: str
    device: str
    way: str
    golden_digits: int = Field(GOLDEN_FIRST, description="Digits that this start computed, whose bytes are those of the model's card.")


class Readiness(Health):
    """The service takes requests."""

    models: dict[str, Ready]


@router.get("/livez", operation_id="is_live", summary="Does the process work? If not, restart it.", responses=documented(503))
async def live(request: Request) -> Health:
    """Alive while the model process and every model's batcher run."""
    services(request).models.check_alive()
    return Health()


@router.get("/readyz", operation_id="is_ready", summary="May requests be sent here?", responses=documented(503))
async def ready(request: Request) -> Readiness:
    """The same check as `/livez`: the service takes its first request only after all models are loaded, warm, and have given their golden
    bytes."""
    services(request).models.check_alive()
    models = {
        model.name: Ready(version=model.version, device=model.served.device, way=model.served.way) for model in services(request).models
    }
    return Readiness(models=models)
