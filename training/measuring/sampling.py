"""Generates digits for training and measuring, with a float or an integer generator. Knows no HTTP."""

import numpy as np
import torch

from models import golden, latents
from models.generators import Generator
from models.integers import IntegerGenerator
from models.latents import Latents
from models.pixels import SIDE, Pixels, to_uint8
from training.measuring.measures import sand

CHUNK = 500
QUICK = 2_000  # digits that a new card's sand rests on
CPU = torch.device("cpu")


def write(generator: Generator | IntegerGenerator, drawn: Latents) -> Pixels:
    """Latents -> uint8 [n, 28, 28], or [n, channels, 28, 28] if there are several channels.

    A float generator runs in evaluation mode and float32 on its own device, an integer generator in the fastest exact way on the CPU.
    """
    if isinstance(generator, Generator):
        return write_in_floats(generator, drawn)
    way = golden.choose(generator, golden.golden_first(generator), CPU).way
    return golden.in_batches(way, latents.rows(drawn.z, latents.one_hot(drawn.label, generator.classes)), CHUNK)


@torch.inference_mode()
def write_in_floats(generator: Generator, drawn: Latents) -> Pixels:
    device = next(generator.parameters()).device
    training = generator.training
    generator.eval()
    z = torch.from_numpy(latents.as_numbers(drawn.z)).to(device)
    label = torch.from_numpy(latents.one_hot(drawn.label, generator.classes) / np.float32(latents.WHOLE)).to(device)
    images = torch.cat([to_uint8(generator(z[i : i + CHUNK], label[i : i + CHUNK])) for i in range(0, len(z), CHUNK)])
    generator.train(training)
    return images.cpu().numpy()


def first_look(generator: Generator | IntegerGenerator) -> dict[str, float]:
    """The scores of a new card, which need no judge: sand and specks of the digits of seeds 0 to 1,999."""
    images = write(generator, latents.draw(0, QUICK, generator.z_dim, generator.classes))
    measured = sand(images.reshape(-1, SIDE, SIDE))
    return {"sand": round(measured.ink, 4), "specks_per_digit": round(measured.specks, 4)}
