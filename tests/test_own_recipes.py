"""A recipe that somebody wrote in a file of their own is trained, resumed and served as those in the book; mistakes in it have a line."""

import re
import sys
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest

from models import weights
from tests.command_line import run, size
from tests.documents import FILE, ROOT, blocks
from training.cli import swapping
from training.recipe import Recipe

HINGE = '''"""A hinge loss in place of the article's."""
from dataclasses import dataclass, replace

from torch.nn.functional import relu

from models.networks import Dense
from training.parts.losses import Verdict
from training.recipe import DENSE


@dataclass(frozen=True)
class Hinge:
    def discriminator(self, discriminator, real, fake, label, step):
        real, fake = discriminator(real, label), discriminator(fake, label)
        return Verdict((relu(1 - real) + relu(1 + fake)).mean(), ((real > 0).float() + (fake < 0).float()).mean() / 2)

    def generator(self, discriminator, real, fake, label):
        return -discriminator(fake, label).mean()


class Nameless(Hinge):
    def __repr__(self):
        return object.__repr__(self)


class Mistaken(Hinge):
    def generator(self, discriminator, real, fake, label):
        return -discriminator(fake, labels).mean()


@dataclass(frozen=True)
class Lacking:
    def discriminator(self, discriminator, real, fake, label, step):
        return Hinge().discriminator(discriminator, real, fake, label, step)


class Wide(Dense):
    kind = "wide"


HINGED = replace(DENSE, loss=Hinge())
NAMELESS = replace(DENSE, loss=Nameless())
MISTAKEN = replace(DENSE, loss=Mistaken())
LACKING = replace(DENSE, loss=Lacking())
WIDE = replace(DENSE, networks=Wide())
'''
MISTAKE_LINE = 1 + HINGE[: HINGE.index("fake, labels)")].count("\n")


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    path = tmp_path / "own_hinge.py"
    path.write_text(HINGE)
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield path
    sys.modules.pop(path.stem, None)


def test_recipe_of_ones_own_is_trained_resumed_and_described(
    file: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ("train", f"{file}:HINGED", "--images", "64", "--batch", "16", "--data", data, "--device", "cpu", "--out", tmp_path / "run")
    assert run(*arguments) == 0
    assert f"KAKITE_WEIGHTS={tmp_path / 'run'} KAKITE_MODEL=hinged python -m app" in capsys.readouterr().out
    assert run(*arguments, "--resume") == 0
    assert "Resumed at 64 images" in capsys.readouterr().out
    card = weights.load(tmp_path / "run" / "hinged.safetensors").card
    assert card.name == "hinged"
    assert card.recipe["loss"] == "Hinge()"


def test_list_shows_what_ones_own_recipe_swaps(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("list", f"{file}:HINGED") == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "loss: NonSaturating()" in told
    assert "Hinge()" in told
    assert "networks:" not in told  # as in the recipe that it differs from by its loss alone


def test_module_on_the_path_is_as_good_as_a_file(file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.syspath_prepend(file.parent)
    assert run("list", "own_hinge:HINGED") == 0
    assert "Hinge()" in capsys.readouterr().out


def test_generator_that_no_card_describes_is_trained_and_kept_and_a_sentence_says_so(
    file: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run"
    assert run("train", f"{file}:WIDE", "--images", "32", "--batch", "16", "--data", data, "--device", "cpu", "--out", out) == 0
    assert "none of those that are served" in capsys.readouterr().out
    assert (out / "checkpoint.pt").exists()
    assert (out / "sheet.png").exists()
    assert not list(out.glob("*.safetensors"))


PAGE = ROOT / "docs" / "own-gan.md"
OF_THE_PAGE = {found[1]: block.text for block in blocks(PAGE) if (found := FILE.match(block.text))}


def test_page_swaps_each_of_the_five_parts() -> None:
    assert {re.search(r"replace\(\w+, (\w+)=", text)[1] for text in OF_THE_PAGE.values()} == {  # type: ignore[index]
        part.name for part in fields(Recipe)
    }


@pytest.mark.parametrize("name", OF_THE_PAGE)
def test_every_file_of_the_page_is_trained(
    name: str, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    Path(name).write_text(OF_THE_PAGE[name])
    try:
        assert run("train", f"{name}:MINE", "--images", "32", "--batch", "16", "--data", data, "--device", "cpu") == 0
    finally:
        sys.modules.pop(Path(name).stem, None)
    assert "Warning" not in capsys.readouterr().out
    assert weights.load(Path("runs/mine/mine.safetensors")).card.images_seen == 32


def test_compare_trains_recipes_that_differ_and_tells_what_came_of_it(
    file: Path, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(swapping, "DIGITS", 300)
    arguments = ("compare", "--swap", "dense", f"{file}:HINGED", "--images", "64", "--data", data, "--device", "cpu")
    assert run(*arguments) == 0
    told = capsys.readouterr().out
    assert "loss: NonSaturating() -> Hinge()" in told
    assert re.search(r"Fréchet distance +\d+\.\d+ +\d+\.\d+ ", told)
    assert size(Path("evaluation/comparison.png"))[0] > 1000
    assert run(*arguments) == 0
    assert "Training" not in capsys.readouterr().out  # what is trained is kept
    assert run(*arguments[:3]) == 1
    assert "Name two recipes or more: compare --swap dcgan hinge.py:MINE" in capsys.readouterr().err
    assert run(*arguments[:3], "dense") == 1
    assert "dense is named twice." in capsys.readouterr().err
    Path("parity.py").write_text(OF_THE_PAGE["parity.py"])
    assert run("compare", "--swap", "cgan", "parity.py:MINE", *arguments[4:]) == 1  # before it trains
    refused = capsys.readouterr()
    assert "parity.py:MINE knows 2 classes of the 10 in data, so it cannot be scored" in refused.err
    assert "Training" not in refused.out


@pytest.mark.parametrize(
    ("recipe", "sentence"),
    [
        ("own_hinge.py:NONE", "has no recipe NONE. There are: DENSE, HINGED, NAMELESS, MISTAKEN, LACKING, WIDE."),
        ("own_hinge.py:NAMELESS", "Make its class a frozen dataclass"),
        ("own_hinge.py:MISTAKEN", f"own_hinge.py, line {MISTAKE_LINE}: NameError: name 'labels' is not defined"),
        (
            "own_hinge.py:LACKING",
            "own_hinge.py: 'Lacking' object has no attribute 'generator'. Its neighbours in training/parts/ have one.",
        ),
        ("broken.py:MINE", "broken.py, line 2: "),
        ("raises.py:MINE", "raises.py, line 1: ZeroDivisionError: division by zero"),
        ("empty.py:MINE", "It has none: MINE = replace(DCGAN, loss=...) makes one."),
        ("missing.py:MINE", "is no file"),
        ("no_such_module:MINE", "There is no module no_such_module"),
        ("dcgam", "There is no recipe dcgam. There are: dense, dcgan"),
    ],
)
def test_mistake_in_ones_own_recipe_is_told_in_a_sentence(
    recipe: str, sentence: str, file: Path, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(file.parent)
    Path("broken.py").write_text("a = 1\nb = = 2\n")
    Path("raises.py").write_text("1 / 0\n")
    Path("empty.py").write_text("")
    assert run("train", recipe, "--images", "32", "--batch", "16", "--data", data, "--device", "cpu", "--out", tmp_path / "run") == 1
    told = capsys.readouterr().err
    assert sentence in told
    assert "Traceback" not in told
