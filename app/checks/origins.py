"""Origins, as browsers send them: of the pages that may ask. Knows nothing of what they may ask for.

A browser sends scheme, host and port, in small letters, without the port that the scheme has anyway and without anything behind it
(RFC 6454). What is set is compared with that letter by letter, so what no browser sends would match nobody.
"""

import re
from collections.abc import Sequence

ALL = "*"
USUAL_PORTS = {"http": ":80", "https": ":443"}
HOST = r"[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?|\[[0-9a-f:.]+\]"
FORM = re.compile(rf"([a-z][a-z0-9+.-]*)://({HOST})(:[0-9]{{1,5}})?")
ALLOWED = "https://digits.example, say, or http://localhost:3000, or * alone for all"


def valid_origins(origins: Sequence[str]) -> tuple[str, ...]:
    """As browsers send them. Capitals, a slash at the end and the scheme's own port are put right. Raises ValueError."""
    found = tuple(dict.fromkeys(map(normal, origins)))
    if ALL in found and len(found) > 1:
        raise ValueError("* is for all origins, so it stands alone")
    return found


def normal(origin: str) -> str:
    if origin == ALL:
        return ALL
    found = FORM.fullmatch(origin.lower().removesuffix("/"))
    if not found:
        raise ValueError(f"{origin} {cause(origin)}: {ALLOWED}")
    scheme, host, port = found.groups(default="")
    if port and not 0 < int(port[1:]) <= 65535:
        raise ValueError(f"{origin} has a port that is not from 1 to 65535: {ALLOWED}")
    port = f":{int(port[1:])}" if port else ""
    return f"{scheme}://{host}{'' if port == USUAL_PORTS.get(scheme) else port}"


def cause(origin: str) -> str:
    """Why it is none."""
    _, scheme, rest = origin.partition("://")
    if origin.lower() == "null":
        return "is sent by pages of no origin, which may be anybody's; it is not allowed"
    if not scheme:
        return "has no scheme"
    if ALL in origin:
        return "has a * within, which matches nobody"
    if not origin.isascii():
        return "is not written as browsers send it (a host that is not ASCII begins with xn--)"
    if "/" in rest or "?" in rest or "#" in rest:
        return "has a path; an origin is scheme, host and port"
    return "is no origin"
