"""The commands that make one picture: a sheet, a line of writing, digits in a hand that was read. Each asks the application, in this
process, for what its route answers.
"""

import argparse
import contextlib
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
from pydantic import BaseModel

from app.cli.errors import CommandError
from app.cli.options import given
from app.digits import scans
from app.encode import sent
from app.main import create_app
from app.schemas.hand import HandQuery
from app.schemas.validation import validated
from app.settings import Settings
from models import atomic, files
from models.files import FileError
from models.shown import shown

PICTURE_BYTES_MAX = 32 << 20  # of a file that a hand is read from
MEMORY_BYTES = 1 << 30  # for it


async def draw(path: str, schema: type[BaseModel], options: argparse.Namespace) -> None:
    """The picture that a path of the application answers. What can be checked before the models are loaded is checked first."""
    asked = given(schema, options)
    validated(schema, dict(asked))
    async with application(Settings(access_log=False)) as client:
        response = answered(await client.get(path, params=asked))
    keep(response.content, options.out, f"seed {response.headers['kakite-seed']}, model {response.headers['kakite-model']}")


async def in_that_hand(options: argparse.Namespace) -> None:
    """Reads a hand, tells what it read, and writes a text, or all digits, in it."""
    asked = given(HandQuery, options)
    wanted = validated(HandQuery, dict(asked))
    try:
        content = files.read(Path(options.picture), PICTURE_BYTES_MAX)
    except FileNotFoundError:
        raise CommandError(f"{options.picture} does not exist.") from None
    except FileError as error:
        raise CommandError(str(error)) from None
    sent.opened(content, scans.LOOKED_AT)
    writing = {"paper": wanted.paper, "model": wanted.model}
    async with application(Settings(access_log=False, body_limit_bytes=PICTURE_BYTES_MAX, memory_limit_bytes=MEMORY_BYTES)) as client:
        read = answered(await client.post("/hand", content=content, params=asked)).json()
        writing["z"] = read["z"]
        if options.text is None:
            asked_for = {**writing, "label": "each", "scale": wanted.scale}
            response = answered(await client.post("/generate", json=asked_for))
        else:
            response = answered(await client.post("/write", json={**writing, "text": options.text}))
    [digit] = read["digits"]
    name = digit.get("class_name", digit["label"])
    about = f"{name} (probability {digit['probability']:.2f}, likeness {digit['likeness']:.2f}), model {read['model']}"
    keep(response.content, options.out, about)


@contextlib.asynccontextmanager
async def application(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the application, in this process."""
    app = create_app(settings)
    transport = httpx.ASGITransport(app)
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://kakite") as client:
        yield client


def answered(response: httpx.Response) -> httpx.Response:
    """Raises CommandError for a refusal."""
    if response.status_code != 200:
        raise CommandError(response.json()["detail"])
    return response


def keep(content: bytes, out: str, about: str) -> None:
    """Writes a picture into a file, a device, a pipe, or to standard output, which is named -."""
    if out == "-":
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
    else:
        atomic.write(Path(out), content)
    print(f"{shown(out)}: {about}", file=sys.stdout if Path(out).is_file() and out != "-" else sys.stderr)
