"""The commands beside `serve`: what runs each, and what is told when one fails. Does not know how each does its work."""

import argparse
import asyncio
import sys
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

from app.cli import data_sets, options, pictures
from app.cli.errors import CommandError
from app.errors import ServiceError
from app.schemas.pictures import GridQuery
from app.schemas.writing import WriteQuery
from app.settings import Settings
from models.shown import shown


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
    sheet.set_defaults(run=lambda options: asyncio.run(pictures.draw("/grid", GridQuery, options)))
    write.set_defaults(run=lambda options: asyncio.run(pictures.draw(f"/write/{quote(options.text, safe='')}", WriteQuery, options)))
    dataset.set_defaults(run=data_sets.make)
    page.set_defaults(run=write_page)
    hand.set_defaults(run=lambda options: asyncio.run(pictures.in_that_hand(options)))
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
