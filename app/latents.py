"""Seeds, z and labels to the rows that a generator takes, checked against the model that is to write them.

A row is z followed by the label's one-hot columns, as the generator joins them. Knows no HTTP and runs no network.
"""

import secrets
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.schemas import Wanted
from models import latents
from models.cards import NetworkCard

DRAWN_SEEDS = 2**32  # a seed that the server draws is short enough to be typed again


class Unfit(Exception):
    """A well-formed request that this model cannot serve."""


@dataclass(frozen=True)
class Rows:
    """What the generator is given, and what the answer's headers tell of it."""

    values: NDArray[np.float32]  # [n, z_dim + classes]
    labels: list[int] | None  # [n]; None where the model has no labels
    seed: int | None  # of the first row; None where z was given


def rows(wanted: Wanted, network: NetworkCard, model: str) -> Rows:
    """Row i comes from `seed + i`, or is z[i]; its label is the one asked for, else the seed's own."""
    n = wanted.count
    labels = checked_labels(wanted, network, model)
    if wanted.vectors is None:
        seed = secrets.randbelow(DRAWN_SEEDS) if wanted.seed is None else wanted.seed
        drawn = latents.draw(seed, n, network.z_dim, network.classes)
        z, label = drawn.z, drawn.label
    else:
        seed = None
        for i, vector in enumerate(wanted.vectors):
            if len(vector) != network.z_dim:
                raise Unfit(f"z: vector {i} has {len(vector)} numbers; the model {model} takes {network.z_dim}.")
        if network.classes and labels is None:
            raise Unfit(f"label: the model {model} writes what it is told to: send a label with z, 0 to {network.classes - 1}.")
        z, label = np.array(wanted.vectors, np.float32), np.zeros(n, np.int64)
    if labels is not None:
        label = np.broadcast_to(np.array(labels, np.int64), n)
    if not network.classes:
        return Rows(z, None, seed)
    return Rows(np.concatenate([z, latents.one_hot(label, network.classes)], axis=1), label.tolist(), seed)


def checked_labels(wanted: Wanted, network: NetworkCard, model: str) -> list[int] | None:
    labels = wanted.labels
    if labels is None:
        return None
    if not network.classes:
        raise Unfit(f"label: the model {model} has no labels and cannot be told what to write. Leave label out, or name another model.")
    if max(labels) >= network.classes:
        raise Unfit(f"label: {max(labels)} is none of the labels of the model {model}: 0 to {network.classes - 1}.")
    return labels
