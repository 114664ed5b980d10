"""Formats log lines as text for people or as JSON for machines. Does not know what is logged."""

import logging
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal, Protocol

from pydantic_core import to_json

from models.shown import shown, shown_lines

Kind = Literal["text", "json"]
Values = Mapping[str, Any]  # named values that follow the message

MARGIN = 10  # characters before a text message


class Stream(Protocol):
    """Where lines are written."""

    def write(self, line: str, /) -> object: ...

    def flush(self) -> object: ...


def text(level: str, message: str, values: Values) -> str:
    more = ", ".join([f"{name} {value}" for name, value in values.items()])
    return f"{level}:".ljust(MARGIN) + message + (f" ({more})" if more else "")


def json(created: datetime, level: str, logger: str, message: str, values: Values) -> str:
    line = {"time": created.isoformat(timespec="milliseconds"), "level": level.lower(), "logger": logger, "message": message}
    return to_json({**line, **values}, fallback=str).decode()


class TextFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = shown(text(record.levelname, record.getMessage(), {}))
        return f"{line}\n{shown_lines(self.formatException(record.exc_info))}" if record.exc_info else line


class JsonFormatter(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        values = {"exception": encodable(self.formatException(record.exc_info))} if record.exc_info else {}
        return json(datetime.fromtimestamp(record.created, UTC), record.levelname, record.name, encodable(record.getMessage()), values)


def encodable(message: str) -> str:
    """Escapes lone surrogates, as of file names that are not UTF-8. JSON cannot encode them."""
    return message.encode(errors="backslashreplace").decode()


class RequestLog:
    """One line for each request. It bypasses the `logging` module, which takes three times as long (docs/performance.md)."""

    def __init__(self, kind: Kind, stream: Stream) -> None:
        self.kind: Kind = kind
        self.stream = stream

    def write(self, message: str, values: Values) -> None:
        line = text("INFO", message, values) if self.kind == "text" else json(datetime.now(UTC), "info", "kakite.requests", message, values)
        self.stream.write(line + "\n")


def configure(kind: Kind, level: int = logging.INFO, stream: Stream | None = None) -> None:
    """Sends all logging from this level on to the stream (by default standard error), in lines of this kind."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter() if kind == "json" else TextFormatter())
    logging.basicConfig(level=level, handlers=[handler], force=True)
