"""The service without HTTP: a sheet, a line of writing or a data set into files, as the routes would answer them."""

import argparse
import asyncio
import contextlib
import sys
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

import httpx
from pydantic import BaseModel
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from app.cli import options
from app.cli.options import given
from app.datasets import bulk
from app.datasets.files import FILES, as_one_file
from app.datasets.requests import compute_for_stream, data_set, file_name
from app.digits import scans
from app.encode import sent
from app.encode.archives import Files, poured
from app.errors import ServiceError
from app.main import create_app
from app.schemas.datasets import DatasetQuery
from app.schemas.hand import HandQuery
from app.schemas.pictures import GridQuery
from app.schemas.validation import validated
from app.schemas.writing import WriteQuery
from app.settings import Settings
from models import atomic, files
from models.files import FileError
from models.latents import Rows
from models.pixels import Pixels
from models.sentences import SentenceError
from models.shown import shown

PICTURE_BYTES_MAX = 32 << 20  # of a file that a hand is read from
MEMORY_BYTES = 1 << 30  # for it


class CommandError(ServiceError):
    """What was asked for cannot be done; the message says why."""


def add(commands: Any) -> None:
    """The subcommands, each with the parameters that its schema checks."""

    def added(name: str, about: str) -> argparse.ArgumentParser:
        return cast(argparse.ArgumentParser, commands.add_parser(name, help=about, description=f"{about[0].upper()}{about[1:]}."))

    sheet = added("sheet", "draw a sheet of digits as a PNG")
    write = added("write", "write a number, date or postcode in one hand, as a PNG")
    dataset = added("dataset", "make a labelled data set, in one of six formats")
    page = added("page", "write the page as files that need no service, for any static host")
    hand = added("hand", "read a hand from a picture of one digit, and write in it")
    check = added("verify", "check that digits have the same bytes here as on every machine")
    options.add_sheet(sheet)
    options.add_write(write)
    options.add_dataset(dataset)
    options.add_page(page)
    options.add_hand(hand)
    sheet.set_defaults(run=lambda options: asyncio.run(picture("/grid", GridQuery, options)))
    write.set_defaults(run=lambda options: asyncio.run(picture(f"/write/{quote(options.text, safe='')}", WriteQuery, options)))
    dataset.set_defaults(run=make)
    page.set_defaults(run=write_page)
    hand.set_defaults(run=lambda options: asyncio.run(in_that_hand(options)))
    check.set_defaults(run=verify)


def run(options: argparse.Namespace) -> int:
    """The exit status. Raises StartError where no model can be loaded."""
    try:
        options.run(options)
    except ServiceError as error:
        print(shown(error), file=sys.stderr)
        return 1
    except OSError as error:
        told = error.strerror or str(error)
        print(
            shown(f"{options.out}: {told}. Nothing incomplete is left there." if "out" in options else f"{error.filename}: {told}"),
            file=sys.stderr,
        )
        return 1
    return 0


def verify(_: argparse.Namespace) -> None:
    """Computes the golden digits of every model, in this process."""
    from app.cli import verify  # here, for nothing else needs torch
    from models.device import DeviceError
    from models.weights import WeightsError

    try:
        verify.verify(Settings())
    except (verify.DisagreementError, DeviceError, WeightsError) as error:
        raise CommandError(str(error)) from None


def write_page(options: argparse.Namespace) -> None:
    """The page and the weights that it draws with, into a folder."""
    from app.cli import page  # here, for it needs torch, to check the weights
    from models.directions import DirectionsError
    from models.weights import WeightsError

    settings = Settings()
    names = list(dict.fromkeys(options.models.split(","))) if options.models else [settings.model]
    try:
        size = page.write(Path(options.out), names, settings)
    except (DirectionsError, WeightsError) as error:
        raise CommandError(str(error)) from None
    out = shown(options.out)
    print(f"{out}: the page with {', '.join(names)}, {size / 1e6:.1f} MB. Try it: python -m http.server -d {out}")


async def picture(path: str, schema: type[BaseModel], options: argparse.Namespace) -> None:
    """Asks the application, in this process. What can be checked before the models are loaded is checked first."""
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


def make(options: argparse.Namespace) -> None:
    """A data set into a folder."""
    if options.engine or options.shard:
        make_shards(options)
    else:
        asyncio.run(make_files(options))


async def make_files(options: argparse.Namespace) -> None:
    """MNIST's four files and the manifest, or one file of another format."""
    wanted = validated(DatasetQuery, given(DatasetQuery, options))
    app = create_app(Settings(access_log=False))
    async with app.router.lifespan_context(app):
        with progress(wanted.n) as count:
            model = app.state.services.models.find(wanted.model)
            data = data_set(model, wanted)
            write = compute_for_stream(model)

            async def compute(rows: Rows) -> Pixels:
                images = await write(rows)
                count(len(rows))
                return images

            if wanted.format == "idx":
                files = FILES["idx"](data, compute)
            else:
                files = one_file(file_name(model, data, wanted.format), as_one_file(data, wanted.format, compute))
            await save(files, Path(options.out))
    print(f"{shown(options.out)}: {data.n:,} digits of the seeds {data.first_seed} to {data.first_seed + data.n - 1}, model {model.name}")


def make_shards(options: argparse.Namespace) -> None:
    given_here = given(DatasetQuery, options) | ({"shard": options.shard} if options.shard else {})
    try:
        print(shown(bulk.make(options, given_here, progress)))
    except (ImportError, SentenceError, ValueError) as error:  # the first and the last of a place that fsspec does not know
        raise CommandError(str(error)) from None


async def one_file(name: str, pieces: AsyncGenerator[bytes, None]) -> Files:
    async with aclosing(pieces):
        async for piece in pieces:
            yield name, piece


async def save(files: Files, folder: Path) -> None:
    """Pieces of files, file by file."""
    with complete(folder) as unfinished:
        async with aclosing(poured(files, lambda name: (unfinished / name).open("wb"))) as pieces:
            async for _ in pieces:
                pass


@contextlib.contextmanager
def complete(folder: Path) -> Iterator[Path]:
    """A folder whose files appear in this one when all of them are whole; of what was begun and not finished nothing stays."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".unfinished-") as unfinished:
        yield Path(unfinished)
        for file in Path(unfinished).iterdir():
            file.replace(folder / file.name)


@contextlib.contextmanager
def progress(total: int) -> Iterator[Any]:
    """A bar that is told of each page."""
    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("digits{task.fields[told]}"), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("", total=total, told="")

        def count(digits: int) -> None:
            bar.advance(task, digits)
            speed = bar.tasks[0].speed
            bar.update(task, told=f", {speed:,.0f} a second" if speed else "")

        yield count
