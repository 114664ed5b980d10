"""GET /livez and /readyz, for those who keep the service running."""

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from app.http.problems import documented
from app.http.services import services
from models.cards import GOLDEN_FIRST

router = APIRouter(tags=["health"])


class Told(BaseModel):
    model_config = ConfigDict(json_schema_serialization_defaults_required=True)  # what is always told is no option to those who read it


class Health(Told):
    """It works."""

    status: str = "ok"


class Ready(Told):
    """A model that may be asked."""

    version: str
    device: str
    way: str
    golden_digits: int = Field(GOLDEN_FIRST, description="Digits that this start computed, whose bytes are those of the model's card.")


class Readiness(Health):
    """Requests may be sent."""

    models: dict[str, Ready]


@router.get("/livez", operation_id="is_live", summary="Does the process work? If not, restart it.", responses=documented(503))
async def live(request: Request) -> Health:
    """Alive while the model process and every model's batcher run."""
    services(request).models.check_alive()
    return Health()


@router.get("/readyz", operation_id="is_ready", summary="May requests be sent here?", responses=documented(503))
async def ready(request: Request) -> Readiness:
    """As alive; models are loaded, warm, and checked by their golden bytes before the first request is taken."""
    services(request).models.check_alive()
    told = {
        model.name: Ready(version=model.version, device=model.served.device, way=model.served.way) for model in services(request).models
    }
    return Readiness(models=told)
