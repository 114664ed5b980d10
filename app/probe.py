"""python -m app.probe [/livez|/readyz]: exit status 0 if the service answers 200, else 1 and a sentence.

For health checks of containers and exec probes of pods. An HTTP probe cannot send a secret key; this one sends the first of
KAKITE_API_KEYS, if there is one. It runs every few seconds beside the service, so it imports little: 40 ms of CPU time, 16 of them Python's
own start (Python 3.13, an Intel Xeon, 60 runs); `http.client` would add 20. Of HTTP it knows only a response's first line.
"""

import argparse
import os
import signal
import socket
import sys
from types import FrameType

from app.server.addresses import family

LIMIT_S = 2.5  # in total; compose and Kubernetes allow it 3 s
LINE_BYTES = 8192


class Unwell(Exception):
    """The service is not well. The message says why, and what to do."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m app.probe", description="Asks a server that runs here whether it is well.")
    parser.add_argument("path", nargs="?", default="/livez", help="what is asked for: /livez (the default), /readyz, /v2/health/ready ...")
    parser.add_argument("--host", default="127.0.0.1", help="where it listens (127.0.0.1)")
    parser.add_argument("--port", type=int, default=8000, help="port (8000)")
    parser.add_argument("--uds", help="or at which Unix socket")
    options = parser.parse_args()
    if not (options.path.startswith("/") and options.path.isascii() and options.path.isprintable() and " " not in options.path):
        parser.error(f"{options.path!r} is no path: it begins with / and has no blanks.")
    signal.signal(signal.SIGALRM, too_late)
    signal.setitimer(signal.ITIMER_REAL, LIMIT_S)
    keys = [key for part in os.environ.get("KAKITE_API_KEYS", "").split(",") if (key := part.strip())]
    try:
        check(options.uds or (options.host, options.port), options.path, keys[0] if keys else None)
    except Unwell as unwell:
        where = options.uds or f"http://{options.host}:{options.port}"
        print(f"{where}{' ' if options.uds else ''}{options.path}: {unwell}", file=sys.stderr)
        return 1
    return 0


def check(address: str | tuple[str, int], path: str, key: str | None) -> None:
    """Requests the path. `address`: a Unix socket, or a host and port. Raises Unwell."""
    authorization = b"Authorization: Bearer %b\r\n" % os.fsencode(key) if key else b""
    request = b"GET %b HTTP/1.1\r\nHost: kakite\r\n%bConnection: close\r\n\r\n" % (path.encode(), authorization)
    line = b""
    try:
        with socket.socket(socket.AF_UNIX if isinstance(address, str) else family(address[0])) as connection:
            connection.connect(address)
            connection.sendall(request)
            while b"\n" not in line and len(line) < LINE_BYTES and (more := connection.recv(LINE_BYTES)):
                line += more
    except TimeoutError:
        raise Unwell(f"no answer within {LIMIT_S} s.") from None
    except (OSError, OverflowError) as error:
        raise Unwell(f"nobody answers there ({error}). --host and --port say where the server listens, or --uds.") from None
    version, _, rest = line.partition(b" ")
    status = rest[:3]
    if not version.startswith(b"HTTP/1.") or len(status) < 3 or not status.isdigit():
        raise Unwell("what answers there speaks no HTTP.")
    if status in (b"401", b"403"):
        raise Unwell(f"the answer is {status.decode()}. Set KAKITE_API_KEYS for the probe as for the server.")
    if status != b"200":
        raise Unwell(f"the answer is {status.decode()}, not 200.")


def too_late(_signal: int, _frame: FrameType | None) -> None:
    raise TimeoutError


if __name__ == "__main__":
    sys.exit(main())
