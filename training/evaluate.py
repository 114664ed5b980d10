"""How good a generator is, in numbers with their floors. Knows weights and images, not how they were trained."""

from typing import NamedTuple

import numpy as np
import torch
from scipy import ndimage

from models import latents
from models.networks import Generator
from models.pixels import Pixels, to_uint8

CHUNK = 500


@torch.inference_mode()
def write(generator: Generator, drawn: latents.Latents) -> Pixels:
    """What the generator makes of latents: uint8 [n, 28, 28], in evaluation mode and float32, on its own device."""
    device = next(generator.parameters()).device
    training = generator.training
    generator.eval()
    z = torch.from_numpy(drawn.z).to(device)
    label = torch.from_numpy(one_hot(drawn.label, generator.classes)).to(device)
    images = torch.cat([to_uint8(generator(z[i : i + CHUNK], label[i : i + CHUNK])) for i in range(0, len(z), CHUNK)])
    generator.train(training)
    return images.cpu().numpy()


def one_hot(labels: np.ndarray, classes: int) -> np.ndarray:
    """int [n] -> float32 [n, classes]; with no classes, rows of no columns."""
    return np.eye(classes, dtype=np.float32)[labels] if classes else np.empty((len(labels), 0), np.float32)


class Sand(NamedTuple):
    """Ink where there should be none, "like a sand picture"."""

    ink: float  # mean grey level, 0 to 255, of background pixels
    background: float  # share of all pixels that are background


def sand(images: Pixels) -> Sand:
    """Background pixels are those whose 5x5 neighbourhood has a median of 0; beyond the edge is paper.

    Real digits leave a little ink there: the soft tips of strokes. Noise leaves more.
    """
    medians = ndimage.median_filter(images, size=(1, 5, 5), mode="constant", cval=0)
    background = medians == 0
    return Sand(float(images[background].mean()) if background.any() else 0.0, float(background.mean()))
