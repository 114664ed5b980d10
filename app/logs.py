"""Log lines for people or for machines. Knows nothing of what is logged."""

import json
import logging
from datetime import UTC, datetime
from typing import Any, Literal

Kind = Literal["text", "json"]


def told(record: logging.LogRecord) -> dict[str, Any]:
    """What was passed as `extra={"told": ...}`, but for what is not known."""
    return {name: value for name, value in record.__dict__.get("told", {}).items() if value is not None}


class TextFormatter(logging.Formatter):
    def __init__(self) -> None:
        super().__init__("%(levelname)s:     %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - as logging names it
        more = ", ".join([f"{name} {value}" for name, value in told(record).items()])
        return super().formatMessage(record) + (f" ({more})" if more else "")


class JsonFormatter(logging.Formatter):
    """One object a line."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **told(record),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


def configure(kind: Kind, level: int = logging.INFO) -> None:
    """Everything that is logged, from that level on, goes to standard error, in lines of that kind."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter() if kind == "json" else TextFormatter())
    logging.basicConfig(level=level, handlers=[handler], force=True)
