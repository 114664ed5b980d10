"""Checks what an exported file computes against the golden bytes of its generator's card. Does not know in what format it is."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models import latents
from models.cards import GOLDEN, Card
from models.integers import fingerprint
from models.pixels import Pixels
from models.sentences import SentenceError

BATCH = 64

Compute = Callable[..., Pixels]  # of z, and of label if the model has labels


class ExportError(SentenceError):
    """A generator cannot be exported. The message says why and what to do."""


def check(compute: Compute, card: Card) -> None:
    """Raises ExportError unless the golden digits come out, byte for byte."""
    assert card.integers is not None
    inputs = golden_inputs(card.network.z_dim, card.network.classes)
    images = [compute(*(part[start : start + BATCH] for part in inputs)) for start in range(0, GOLDEN, BATCH)]
    if fingerprint(np.concatenate(images)) != card.integers.golden:
        raise ExportError(
            f"Nothing was written: what was exported of {card.name} gives other digits on this machine than the generator itself. "
            "Try another --format, or other versions of the packages."
        )


def golden_inputs(z_dim: int, classes: int) -> tuple[NDArray[Any], ...]:
    """z, and label if there are classes, of the seeds whose pixels are golden."""
    z = latents.draw(0, GOLDEN, z_dim).z
    return (z, np.arange(GOLDEN) % classes) if classes else (z,)
