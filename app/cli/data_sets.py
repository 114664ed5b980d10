"""The command that makes a data set: files in a folder, all of them or none. Shards, which may be many and far away, are left to `bulk`."""

import argparse
import asyncio
import contextlib
import tempfile
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from app.cli.errors import CommandError
from app.cli.options import given
from app.datasets import bulk
from app.datasets.files import FILES, as_one_file
from app.datasets.requests import compute_for_stream, data_set, file_name
from app.encode.archives import Files, poured
from app.main import create_app
from app.schemas.datasets import DatasetQuery
from app.schemas.validation import validated
from app.settings import Settings
from models.latents import Rows
from models.pixels import Pixels
from models.sentences import SentenceError
from models.shown import shown


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
