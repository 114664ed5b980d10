"""Fits images of other sizes, directions and colours to 28x28, bright ink on dark paper. Knows no files.

In this order: transposed, inverted, padded, resized.
"""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from models.pixels import SIDE, Pixels
from training.data.dataset import DataError

LIMIT_SIDE = 8192  # pixels; padding a long strip to a square takes the square of this


@dataclass(frozen=True)
class Fit:
    """What is done to each image before it is used. By default nothing, and only images of 28x28 fit."""

    resize: bool = False  # to 28x28, without aliasing
    pad: bool = False  # with paper on all sides: to 28x28; together with resize, to a square that is resized
    transpose: bool = False  # rows become columns: EMNIST lies on its side
    invert: bool = False  # dark ink becomes bright

    def images(self, images: Pixels, source: object) -> Pixels:
        """uint8 [N, height, width] -> [N, 28, 28]. Raises DataError if they do not fit; `source` is what the sentence names."""
        if self.transpose:
            images = images.swapaxes(1, 2)
        if self.invert:
            images = 255 - images
        n, height, width = images.shape
        if n and (height, width) != (SIDE, SIDE):
            self.check(height, width, source)
            images = np.stack([self.sized(Image.fromarray(image)) for image in images])
        return np.ascontiguousarray(images)

    def check(self, height: int, width: int, source: object) -> None:
        """Raises DataError if images of this size do not fit."""
        told = f"{source} holds images of {height}x{width} pixels"
        if not 0 < min(height, width) <= max(height, width) <= LIMIT_SIDE:
            raise DataError(f"{told}; each side must have from 1 to {LIMIT_SIDE:,}. Leave them out.")
        if not self.resize and not self.pad:
            raise DataError(
                f"{told}; {SIDE}x{SIDE} is needed: --resize scales them, --pad puts smaller ones on paper of that size, "
                "both together keep their proportions."
            )
        if max(height, width) > SIDE and not self.resize:
            raise DataError(f"{told}, too large for --pad alone: add --resize.")

    def sized(self, image: Image.Image) -> Pixels:
        """An image of any size -> [28, 28]."""
        if self.pad:
            side = max(image.size) if self.resize else SIDE
            paper = Image.new("L", (side, side))
            paper.paste(image, ((side - image.width) // 2, (side - image.height) // 2))
            image = paper
        return np.array(image.resize((SIDE, SIDE), Image.Resampling.BILINEAR), np.uint8)  # averages what it shrinks

    def __str__(self) -> str:
        """What is done, in words: "transposed, inverted"; "" for nothing."""
        words = {"transposed": self.transpose, "inverted": self.invert, "padded": self.pad, "resized": self.resize}
        return ", ".join(word for word, done in words.items() if done)


AS_IS = Fit()
