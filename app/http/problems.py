"""Turns every error into its answer: problem+json (RFC 9457), with a sentence that says what to do.

Errors are raised elsewhere and carry their own status. No answer echoes anything of a request but the names of fields.
"""

import http
import json
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request, Response
from pydantic import BaseModel, ConfigDict
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.routing import Match

from app.errors import ServiceError
from app.http.disconnect import ClientGone
from app.http.openapi_requests import reference
from app.http.request_state import request_state

MEDIA_TYPE = "application/problem+json"

SENTENCES = {  # our sentences for errors that the framework raises
    404: "There is nothing at this path. See /docs for those there are.",
    405: "This path does not know that method. See /docs.",
}
RETRY = {503: {"Retry-After": "1"}}
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
PROTOCOL = "/v2/"  # the Open Inference Protocol, whose errors have another format
PHRASES = {status.value: status.phrase for status in http.HTTPStatus}
ANYWHERE = {400, 401, 408, 431, 500, 503}  # statuses that any route may answer, or the server before it knows the route
FAILED = "The server failed on this request; the cause is in its log."


class ProblemDetails(BaseModel):
    """Why a request was not served (RFC 9457)."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)

    type: str = "about:blank"
    title: str
    status: int
    detail: str


def answer(status: int, detail: str, headers: Mapping[str, str] | None = None) -> Response:
    problem = ProblemDetails(title=PHRASES.get(status, "Refused"), status=status, detail=detail)
    return Response(json.dumps(problem.model_dump()), status, {**RETRY.get(status, {}), **(headers or {})}, MEDIA_TYPE)


def refusal(path: str, status: int, detail: str, headers: Mapping[str, str] | None = None) -> Response:
    """An error as problem+json; below /v2, in the format of the Open Inference Protocol."""
    if not f"{path}/".startswith(PROTOCOL):
        return answer(status, detail, headers)
    return Response(json.dumps({"error": detail}), status, {**(headers or {}), **RETRY.get(status, {})}, "application/json")


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The OpenAPI description of a route's errors."""
    content = {MEDIA_TYPE: {"schema": reference(ProblemDetails)}}
    return {status: {"description": PHRASES[status], "content": content} for status in sorted({*ANYWHERE, *statuses})}


def install(app: FastAPI) -> None:
    @app.exception_handler(ServiceError)
    async def answered(request: Request, error: ServiceError) -> Response:
        request_state(request).reason = error.reason
        return refusal(request.url.path, error.status, FAILED if error.status == 500 else str(error))

    @app.exception_handler(ClientDisconnect)
    async def gone(request: Request, error: ClientDisconnect) -> Response:
        request_state(request).reason = ClientGone.reason
        return Response(status_code=ClientGone.status)  # nobody reads it

    @app.exception_handler(HTTPException)
    async def refused(request: Request, error: HTTPException) -> Response:
        headers = {"Allow": ", ".join(allowed(app, request))} if error.status_code == 405 else error.headers
        return refusal(request.url.path, error.status_code, SENTENCES.get(error.status_code, f"{str(error.detail).rstrip('.')}."), headers)


def allowed(app: FastAPI, request: Request) -> list[str]:
    """The methods that any route takes at this path. Starlette names only those of the first route."""
    scopes = [{**request.scope, "method": method} for method in METHODS]
    return [scope["method"] for scope in scopes if any(route.matches(scope)[0] == Match.FULL for route in app.routes)]
