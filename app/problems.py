"""Problems: every error's way to its answer, in one place, as problem+json (RFC 9457) with a sentence that says what to do.

Errors are raised where they are known; here they get a status. Nothing of a request is echoed but the names of
fields, so an answer is valid JSON whatever was sent.
"""

import http
import json
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request, Response
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from app.asking import Invalid
from app.batcher import Closed, Expired, ForwardFailed, QueueFull
from app.disconnect import ClientGone
from app.gallery import UnknownModel
from app.latents import Unfit
from app.schemas import ALLOWED

MEDIA_TYPE = "application/problem+json"

STATUS: dict[type[Exception], int] = {
    Unfit: 422,
    UnknownModel: 404,
    QueueFull: 503,
    Closed: 503,
    Expired: 504,
    ForwardFailed: 500,
    ClientGone: 499,  # as nginx logs it; nobody reads it
    ClientDisconnect: 499,
}
PLAIN = {  # what the framework refuses by itself, in our words
    404: "There is nothing at this path. See /docs for those there are.",
    405: "This path does not know that method. See /docs.",
}
PHRASES = {status.value: status.phrase for status in http.HTTPStatus}
FAILED = "The server failed on this request; the cause is in its log."


class ProblemDetails(BaseModel):
    """RFC 9457."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str


def answer(status: int, detail: str, headers: Mapping[str, str] | None = None) -> Response:
    headers = {"Retry-After": "1", **(headers or {})} if status == 503 else headers
    problem = ProblemDetails(title=PHRASES.get(status, "Refused"), status=status, detail=detail)
    return Response(json.dumps(problem.model_dump()), status, headers, MEDIA_TYPE)


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The OpenAPI description of a route's refusals."""
    content = {MEDIA_TYPE: {"schema": ProblemDetails.model_json_schema()}}
    return {status: {"description": http.HTTPStatus(status).phrase, "content": content} for status in statuses}


def install(app: FastAPI) -> None:
    for kind, status in STATUS.items():
        detail = FAILED if status == 500 else None
        app.add_exception_handler(kind, handler(status, detail))
    app.add_exception_handler(Exception, handler(500, FAILED))

    @app.exception_handler(Invalid)
    async def invalid(_: Request, error: Invalid) -> Response:
        return answer(422, sentence(error))

    @app.exception_handler(HTTPException)
    async def refused(_: Request, error: HTTPException) -> Response:
        return answer(error.status_code, PLAIN.get(error.status_code, f"{str(error.detail).rstrip('.')}."), error.headers)


def handler(status: int, detail: str | None) -> Any:
    async def handle(_: Request, error: Exception) -> Response:
        return answer(status, detail or str(error))

    return handle


def sentence(invalid: Invalid) -> str:
    """What was wrong and what is allowed: of each field the most exact complaint."""
    complaints: dict[str, tuple[int, str]] = {}
    for item in invalid.error.errors(include_url=False, include_input=False):
        message = item["msg"].removeprefix("Input ")
        message = message[0].lower() + message[1:]
        match item["type"], item["loc"]:
            case "json_invalid", _:
                return f"The body is not JSON: {item['ctx']['error']}."
            case "model_type", _:
                return 'The body is no JSON object. Send one, such as {"seed": 7}.'
            case _, ():
                return f"{message[0].upper()}{message[1:]}."
            case "extra_forbidden", (field, *_):
                known = ", ".join(invalid.schema.model_fields)
                name = field if str(field).isidentifier() and str(field).isascii() else "one of the fields"
                complaints[str(field)] = (0, f"{name}: there is no such field (there are: {known})")
            case _, (field, *path):
                places = [part for part in path if isinstance(part, int)]
                place = f"{field}" + "".join(f"[{i}]" for i in places)
                if len(places) > complaints.get(str(field), (-1, ""))[0]:
                    complaints[str(field)] = (len(places), f"{place}: {message} (allowed: {ALLOWED[str(field)]})")
    return ". ".join(text for _, text in complaints.values()) + "."
