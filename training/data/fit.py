"""Fits images of other sizes, directions and colours to 28x28, bright ink on dark paper. Knows no files.

In this order: transposed, inverted, padded, resized.
"""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from models.pixels import SIDE, Pixels
from training.data.dataset import DataError


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
        if images.shape[1:] != (SIDE, SIDE) and len(images) and images.size:
            images = self.sized(images, source)
        return np.ascontiguousarray(images)

    def sized(self, images: Pixels, source: object) -> Pixels:
        height, width = images.shape[1:]
        if not self.resize and not self.pad:
            raise DataError(
                f"{source} holds images of {height}x{width} pixels; 28x28 is needed: "
                "--resize scales them, --pad puts smaller ones on paper of that size, both together keep their proportions."
            )
        side = max(height, width) if self.resize else SIDE
        if max(height, width) > side:
            raise DataError(f"{source} holds images of {height}x{width} pixels, too large for --pad alone: add --resize.")
        if self.pad:
            top, left = (side - height) // 2, (side - width) // 2
            images = np.pad(images, ((0, 0), (top, side - height - top), (left, side - width - left)))
        if images.shape[1:] == (SIDE, SIDE):
            return images
        return np.stack([np.asarray(Image.fromarray(image).resize((SIDE, SIDE), Image.Resampling.BILINEAR)) for image in images])

    def __str__(self) -> str:
        """What is done, in words: "transposed, inverted"; "" for nothing."""
        words = {"transposed": self.transpose, "inverted": self.invert, "padded": self.pad, "resized": self.resize}
        return ", ".join(word for word, done in words.items() if done)


AS_IS = Fit()
