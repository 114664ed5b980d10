"""How good a generator is, in numbers with their floors. Knows weights and images, not how they were trained."""

from typing import NamedTuple

import numpy as np
import torch
from scipy import ndimage

from models import latents
from models.networks import Generator
from models.pixels import Pixels, to_uint8

CHUNK = 500
SCORED = 10_000  # digits that a score rests on
SPECK_INK = 32
SPECK_PIXELS = 2


@torch.inference_mode()
def write(generator: Generator, drawn: latents.Latents) -> Pixels:
    """What the generator makes of latents: uint8 [n, 28, 28], in evaluation mode and float32, on its own device."""
    device = next(generator.parameters()).device
    training = generator.training
    generator.eval()
    z = torch.from_numpy(drawn.z).to(device)
    label = torch.from_numpy(latents.one_hot(drawn.label, generator.classes)).to(device)
    images = torch.cat([to_uint8(generator(z[i : i + CHUNK], label[i : i + CHUNK])) for i in range(0, len(z), CHUNK)])
    generator.train(training)
    return images.cpu().numpy()


class Sand(NamedTuple):
    """Ink where there should be none, "like a sand picture"."""

    ink: float  # mean grey level, 0 to 255, of background pixels
    background: float  # share of all pixels that are background
    specks: float  # loose specks a digit


def sand(images: Pixels) -> Sand:
    """Sand in two measures. Background pixels are those whose 5x5 neighbourhood has a median of 0; beyond the edge is paper.

    A stroke of one or two pixels fills less than half of a 5x5 neighbourhood, so that measure takes thin strokes and the
    tips of thick ones for sand, of which real digits have many. Specks do not: groups of at most `SPECK_PIXELS`
    neighbouring pixels of at least `SPECK_INK`, with paper all around.
    """
    background = ndimage.median_filter(images, size=(1, 5, 5), mode="constant", cval=0) == 0
    ink = float(images[background].mean()) if background.any() else 0.0
    neighbours = np.zeros((3, 3, 3), bool)
    neighbours[1] = True  # all eight within an image, none across images
    groups, count = ndimage.label(images >= SPECK_INK, neighbours)
    sizes = np.bincount(groups.ravel(), minlength=count + 1)[1:]
    specks = int((sizes <= SPECK_PIXELS).sum()) / len(images)
    return Sand(ink, float(background.mean()), specks)


def scores(generator: Generator) -> dict[str, float]:
    """What a card tells of a generator, from its digits of seeds 0 to 9,999."""
    measured = sand(write(generator, latents.draw(0, SCORED, generator.z_dim, generator.classes)))
    return {"sand": round(measured.ink, 4), "specks_per_digit": round(measured.specks, 4)}
