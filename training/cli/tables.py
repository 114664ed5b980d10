"""Tables of scores: a row per measure, a column per model, real digits last. Knows the numbers, not how they are measured."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeVar

import numpy as np
from rich.console import Console
from rich.table import Table

from training.measuring.evaluate import SAMPLE, WATCHED
from training.measuring.pupil import EPOCHS
from training.measuring.scores import Scores

Column = TypeVar("Column")
UNLIMITED = 10_000  # characters: rich finds no table wider than the room that it is measured in
REAL = "_floor"  # how a card names the score of real digits beside the model's
ABSENT = "-"
CIRCUMSTANCES = ("digits", "pupils", "lessons")  # what scores rest on

# Name of a score, or of what it rests on, in cards and in JSON -> how it is called, and how it is written.
MEASURES: dict[str, tuple[str, Callable[[float], str]]] = {
    "frechet": ("Fréchet distance", "{:.3f}".format),
    "precision": ("precision", "{:.3f}".format),
    "recall": ("recall", "{:.3f}".format),
    "density": ("density", "{:.3f}".format),
    "coverage": ("coverage", "{:.3f}".format),
    "frechet_in_pixels": ("Fréchet distance, in pixels", "{:.3f}".format),
    "precision_in_pixels": ("precision, in pixels", "{:.3f}".format),
    "recall_in_pixels": ("recall, in pixels", "{:.3f}".format),
    "density_in_pixels": ("density, in pixels", "{:.3f}".format),
    "coverage_in_pixels": ("coverage, in pixels", "{:.3f}".format),
    "histogram_kl": ("KL of the classes' shares", "{:.5f}".format),
    "label_agreement": ("label agreement", "{:.2%}".format),
    "train_on_synthetic": ("trained on it, tested on real", "{:.2%}".format),
    "train_on_synthetic_spread": ("  ± from pupil to pupil", "{:.2%}".format),
    "sand": ("sand (0 to 255)", "{:.3f}".format),
    "specks_per_digit": ("specks a digit", "{:.3f}".format),
    "nearest_training": ("nearest training digit", "{:.2f}".format),
    "trained_min": ("minutes of training", "{:.1f}".format),
    "digits": ("digits measured", "{:,.0f}".format),
    "pupils": ("pupils taught", "{:.0f}".format),
    "lessons": ("lessons of each", "{:,.0f}".format),
}


def in_width(console: Console, make: Callable[[Mapping[str, Column]], Table], columns: Mapping[str, Column]) -> Iterator[Table]:
    """One table, or several below each other, each with as many of the columns as the console has room for."""
    unlimited = console.options.update(max_width=UNLIMITED)
    shown: dict[str, Column] = {}
    for name, column in columns.items():
        if shown and console.measure(make({**shown, name: column}), options=unlimited).maximum > console.width:
            yield make(shown)
            shown = {}
        shown[name] = column
    yield make(shown)


def side_by_side(columns: Mapping[str, Mapping[str, float]], real: Mapping[str, float]) -> Table:
    """The headline scores of models and of real digits. A measure that no model has is left out."""
    table = Table("", *columns, "real digits", box=None, padding=(0, 2, 0, 0))
    for key, (name, written) in MEASURES.items():
        if not any(key in column for column in columns.values()):
            continue
        numbers = [*(column.get(key) for column in columns.values()), real.get(key)]
        table.add_row(name, *(ABSENT if number is None else written(number) for number in numbers))
        if key.startswith("frechet") and real.get(key):
            shares = [column[key] / real[key] for column in columns.values() if key in column]
            if len(shares) == len(columns):
                table.add_row("  times real digits'", *map("{:.2f}".format, shares), "1.00")
    return table


def with_spread(columns: Mapping[str, Sequence[Mapping[str, float]]], real: Mapping[str, float]) -> Table:
    """The scores of several runs of each model: the mean, and the standard deviation from run to run."""
    table = Table("", *columns, "real digits", box=None, padding=(0, 2, 0, 0))
    for key, (name, written) in MEASURES.items():
        if key in CIRCUMSTANCES or not any(key in run for runs in columns.values() for run in runs):
            continue
        cells = [spread([run[key] for run in runs if key in run], written) for runs in columns.values()]
        table.add_row(name, *cells, written(real[key]) if key in real else ABSENT)
    return table


def spread(numbers: Sequence[float], written: Callable[[float], str]) -> str:
    """The mean of the numbers, and if there are several also their standard deviation: "0.105 ± 0.006"."""
    if not numbers:
        return ABSENT
    mean = written(float(np.mean(numbers)))
    return f"{mean} ± {written(float(np.std(numbers, ddof=1)))}" if len(numbers) > 1 else mean


def range_of_nearest(scores: Scores) -> str:
    """The median distance, with the 5th and the 95th percentile: "5.12 (3.40 to 7.01)"."""
    low, median, high = np.percentile(scores.nearest.distances, (5, 50, 95))
    return f"{median:.2f} ({low:.2f} to {high:.2f})"


def details(columns: Mapping[str, Scores], real: Scores, names: Sequence[str]) -> Table:
    """Distributions behind the headline scores: distances to the training digits, and the share of each class, by its name."""
    table = Table("", *columns, "real digits", box=None, padding=(0, 2, 0, 0))
    every = [*columns.values(), real]
    table.add_row("nearest training digit (5% to 95%)", *map(range_of_nearest, every))
    if histograms := [scores.histogram for scores in every if scores.histogram is not None]:
        for label, name in enumerate(names):
            table.add_row(f"share of {name}", *(f"{histogram[label]:.2%}" for histogram in histograms))
    return table


def agreement(name: str, scores: Scores, names: Sequence[str]) -> Table | None:
    """The confusion matrix: rows are requested classes, columns those the judge reads, in per mille of the row. None without labels."""
    if scores.confusion is None:
        return None
    table = Table("", *names, title=f"{name}: asked for (row), read (column), in per mille", box=None, padding=(0, 1, 0, 0))
    for digit, row in zip(names, scores.confusion, strict=True):
        table.add_row(digit, *(f"{1000 * share:.1f}" if share else "." for share in row))
    return table


IN_PIXELS = """\
In pixels: Fréchet distance, precision, recall, density and coverage compare means of 2x2 pixels, not a judge's features."""
EXPLAINED = f"""\
Fréchet distance: to the training digits, in the judge's features; for real digits that of the test digits, which are fewer and by other
writers, so a perfect generator would lie below it. It is the farther the fewer digits it is measured of.
Precision, recall, density, coverage: of at most {SAMPLE:,} digits against as many training digits, by five neighbours in those features.
Label agreement: the share that the judge reads as the digit asked for.
KL: of the shares of the ten digits, as the judge reads them, from those of the training digits, in nats. Models with labels are asked
for each digit as often as the training digits have it, so theirs shows misread digits only.
Trained on it, tested on real: what a pupil, taught by nothing but such digits, reads right of the real test digits. It goes through its
lessons {EPOCHS} times, so more of them are more steps; of real ones there are as many as the training set has.
Sand: mean ink of background pixels, those whose 5x5 neighbourhood has a median of 0.
Specks: groups of one or two pixels with paper all around.
Nearest training digit: the median Euclidean distance of at most {WATCHED:,} digits, full ink being 1. A copy
would be at 0; how far the real test digits lie is what is natural."""
