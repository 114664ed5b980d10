"""Problems: every error's way to its answer, in one place, as problem+json (RFC 9457) with a sentence that says what to do.

Errors are raised where they are known; here they get a status. Nothing of a request is echoed but the names of
fields, so an answer is valid JSON whatever was sent.
"""

import http
import json
import re
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request, Response
from pydantic import BaseModel, ConfigDict
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.routing import Match

from app.accept import NotAcceptable
from app.asking import HANDFUL, Invalid, Unfit, names, reference
from app.batcher import Closed, ForwardFailed, QueueFull
from app.dataset_files import MissingLibrary
from app.disconnect import ClientGone
from app.gallery import NoDirections, UnknownModel
from app.inference import BadInference
from app.room import NoRoom
from app.tickets import Expired
from app.writing import Unwritable

MEDIA_TYPE = "application/problem+json"

STATUS: dict[type[Exception], int] = {
    Unfit: 422,
    Unwritable: 422,
    UnknownModel: 404,
    NoDirections: 404,
    BadInference: 400,
    NotAcceptable: 406,
    MissingLibrary: 501,
    QueueFull: 503,
    NoRoom: 503,
    Closed: 503,
    Expired: 504,
    ForwardFailed: 500,
    ClientGone: 499,  # as nginx logs it; nobody reads it
    ClientDisconnect: 499,
}
REASONS: dict[type[Exception], str] = {  # of requests that were not served, in the metrics
    QueueFull: "queue_full",
    NoRoom: "no_room",
    Closed: "closed",
    Expired: "expired",
    ForwardFailed: "failed",
    ClientGone: "client_gone",
    ClientDisconnect: "client_gone",
}
PLAIN = {  # what the framework refuses by itself, in our words
    404: "There is nothing at this path. See /docs for those there are.",
    405: "This path does not know that method. See /docs.",
}
RETRY = {503: {"Retry-After": "1"}}
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
PROTOCOL = "/v2/"  # what lies there has errors of another form
SHOWN = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,39}")  # a name that an answer repeats
PHRASES = {status.value: status.phrase for status in http.HTTPStatus}
ANYWHERE = {400, 401, 408, 431, 500, 503}  # what may be answered before a route is known, or by any
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
    """As problem+json, or as the Open Inference Protocol tells of errors."""
    if not f"{path}/".startswith(PROTOCOL):
        return answer(status, detail, headers)
    return Response(json.dumps({"error": detail}), status, {**(headers or {}), **RETRY.get(status, {})}, "application/json")


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The OpenAPI description of a route's refusals."""
    content = {MEDIA_TYPE: {"schema": reference(ProblemDetails)}}
    return {status: {"description": PHRASES[status], "content": content} for status in sorted({*ANYWHERE, *statuses})}


def install(app: FastAPI) -> None:
    for kind, status in STATUS.items():
        app.add_exception_handler(kind, handler(status, FAILED if status == 500 else None, REASONS.get(kind, "unfit")))

    @app.exception_handler(Invalid)
    async def invalid(request: Request, error: Invalid) -> Response:
        request.state.observed.reason = "unfit"
        return refusal(request.url.path, 422, sentence(error))

    @app.exception_handler(HTTPException)
    async def refused(request: Request, error: HTTPException) -> Response:
        headers = {"Allow": ", ".join(allowed(app, request))} if error.status_code == 405 else error.headers
        return refusal(request.url.path, error.status_code, PLAIN.get(error.status_code, f"{str(error.detail).rstrip('.')}."), headers)


def allowed(app: FastAPI, request: Request) -> list[str]:
    """The methods that any route takes at that path; Starlette names those of the first alone."""
    asked = [{**request.scope, "method": method} for method in METHODS]
    return [scope["method"] for scope in asked if any(route.matches(scope)[0] == Match.FULL for route in app.routes)]


def handler(status: int, detail: str | None, reason: str) -> Any:
    async def handle(request: Request, error: Exception) -> Response:
        request.state.observed.reason = reason
        return refusal(request.url.path, status, detail or str(error))

    return handle


def sentence(invalid: Invalid) -> str:
    """What was wrong and what is allowed: of each field the most exact complaint."""
    complaints: dict[str, tuple[int, str]] = {}
    more = invalid.more
    fields = names(invalid.schema)
    for item in invalid.error.errors(include_url=False, include_input=False):
        message = item["msg"].removeprefix("Input ")
        message = message[0].lower() + message[1:]
        match item["type"], item["loc"]:
            case "model_type", _:
                return 'The body is no JSON object. Send one, such as {"seed": 7}.'
            case _, ():
                return f"{message[0].upper()}{message[1:]}."
            case "extra_forbidden", (field, *_):
                known = ", ".join(fields)
                name = field if SHOWN.fullmatch(str(field)) else "one of the fields"
                complaints[str(field)] = (0, f"{name}: there is no such field (there are: {known})")
            case _, (field, *path):
                places = [part for part in path if isinstance(part, int)]
                place = f"{field}" + "".join(f"[{i}]" for i in places)
                if len(places) > complaints.get(str(field), (-1, ""))[0]:
                    complaints[str(field)] = (len(places), f"{place}: {message} (allowed: {fields[str(field)].description})")
    told = [text for _, text in complaints.values()]
    more += len(told[HANDFUL:])
    return ". ".join([*told[:HANDFUL], *([f"And {more} more"] if more else [])]) + "."
