"""The points of latent space that a request names, by seed or z, and the labels of the digits there. Knows no HTTP, and no path between
them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from app.digits.checks import check_vector, label_numbers, refuse_without_label
from app.digits.walks import Point
from app.schemas.fields import Label, ScaledRequest
from app.schemas.validation import MESSAGES, with_allowed
from app.schemas.walks import ENDS_ALLOWED, Walk
from models import latents
from models.cards import Card

EndLabels = tuple[int | None, int | None]  # the labels at the start and at the end; None where the model has none


@dataclass(frozen=True)
class LabelledPoint:
    """A latent vector, and the label that its seed draws."""

    z: Point
    label: int | None  # None where z was given, or the model has no labels


def point(card: Card, where: int | list[float]) -> LabelledPoint:
    """The point of a seed or of a given vector. Raises Unprocessable for a vector of another length than the model's z."""
    network = card.network
    if isinstance(where, int):
        drawn = latents.draw(where, 1, network.z_dim, network.classes)
        return LabelledPoint(drawn.z[0].astype(np.int64), int(drawn.label[0]) if network.classes else None)
    check_vector(where, network, card.name)
    return LabelledPoint(latents.from_numbers(np.array(where, np.float64)).astype(np.int64), None)


def seeded(points: Sequence[LabelledPoint]) -> Sequence[LabelledPoint]:
    """Those that have a label; all if none has one."""
    return [one for one in points if one.label is not None] or points


def both_ends(label: Label | None) -> tuple[Label, Label] | None:
    """The same label at both ends."""
    return None if label is None else (label, label)


def end_labels(card: Card, wanted: ScaledRequest, ends: tuple[Label, Label] | None, points: Sequence[LabelledPoint]) -> EndLabels:
    """The labels at the start and at the end: those requested as `ends`, else those of the first and the last point. Raises
    Unprocessable."""
    if ends is not None:
        complaint = ENDS_ALLOWED if isinstance(wanted, Walk) else MESSAGES["int_type"]
        first, last = label_numbers(ends, card, with_allowed(complaint, type(wanted), "label"))
        return first, last
    if points[0].label is None or points[-1].label is None:
        refuse_without_label(card.network, card.name)
        return None, None
    return points[0].label, points[-1].label
