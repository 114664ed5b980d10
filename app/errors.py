"""The base classes of errors that are sent to the client. Each carries an HTTP status and a reason for the metrics; its message says what
was wrong and what is allowed.

The other errors are defined where they are raised. This file does not know them.
"""

from typing import ClassVar


class ServiceError(Exception):
    """A request that the service cannot fulfil."""

    status: ClassVar[int] = 500  # of HTTP
    reason: ClassVar[str] = "unfit"  # in kakite_rejections_total


class Unprocessable(ServiceError):
    """A well-formed request whose values are not allowed."""

    status = 422
