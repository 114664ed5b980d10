"""Checks the CORS origins from the settings. Knows nothing of requests.

A browser sends an origin as scheme, host and port, in small letters, without the scheme's default port and without a path (RFC 6454). The
setting is compared with that text exactly, so a value that no browser sends would never match.
"""

import re
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address

ALL = "*"
NEVER = {"about", "blob", "data", "file", "ftp", "javascript", "mailto", "ws", "wss"}  # browsers send null, or nothing, for these
DEFAULT_PORTS = {"http": ":80", "https": ":443"}
LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
HOST = rf"{LABEL}(?:\.{LABEL})*|\[[0-9a-f:]+\]"
FORM = re.compile(rf"([a-z][a-z0-9+.-]*)://({HOST})(:[0-9]{{1,5}})?")
NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
ALLOWED = "https://digits.example, say, or http://localhost:3000, or * alone for all"


def valid_origins(origins: Sequence[str]) -> tuple[str, ...]:
    """The origins as browsers send them. Capitals, a final slash and the scheme's default port are corrected. Raises ValueError."""
    unique = tuple(dict.fromkeys(map(normal, origins)))
    if ALL in unique and len(unique) > 1:
        raise ValueError("* is for all origins, so it stands alone")
    return unique


def normal(origin: str) -> str:
    if origin == ALL:
        return ALL
    match = FORM.fullmatch(origin.lower().removesuffix("/"))
    if not match:
        raise ValueError(f"{origin} {cause(origin)}: {ALLOWED}")
    scheme, host, port = match.groups(default="")
    if scheme in NEVER:
        raise ValueError(f"{origin} is the origin of no page, by its scheme: {ALLOWED}")
    try:
        host = normal_host(host)
    except ValueError:
        raise ValueError(f"{origin} has a host that no browser sends: {ALLOWED}") from None
    if port and not 0 < int(port[1:]) <= 65535:
        raise ValueError(f"{origin} has a port that is not from 1 to 65535: {ALLOWED}")
    port = f":{int(port[1:])}" if port else ""
    return f"{scheme}://{host}{'' if port == DEFAULT_PORTS.get(scheme) else port}"


def normal_host(host: str) -> str:
    """A name as it is; an IP address in its one normal form. Raises ValueError."""
    if host.startswith("["):
        return f"[{IPv6Address(host[1:-1]).compressed}]"
    if NUMBER.fullmatch(host.rpartition(".")[2]):  # browsers take every such host for an IPv4 address
        return str(IPv4Address(host))
    return host


def cause(origin: str) -> str:
    """Why this is not an origin."""
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
