"""GET /livez and /readyz, for those who keep the service running."""

from fastapi import APIRouter, Request
from pydantic import BaseModel

from app.batcher import STOPPED, Closed
from app.problems import documented

router = APIRouter(tags=["health"])


class Health(BaseModel):
    status: str = "ok"


@router.head("/livez", include_in_schema=False)
@router.head("/readyz", include_in_schema=False)
@router.get("/livez", summary="Does the process work? If not, restart it.", responses=documented(503))
@router.get("/readyz", summary="May requests be sent here?", responses=documented(503))
async def health(request: Request) -> Health:
    """Alive while the model process and every model's batcher run; models are loaded and warm before the first request is taken."""
    if not request.app.state.gallery.alive:
        raise Closed(STOPPED)
    return Health()
