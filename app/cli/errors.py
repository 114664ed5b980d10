"""What a command raises. Its message is all that is told."""

from app.errors import ServiceError


class CommandError(ServiceError):
    """What was asked for cannot be done; the message says why."""
