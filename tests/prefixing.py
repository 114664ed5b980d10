"""nginx before a server, as those have it who put several services behind one host."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.running import PATIENCE_S, free_port

NGINX = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")


@contextmanager
def proxied(folder: Path, locations: str) -> Iterator[str]:
    """The address of an nginx with these `location`s. Where there is none the test is skipped, but on a machine that must have one."""
    if NGINX is None:
        sentence = "No nginx here: apt-get install nginx-light"
        pytest.fail(sentence) if os.environ.get("CI") else pytest.skip(sentence)
    assert NGINX is not None
    port = free_port()
    places = "".join(f"{what}_temp_path {folder}/{what}; " for what in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    (folder / "nginx.conf").write_text(
        f"daemon off; pid {folder}/pid; error_log {folder}/error.log; worker_processes 1; events {{ worker_connections 512; }}\n"
        f"http {{ access_log off; {places} server {{ listen 127.0.0.1:{port};\n{locations}\n}} }}\n"
    )
    process = subprocess.Popen([NGINX, "-c", str(folder / "nginx.conf"), "-p", str(folder)], stderr=subprocess.PIPE, text=True)
    try:
        deadline = time.monotonic() + PATIENCE_S
        while True:
            assert process.poll() is None, process.stderr and process.stderr.read()
            assert time.monotonic() < deadline
            try:
                httpx.get(f"http://127.0.0.1:{port}")
                break
            except httpx.TransportError:
                time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.communicate(timeout=PATIENCE_S)
