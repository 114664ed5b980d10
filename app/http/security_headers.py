"""The security headers of every answer. Knows no route.

A page has a content security policy of its own, which it notes in the request's state. A 304 carries it as well, because its headers
replace those of the page in the browser's cache.
"""

from typing import Any

POLICY = b"content-security-policy"
NOTHING = b"default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"  # browsers centre a picture with an inline style


class SecurityHeaders:
    def __init__(self, shared: bool) -> None:
        """`shared`: pages of other origins may embed the answers."""
        self.constant = (
            (b"x-content-type-options", b"nosniff"),
            (b"referrer-policy", b"no-referrer"),
            (b"cross-origin-resource-policy", b"cross-origin" if shared else b"same-origin"),
        )
        self.without_page = (*self.constant, (POLICY, NOTHING))

    def add(self, headers: list[tuple[bytes, bytes]], state: dict[str, Any]) -> None:
        if "policy" in state:
            headers += (*self.constant, (POLICY, state["policy"]))
        else:
            headers += self.without_page
