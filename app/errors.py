"""Errors that are answers: each has the status it is answered with and the reason it is counted by; its message is a sentence that says
what was wrong and what is allowed.

Each is defined where it is raised. Knows neither HTTP nor who raises them.
"""

from typing import ClassVar


class ServiceError(Exception):
    """Something that was asked for and cannot be given."""

    status: ClassVar[int] = 500  # of HTTP
    reason: ClassVar[str] = "unfit"  # in kakite_rejections_total


class Unprocessable(ServiceError):
    """A well-formed request that cannot be served."""

    status = 422
