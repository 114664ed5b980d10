"""The pictures: sample sheets, loss curves, comparisons. Knows images and numbers, not where they come from."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot as plt
from PIL import Image

from models.pixels import Pixels, sheet
from training.loop import Progress


def write_sheet(path: Path, images: Pixels, columns: int, scale: int = 2) -> None:
    """Digits [N, 28, 28] as one PNG, row by row."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(sheet(images, columns, scale)).save(path, optimize=True)


def write_curves(path: Path, title: str, history: Sequence[Progress]) -> None:
    """Losses and the discriminator's accuracy against images seen."""
    images = [row.images for row in history]
    figure, (losses, accuracy) = plt.subplots(2, 1, figsize=(8, 6), sharex=True, height_ratios=[2, 1], layout="constrained")
    losses.plot(images, [row.discriminator_loss for row in history], label="discriminator", linewidth=0.8)
    losses.plot(images, [row.generator_loss for row in history], label="generator", linewidth=0.8)
    losses.set(ylabel="loss (nats)", title=title)
    accuracy.plot(images, [100 * row.accuracy for row in history], color="tab:green", linewidth=0.8, label="discriminator")
    accuracy.axhline(50, color="grey", linewidth=0.8, linestyle=":", label="guessing")
    accuracy.set(ylabel="accuracy (%)", xlabel="images seen", ylim=(0, 105))
    for axis in (losses, accuracy):
        axis.legend(loc="best")
        axis.grid(alpha=0.3)
        axis.xaxis.set_major_formatter("{x:,.0f}")
    figure.savefig(path, dpi=100)
    plt.close(figure)


def write_comparison(path: Path, columns: Sequence[tuple[str, str, Pixels]]) -> None:
    """Sheets side by side, each (title, subtitle, images [N, 28, 28])."""
    figure, axes = plt.subplots(1, len(columns), figsize=(4 * len(columns), 4.6), layout="constrained", squeeze=False)
    for axis, (title, subtitle, images) in zip(axes[0], columns, strict=True):
        axis.imshow(sheet(images, scale=3), cmap="gray", vmin=0, vmax=255, interpolation="nearest")
        axis.set_title(title, fontsize=15)
        axis.set_xlabel(subtitle, fontsize=11)
        axis.set(xticks=[], yticks=[])
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=100)
    plt.close(figure)
