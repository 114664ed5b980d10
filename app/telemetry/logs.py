"""Log lines for people or for machines. Knows nothing of what is logged."""

import logging
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal, Protocol

from pydantic_core import to_json

from models.shown import shown, shown_lines

Kind = Literal["text", "json"]
Told = Mapping[str, Any]  # what is known beside the message

MARGIN = 10  # before a message for people


class Stream(Protocol):
    """What lines are written into."""

    def write(self, line: str, /) -> object: ...

    def flush(self) -> object: ...


def text(level: str, message: str, told: Told) -> str:
    more = ", ".join([f"{name} {value}" for name, value in told.items()])
    return f"{level}:".ljust(MARGIN) + message + (f" ({more})" if more else "")


def json(created: datetime, level: str, logger: str, message: str, told: Told) -> str:
    line = {"time": created.isoformat(timespec="milliseconds"), "level": level.lower(), "logger": logger, "message": message}
    return to_json({**line, **told}, fallback=str).decode()


class TextFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = shown(text(record.levelname, record.getMessage(), {}))
        return f"{line}\n{shown_lines(self.formatException(record.exc_info))}" if record.exc_info else line


class JsonFormatter(logging.Formatter):
    """One object a line."""

    def format(self, record: logging.LogRecord) -> str:
        told = {"exception": encodable(self.formatException(record.exc_info))} if record.exc_info else {}
        return json(datetime.fromtimestamp(record.created, UTC), record.levelname, record.name, encodable(record.getMessage()), told)


def encodable(message: str) -> str:
    """JSON writes all by itself but the bytes of a name that are no text."""
    return message.encode(errors="backslashreplace").decode()


class RequestLog:
    """A line for each request. Past the `logging` module, which takes three times as long for one (docs/performance.md)."""

    def __init__(self, kind: Kind, stream: Stream) -> None:
        self.kind: Kind = kind
        self.stream = stream

    def write(self, message: str, told: Told) -> None:
        line = text("INFO", message, told) if self.kind == "text" else json(datetime.now(UTC), "info", "kakite.requests", message, told)
        self.stream.write(line + "\n")


def configure(kind: Kind, level: int = logging.INFO, stream: Stream | None = None) -> None:
    """Everything that is logged, from that level on, goes into the stream, standard error if none is given, in lines of that kind."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter() if kind == "json" else TextFormatter())
    logging.basicConfig(level=level, handlers=[handler], force=True)
