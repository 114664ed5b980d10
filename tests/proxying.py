"""nginx before servers of a test, by default with the configuration that is shipped."""

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.running import PATIENCE_S, free_port, status, until

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
    site = (SHIPPED / "kakite.conf").read_text()
    assert "listen 8080;" in site
    shipped = site.replace("listen 8080;", "listen 127.0.0.1:PORT;")
    with nginx(folder, changed(f"{upstream(ports)}\n{shipped}")) as url:
        yield url


@contextmanager
def nginx(folder: Path, http: str) -> Iterator[str]:
    """The address of one that is so configured; in the text PORT stands for the port."""
    refuse_without_nginx()
    assert NGINX is not None
    port = free_port()
    (folder / "http.conf").write_text(http.replace("PORT", str(port)))
    places = "".join(f"{what}_temp_path {folder}/{what}; " for what in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    user = "user root; " if os.geteuid() == 0 else ""  # whose the folder is
    (folder / "nginx.conf").write_text(
        f"{user}daemon off; pid {folder}/pid; error_log {folder}/error.log; worker_processes 1; events {{ worker_connections 512; }} "
        f"http {{ access_log off; {places} include {folder}/http.conf; }}\n"
    )
    process = subprocess.Popen([NGINX, "-c", str(folder / "nginx.conf"), "-p", str(folder)], stderr=subprocess.PIPE, text=True)
    try:
        until(lambda: status(f"http://127.0.0.1:{port}") is not None, process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.communicate(timeout=PATIENCE_S)
