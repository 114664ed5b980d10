"""Draws sample sheets, films, loss curves and comparisons. Knows images and numbers, not where they come from."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from models import files
from models.pixels import SIDE, Pixels, sheet
from training.measuring.measures import Misread, Nearest
from training.measuring.scores import Scores
from training.parts.data import Dataset
from training.run.loop import Progress

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FEW = 20  # points of a curve, which are marked, since of one alone there would be no line


def picture(images: Pixels, columns: int, scale: int = 2) -> Image.Image:
    """Digits [N, 28, 28], or colour ones [N, 3, 28, 28], row by row."""
    colours = images.transpose(1, 0, 2, 3) if images.ndim == 4 else images[None]
    return Image.fromarray(np.stack([sheet(colour, columns, scale) for colour in colours], axis=-1).squeeze())


def write_sheet(path: Path, images: Pixels, columns: int, scale: int = 2) -> None:
    """Writes the picture of them as PNG."""
    path.parent.mkdir(parents=True, exist_ok=True)
    picture(images, columns, scale).save(path, optimize=True)


def write_film(path: Path, sheets: Sequence[Path], frame_ms: int = 150, last_ms: int = 2000) -> None:
    """Writes sheets of the same size as an animated PNG that repeats for ever."""
    durations = [frame_ms] * (len(sheets) - 1) + [last_ms]
    with ExitStack() as stack:
        frames = [Image.open(stack.enter_context(files.opened(file))) for file in sheets]
        frames[0].save(path, format="PNG", save_all=True, append_images=frames[1:], duration=durations, loop=0)


def write_curves(path: Path, title: str, history: Sequence[Progress]) -> None:
    """Plots the losses and the discriminator's accuracy against the number of images seen."""
    images = [row.images for row in history]
    marker = "." if len(history) < FEW else ""
    figure = blank((8, 6))
    losses, accuracy = figure.subplots(2, 1, sharex=True, height_ratios=[2, 1])
    losses.plot(images, [row.discriminator_loss for row in history], label="discriminator", linewidth=0.8, marker=marker)
    losses.plot(images, [row.generator_loss for row in history], label="generator", linewidth=0.8, marker=marker)
    losses.set(ylabel="loss (nats)", title=title)
    accuracy.plot(images, [100 * row.accuracy for row in history], color="tab:green", linewidth=0.8, label="discriminator", marker=marker)
    accuracy.axhline(50, color="grey", linewidth=0.8, linestyle=":", label="guessing")
    accuracy.set(ylabel="accuracy (%)", xlabel="images seen", ylim=(0, 105))
    for axis in (losses, accuracy):
        axis.legend(loc="best")
        axis.grid(alpha=0.3)
        axis.xaxis.set_major_formatter("{x:,.0f}")
    save(figure, path)


def write_comparison(path: Path, columns: Sequence[tuple[str, str, Pixels]]) -> None:
    """Draws sheets side by side. `columns`: title, subtitle and images [N, 28, 28] of each."""
    figure = blank((4 * len(columns), 4.6))
    axes = figure.subplots(1, len(columns), squeeze=False)[0]
    for axis, (title, subtitle, images) in zip(axes, columns, strict=True):
        draw(axis, images, scale=3)
        axis.set_title(title, fontsize=15)
        axis.set_xlabel(subtitle, fontsize=11)
    save(figure, path)


def write_closest(path: Path, images: Pixels, nearest: Nearest, training: Dataset, pairs: int = 10) -> None:
    """Draws the ten digits closest to a training digit, each above that training digit, then in the same way the closest of each label.

    Without the second part the picture would show only ones, since any two ones are similar.
    """
    order = np.argsort(nearest.distances, kind="stable")
    kinds = training.labels.numpy()[nearest.indices[order]]
    _, first = np.unique(kinds, return_index=True)  # of each kind, the closest
    paper = np.zeros_like(images[:1])
    rows = []
    for chosen in (order[:pairs], order[first][:pairs]):
        padding = [paper] * (pairs - len(chosen))
        rows += [images[chosen], *padding, training.images.numpy()[nearest.indices[chosen]], *padding]
    write_sheet(path, np.concatenate(rows), columns=pairs, scale=3)


def write_misread(path: Path, images: Pixels, misread: Misread, most: int = 60) -> None:
    """Draws the first `most` misread digits of [n, 28, 28], captioned requested→read. If there are none, removes an old picture."""
    if not len(misread.indices):
        path.unlink(missing_ok=True)
        return
    shown = images[misread.indices[:most]]
    columns = min(10, len(shown))
    figure = blank((columns, -(-len(shown) // columns)))
    axis = figure.subplots()
    draw(axis, shown, columns)
    for i, (told, seen) in enumerate(zip(misread.told[:most], misread.seen[:most], strict=True)):
        axis.text(i % columns * SIDE, i // columns * SIDE, f"{told}→{seen}", color="orange", va="top")
    save(figure, path)


def blank(inches: tuple[float, float]) -> "Figure":
    """A figure without axes, of that width and height."""
    from matplotlib.figure import Figure  # here, because it takes half a second

    return Figure(inches, layout="constrained")


def draw(axis: "Axes", images: Pixels, columns: int | None = None, scale: int = 1) -> None:
    axis.imshow(sheet(images, columns, scale), cmap="gray", vmin=0, vmax=255, interpolation="nearest")
    axis.set(xticks=[], yticks=[])


def save(figure: "Figure", path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=100)


def write_distances(path: Path, scored: Mapping[str, Scores]) -> None:
    """Plots a histogram of each set's distances to the nearest training digit."""
    figure = blank((8, 4))
    axis = figure.subplots()
    every = [scores.nearest.distances for scores in scored.values()]
    bins = np.linspace(min(map(np.min, every)), max(map(np.max, every)), 40).tolist()
    for name, distances in zip(scored, every, strict=True):
        axis.hist(distances, bins, density=True, histtype="step", linewidth=1.2, label=f"{name}: median {np.median(distances):.2f}")
    axis.set(xlabel="Euclidean distance to the nearest training digit (full ink is 1)", ylabel="density", title="Copies would lie at 0")
    axis.legend(loc="best")
    axis.grid(alpha=0.3)
    save(figure, path)
