"""nginx before a server, as those have it who put several services behind one host."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.proxying import nginx


@contextmanager
def proxied(folder: Path, locations: str) -> Iterator[str]:
    """The address of an nginx with these `location`s."""
    with nginx(folder, f"server {{ listen 127.0.0.1:PORT;\n{locations}\n}}\n") as url:
        yield url
