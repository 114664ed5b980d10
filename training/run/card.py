"""The card of a run's generator: how it was made, on what, and for how long. Knows no file, and no scores."""

from collections.abc import Sequence

import torch

from models.cards import CLASS_NAME_MAX, Card, DataCard, NetworkCard
from models.device import describe
from training.run.loop import Training


def card(training: Training, name: str, wall_time_s: float) -> Card:
    """Only for generators that a card can describe (`models.networks.is_described`)."""
    networks, dataset = training.recipe.networks, training.dataset
    return Card(
        name=name,
        network=NetworkCard(
            kind=networks.kind,
            z_dim=networks.z_dim,
            classes=training.recipe.labels.classes,
            hidden=networks.hidden,
            width=networks.width,
            channels=networks.channels,
        ),
        recipe=training.recipe.parts(),
        batch=training.batch,
        seed=training.seed,
        images_seen=training.images,
        wall_time_s=round(wall_time_s, 1),
        machine=describe(training.device),
        torch=torch.__version__,
        data=DataCard(
            name=dataset.name,
            images=len(dataset.images),
            sha256=dataset.sha256,
            class_names=class_names(dataset.class_names, training.recipe.labels.classes),
        ),
    )


def class_names(names: Sequence[str], classes: int) -> tuple[str, ...]:
    """The names as a card holds them: in one line, and not too long. None for digits, for labels without names, and for names of which
    two became the same."""
    plain = tuple(" ".join("".join(c if c.isprintable() else " " for c in name).split())[:CLASS_NAME_MAX].rstrip() for name in names)
    numbers = tuple(map(str, range(classes)))
    if len(plain) != classes or plain == numbers or not all(plain) or len(set(plain)) < classes:
        return ()
    return plain
