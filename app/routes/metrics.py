"""GET /metrics: counts and timings in Prometheus' text format. Does not know what is counted."""

from fastapi import APIRouter, Request, Response

from app.http.problems import documented
from app.http.services import services
from app.telemetry.metrics import CONTENT_TYPE

router = APIRouter(tags=["health"])


@router.get(
    "/metrics",
    operation_id="get_metrics",
    response_class=Response,
    summary="For Prometheus",
    responses={200: {"content": {CONTENT_TYPE: {"schema": {"type": "string"}}}}, **documented()},
)
async def metrics(request: Request) -> Response:
    return Response(await services(request).scrape.result(), media_type=CONTENT_TYPE)
