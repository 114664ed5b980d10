"""nginx with the configuration that is shipped, before servers of a test."""

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.running import PATIENCE_S, free_port, wait_until_ready

SHIPPED = Path(__file__).parent.parent / "deploy" / "nginx"
NGINX = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
BY_NAME = re.compile(r"server replica:8000 resolve([^;]*);")  # of compose.conf


def refuse_without_nginx() -> None:
    if NGINX is None:
        sentence = "No nginx here: apt-get install nginx-light"
        pytest.fail(sentence) if os.environ.get("CI") else pytest.skip(sentence)


def upstream(ports: Sequence[int]) -> str:
    """That of compose.conf, with these servers in place of those that Docker's name server knows."""
    shipped = re.sub(r"resolver [^;]*;", "", (SHIPPED / "compose.conf").read_text())
    assert BY_NAME.search(shipped)
    return BY_NAME.sub(lambda found: " ".join(f"server 127.0.0.1:{port}{found[1]};" for port in ports), shipped)


@contextmanager
def proxy(folder: Path, ports: Sequence[int], changed: Callable[[str], str] = str) -> Iterator[str]:
    """nginx before these ports of loopback. `changed` may change what is shipped."""
    assert NGINX is not None
    port = free_port()
    site = (SHIPPED / "kakite.conf").read_text()
    assert "listen 8080;" in site
    site = site.replace("listen 8080;", f"listen 127.0.0.1:{port};")
    (folder / "shipped.conf").write_text(changed(f"{upstream(ports)}\n{site}"))
    places = "".join(f"{what}_temp_path {folder}/{what}; " for what in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    user = "user root; " if os.geteuid() == 0 else ""  # whose the folder is
    (folder / "nginx.conf").write_text(
        f"{user}daemon off; pid {folder}/pid; error_log {folder}/error.log; worker_processes 1; events {{ worker_connections 512; }} "
        f"http {{ access_log off; {places} include {folder}/shipped.conf; }}\n"
    )
    process = subprocess.Popen([NGINX, "-c", str(folder / "nginx.conf"), "-p", str(folder)], stderr=subprocess.PIPE, text=True)
    try:
        wait_until_ready(process, f"http://127.0.0.1:{port}")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.communicate(timeout=PATIENCE_S)
