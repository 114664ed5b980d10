"""Turns a request's seeds, z and labels into rows for a generator, and checks them against the model.

A client's z is rounded here to the grid of 1/32. Knows no HTTP and runs no network.
"""

import secrets
from dataclasses import dataclass

import numpy as np

from app.digits.checks import check_labels, check_vector, refuse_without_label
from app.engine.batches import Digit
from app.schemas.fields import ALL_DIGITS
from app.schemas.pictures import SheetRequest
from models import latents
from models.cards import NetworkCard

DRAWN_SEEDS = 2**32  # the server draws seeds that are short enough to type


@dataclass(frozen=True)
class Rows:
    """The generator's input, and the seeds and labels for the response."""

    values: latents.Rows  # [n, z_dim + classes]
    steps: latents.Steps  # [n, z_dim]
    labels: list[int] | None  # [n]; None where the model has no labels
    seeds: list[int] | None  # [n]; None where z was given


def requested_rows(wanted: SheetRequest, network: NetworkCard, model: str) -> Rows:
    """Row i comes from `seed + i`, or is z[i]. Its label is the requested one, else the seed's own. With `each`, every seed or z gives ten
    rows, one a digit. Raises Unprocessable."""
    n = wanted.draws
    labels = checked_labels(wanted, network, model)
    if wanted.vectors is None:
        seed = seed_or_drawn(wanted.seed)
        drawn = latents.draw(seed, n, network.z_dim, network.classes)
        z, label, seeds = drawn.z, drawn.label, list(range(seed, seed + n))
    else:
        seeds = None
        for i, vector in enumerate(wanted.vectors):
            check_vector(vector, network, model, f"vector {i}")
        if labels is None and not wanted.each:
            refuse_without_label(network, model)
        z, label = latents.from_numbers(np.array(wanted.vectors)), np.zeros(n, np.int64)
    if wanted.truncation != 1:
        z = latents.to_grid(z * wanted.truncation)
    if labels is not None:
        label = np.broadcast_to(np.array(labels, np.int64), n)
    if wanted.each:
        z, label = z.repeat(len(ALL_DIGITS), axis=0), np.tile(ALL_DIGITS, n)
        seeds = seeds and [seed for seed in seeds for _ in ALL_DIGITS]
    values = latents.rows(z, latents.one_hot(label, network.classes))
    return Rows(values, z, label.tolist() if network.classes else None, seeds)


def requested_digit(wanted: SheetRequest, network: NetworkCard, model: str) -> Digit:
    """The one digit of a request for a single seed. Raises Unprocessable."""
    labels = checked_labels(wanted, network, model)
    return seed_or_drawn(wanted.seed), None if labels is None else labels[0], wanted.paper


def seed_or_drawn(seed: int | None) -> int:
    return secrets.randbelow(DRAWN_SEEDS) if seed is None else seed


def checked_labels(wanted: SheetRequest, network: NetworkCard, model: str) -> list[int] | None:
    labels = list(ALL_DIGITS) if wanted.each else wanted.labels
    if labels is None:
        return None
    check_labels(labels, network, model)
    return None if wanted.each else labels
