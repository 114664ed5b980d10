"""Checks the path prefix of the service, from the settings or from a proxy's header. Knows nothing of requests."""

import re

LENGTH_MAX = 200
FORM = re.compile(r"(?:/(?!\.\.?(?:/|\Z))[A-Za-z0-9._~-]+)*")


def valid_prefix(text: str) -> str:
    """The prefix without its final slash; "" for none. Raises ValueError for anything but a plain path, which could redirect to another
    host."""
    prefix = text.removesuffix("/")
    if len(prefix) > LENGTH_MAX or not FORM.fullmatch(prefix):
        raise ValueError(f"it must be a path as /kakite: up to {LENGTH_MAX} letters, digits and - . _ ~ behind slashes")
    return prefix
