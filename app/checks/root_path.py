"""The path before which the service lies behind a proxy, as somebody has set it or a proxy tells it."""

import re

LENGTH_MAX = 200
FORM = re.compile(r"(?:/(?!\.\.?(?:/|\Z))[A-Za-z0-9._~-]+)*")


def valid_prefix(text: str) -> str:
    """A prefix without its last slash; "" is none. Raises ValueError: what is no plain path could lead to another host."""
    prefix = text.removesuffix("/")
    if len(prefix) > LENGTH_MAX or not FORM.fullmatch(prefix):
        raise ValueError(f"it must be a path as /kakite: up to {LENGTH_MAX} letters, digits and - . _ ~ behind slashes")
    return prefix
