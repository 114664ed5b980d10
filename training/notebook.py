"""Training from Python or in a notebook: what it takes, in one import. What is named here stays.

    from training.notebook import CGAN, Fit, Training, read, save, sheet, train

    data = read()  # MNIST; read("PATH") takes images of your own
    training = Training(CGAN.with_classes(data.classes), data, total_images=64_000)
    for progress in train(training):
        print(progress)
    sheet(training.average.snapshot())  # a picture, which a notebook shows
    save(training, "mine.safetensors")  # a file that the service serves, and models.load loads

Knows neither progress bars nor folders of runs.
"""

import os
import re
from pathlib import Path

from models import golden, weights
from models.cards import NAME, SUFFIX, Card
from models.integers import UnsoundError
from models.networks import is_described
from training.data import reading
from training.data.dataset import DataError, Dataset, Split
from training.data.fit import AS_IS, Fit
from training.distillation import integers
from training.measuring.sampling import first_look
from training.parts.download import cache_folder
from training.pictures.samples import sheet
from training.recipe import BOOK, CGAN, DCGAN, DENSE, KAKITE, Recipe
from training.run.card import card
from training.run.loop import Progress, RecipeError, Training, train

__all__ = [
    "BOOK", "CGAN", "DCGAN", "DENSE", "KAKITE", "DataError", "Dataset", "Fit", "Progress", "Recipe", "RecipeError", "Training",
    "read", "save", "sheet", "train",
]  # fmt: skip


def read(path: str | Path | None = None, split: Split = "train", fit: Fit = AS_IS) -> Dataset:
    """The data set at this path, in any form that `python -m training data PATH` recognises. Raises DataError.

    Without a path, MNIST: at $KAKITE_DATA, or where `python -m training data` has downloaded it.
    """
    return reading.read(Path(path or os.environ.get("KAKITE_DATA") or cache_folder()).expanduser(), split, fit)


def save(training: Training, file: str | Path, note: str = "") -> Card:
    """Converts the generator as it is so far into integers, and writes it to `file`, whose stem is the model's name. Takes a minute or two.

    Raises RecipeError if it cannot be served, and WeightsError if the file cannot be written.
    """
    path, networks = Path(file).expanduser(), training.recipe.networks
    name = path.name.removesuffix(SUFFIX)
    if not path.name.endswith(SUFFIX) or not re.fullmatch(NAME, name):
        raise RecipeError(f"{file}: name it NAME{SUFFIX}, where NAME has small letters, digits, - and _, at most 64.")
    if networks.channels != 1 or not is_described(networks, training.recipe.labels.classes):
        raise RecipeError("This generator is none of those that are served: docs/serve-your-own.md says what it takes.")
    student = integers.Student(training.average.snapshot(), networks.kind)
    for _ in integers.distil(student, integers.steps_after(training.images)):
        pass
    try:
        generator = student.integers()
    except UnsoundError as error:
        raise RecipeError(f"This generator cannot be served: {error}. It may not have learnt anything yet: train it for longer.") from None
    described = {"integers": golden.described(generator), "scores": first_look(generator), "note": note}
    told = card(training, name, training.wall_time_s).model_copy(update=described)
    weights.save(path, generator, told)
    return told
