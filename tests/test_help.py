"""Help on the command line: it fits a terminal, says what stands for a value and what is taken without one, and knows no HTTP."""

import argparse
import re
from collections.abc import Iterator

import pytest

import app.__main__
import kakite
import training.cli.parser
from app.cli.options import FORMATS
from app.schemas.datasets import DatasetQuery
from tests.command_line import run
from training.recipe import BOOK

COLUMNS = 80
OF_HTTP = re.compile(r"server\b|GET |POST |/models|/grid|/write|/dataset|&", re.IGNORECASE)


def subcommands(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    [action] = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    return dict(action.choices)


def about(parser: argparse.ArgumentParser) -> dict[str, str]:
    """Of each subcommand what is told of it in a line."""
    [action] = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    return {str(choice.dest): str(choice.help) for choice in action._choices_actions}


def every_parser() -> Iterator[tuple[str, argparse.ArgumentParser]]:
    for program, top in (("app", app.__main__.parser("kakite")), ("training", training.cli.parser.parser("kakite"))):
        yield program, top
        yield from ((f"{program} {name}", parser) for name, parser in subcommands(top).items())


EVERY = dict(every_parser())


@pytest.mark.parametrize("command", EVERY)
def test_help_fits_a_terminal(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(COLUMNS))
    assert [line for line in EVERY[command].format_help().splitlines() if len(line) > COLUMNS] == []


@pytest.mark.parametrize("command", [command for command in EVERY if command != "app serve"])
def test_help_without_http_knows_none(command: str) -> None:
    told = re.sub(r"serve .*", "", EVERY[command].format_help())
    assert not OF_HTTP.search(told), told


@pytest.mark.parametrize("command", [command for command in EVERY if command != "app serve"])
def test_help_tells_what_is_taken_without_an_option(command: str) -> None:
    for action in EVERY[command]._actions:
        assert action.help or isinstance(action, argparse._SubParsersAction), action.dest
        if action.option_strings and action.nargs != 0 and action.dest != "classes":
            assert "default: " in str(action.help), action.option_strings


def test_every_format_and_every_recipe_has_a_few_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "1000")
    assert FORMATS.keys() == set(DatasetQuery.model_json_schema()["properties"]["format"]["enum"])
    told = {name: EVERY[name].format_help() for name in ("app dataset", "training train")}
    for name in FORMATS:
        assert re.search(rf"^  {name} +\w", told["app dataset"], re.MULTILINE)
    for name in BOOK:
        assert re.search(rf"^  {name} +\w", told["training train"], re.MULTILINE)


def test_one_command_has_those_of_both() -> None:
    assert about(EVERY["app"]) == kakite.SERVICE
    assert about(EVERY["training"]) == kakite.TRAINING


def test_list_fits_a_terminal_and_breaks_no_number(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(COLUMNS))
    assert run("list") == 0
    told = capsys.readouterr().out
    assert [line for line in told.splitlines() if len(line) > COLUMNS] == []
    for name, entry in BOOK.items():
        assert re.search(rf"^{name}(, from {entry.parent})?: {entry.total_images:,} images", told, re.MULTILINE)
        for part in entry.recipe.parts().values() if entry.parent is None else []:
            assert part in re.sub(r"\s+", " ", told)
