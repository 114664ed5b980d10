"""Turns a request's seeds, z and labels into rows for a generator, and checks them against the model.

A client's z is rounded here to the grid of 1/32. Knows no HTTP and runs no network.
"""

import secrets
from dataclasses import dataclass

import numpy as np
from pydantic_core import PydanticCustomError

from app.digits.checks import check_labels, check_vector, label_numbers, refuse_without_label
from app.engine.batches import Digit
from app.errors import Unprocessable
from app.schemas.pictures import SheetRequest
from app.schemas.validation import MESSAGES, as_sentence, with_allowed
from models import latents
from models.cards import Card

DRAWN_SEEDS = 2**32  # the server draws seeds that are short enough to type


@dataclass(frozen=True)
class Rows:
    """The generator's input, and the seeds and labels for the response."""

    values: latents.Rows  # [n, z_dim + classes]
    steps: latents.Steps  # [n, z_dim]
    labels: list[int] | None  # [n]; None where the model has no labels
    seeds: list[int] | None  # [n]; None where z was given


def requested_rows(wanted: SheetRequest, card: Card, labels: list[int] | None) -> Rows:
    """Row i comes from `seed + i`, or is z[i]. Its label is the requested one, else the seed's own. With `each`, every seed or z gives a
    row for each of the labels. Raises Unprocessable."""
    n, network, model = wanted.draws, card.network, card.name
    if wanted.vectors is None:
        seed = seed_or_drawn(wanted.seed)
        drawn = latents.draw(seed, n, network.z_dim, network.classes)
        z, label, seeds = drawn.z, drawn.label, list(range(seed, seed + n))
    else:
        seeds = None
        for i, vector in enumerate(wanted.vectors):
            check_vector(vector, network, model, f"vector {i}")
        if labels is None:
            refuse_without_label(network, model)
        z, label = latents.from_numbers(np.array(wanted.vectors)), np.zeros(n, np.int64)
    if wanted.truncation != 1:
        z = latents.to_grid(z * wanted.truncation)
    if labels is not None and wanted.each:
        z, label = z.repeat(len(labels), axis=0), np.tile(labels, n)
        seeds = seeds and [seed for seed in seeds for _ in labels]
    elif labels is not None:
        label = np.broadcast_to(np.array(labels, np.int64), n)
    values = latents.rows(z, latents.one_hot(label, network.classes))
    return Rows(values, z, label.tolist() if network.classes else None, seeds)


def requested_digit(wanted: SheetRequest, card: Card) -> Digit:
    """The one digit of a request for a single seed. Raises Unprocessable."""
    labels = requested_labels(wanted, card)
    return seed_or_drawn(wanted.seed), None if labels is None else labels[0], wanted.paper


def seed_or_drawn(seed: int | None) -> int:
    return secrets.randbelow(DRAWN_SEEDS) if seed is None else seed


def requested_labels(wanted: SheetRequest, card: Card) -> list[int] | None:
    """One label per digit, one for all, or with `each` all that the model has; None if each seed draws its own. Raises Unprocessable."""
    if not wanted.each:
        otherwise = with_allowed(MESSAGES["int_type"], type(wanted), "label")
        return None if wanted.labels is None else label_numbers(wanted.labels, card, otherwise)
    classes = card.network.classes
    check_labels([], card)
    try:
        wanted.check_size(classes)
    except PydanticCustomError as error:
        raise Unprocessable(as_sentence(error.message())) from None
    return list(range(classes))
