"""Finds a recipe by its name in the book, or a user's own: FILE.py:RECIPE, or MODULE:RECIPE on Python's path."""

import importlib
import importlib.util
import re
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import ModuleType

from models.files import from_home
from training.recipe import BOOK, Entry, Recipe, swaps
from training.run.loop import RecipeError

ADDRESS = re.compile(r" at 0x[0-9a-f]+")


def look_up(text: str) -> Entry:
    """The recipe of this name. A user's own gets the batch and the number of images of the most similar recipe in the book.

    Raises RecipeError. For a mistake in the user's code, its sentence names the file and the line.
    """
    if text in BOOK:
        return BOOK[text]
    place, colon, name = text.rpartition(":")
    if not colon or not place or not name:
        raise RecipeError(f"There is no recipe {text}. There are: {', '.join(BOOK)}. One of your own is named by its file: FILE.py:RECIPE.")
    module = load_file(from_home(place)) if place.endswith(".py") else load_module(place)
    there = {name: value for name, value in vars(module).items() if isinstance(value, Recipe)}
    if name not in there:
        names = f"There are: {', '.join(there)}." if there else "It has none: MINE = replace(DCGAN, loss=...) makes one."
        raise RecipeError(f"{place} has no recipe {name}. {names}")
    recipe = there[name]
    for part, described in recipe.parts().items():
        if ADDRESS.search(described):
            raise RecipeError(
                f"{text}: its {part} has no text of its own ({described}), by which a run is known when it is resumed. "
                "Make its class a frozen dataclass."
            )
    parent = min(BOOK, key=lambda name: len(swaps(recipe, BOOK[name].recipe)))  # the first of those with the fewest
    about = next(iter((module.__doc__ or "").strip().splitlines()), "")
    return replace(BOOK[parent], recipe=recipe, parent=parent, about=about)


def default_name(text: str) -> str:
    """The model's name by default: the recipe's name, without characters that a model's name may not have."""
    return re.sub(r"[^a-z0-9_-]+", "-", text.rpartition(":")[2].lower()).strip("-_")[:64]


def load_file(file: Path) -> ModuleType:
    """Imports the file. It can import its neighbours, as if Python ran it as a script."""
    if not file.is_file():
        raise RecipeError(f"{file} is no file. A recipe of your own is named by its file: FILE.py:RECIPE.")
    specification = importlib.util.spec_from_file_location(file.stem, file.resolve())
    assert specification is not None
    assert specification.loader is not None
    if str(file.resolve().parent) not in sys.path:
        sys.path.insert(0, str(file.resolve().parent))
    module = importlib.util.module_from_spec(specification)
    sys.modules[file.stem] = module  # where dataclasses look for the module of a class
    with told_by_line():
        specification.loader.exec_module(module)
    return module


def load_module(name: str) -> ModuleType:
    if "" not in sys.path:
        sys.path.insert(0, "")
    with told_by_line():
        try:
            return importlib.import_module(name)
        except ModuleNotFoundError as error:
            if error.name and (name == error.name or name.startswith(f"{error.name}.")):
                raise RecipeError(f"There is no module {name} on Python's path. A file is named with its ending: FILE.py:RECIPE.") from None
            raise


@contextmanager
def told_by_line() -> Iterator[None]:
    """Turns an exception from the user's own code into a RecipeError that names the file and the line."""
    try:
        yield
    except RecipeError:
        raise
    except SyntaxError as error:
        raise RecipeError(f"{error.filename}, line {error.lineno}: {error.msg}.") from None
    except Exception as error:
        own = [frame for frame in traceback.extract_tb(error.__traceback__) if is_own(Path(frame.filename))]
        if not own and isinstance(error, AttributeError) and (file := own_file(type(error.obj))):  # a method that a part lacks
            raise RecipeError(f"{file}: {error}. Its neighbours in training/parts/ have one.") from error
        if not own:
            raise
        raise RecipeError(f"{own[-1].filename}, line {own[-1].lineno}: {type(error).__name__}: {error}") from error


def own_file(kind: type) -> Path | None:
    """The file of a class, if it is the user's own."""
    module = sys.modules.get(kind.__module__)
    file = Path(module.__file__) if module and module.__file__ else None
    return file if file and is_own(file) else None


def is_own(file: Path) -> bool:
    """Whether the file is the user's own: not from an installed package, this project or Python's standard library."""
    here = Path(__file__).parent.parent.parent
    ours = any(file.is_relative_to(here / package) for package in ("models", "training"))
    return file.suffix == ".py" and not ours and not {"site-packages", "dist-packages"} & set(file.parts) and not is_standard(file)


def is_standard(file: Path) -> bool:
    return file.is_relative_to(Path(traceback.__file__).parent)
