"""Headers that every answer carries, so that no browser trusts it further than it should. Knows no route.

A page has a policy of its own: it notes it in its request's state. So a 304 carries it as well, whose headers a browser takes for those of
the page that it kept.
"""

from typing import Any

POLICY = b"content-security-policy"
NOTHING = b"default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"  # but the style by which browsers centre a picture


class SecurityHeaders:
    def __init__(self, shared: bool) -> None:
        """`shared`: pages of other origins may show what is answered."""
        self.constant = (
            (b"x-content-type-options", b"nosniff"),
            (b"referrer-policy", b"no-referrer"),
            (b"cross-origin-resource-policy", b"cross-origin" if shared else b"same-origin"),
        )
        self.of_no_page = (*self.constant, (POLICY, NOTHING))

    def add(self, headers: list[tuple[bytes, bytes]], state: dict[str, Any]) -> None:
        if "policy" in state:
            headers += (*self.constant, (POLICY, state["policy"]))
        else:
            headers += self.of_no_page
