"""Checks that a request's labels and z fit the model, and turns names of classes into labels. Knows no HTTP."""

from collections.abc import Sequence

from app.errors import Unprocessable
from app.schemas.fields import DIGITS, Label
from models.cards import Card, NetworkCard
from models.shown import shown

NAMES_TOLD = 10  # all of them; of more the first two and the last


def label_numbers(labels: Sequence[Label], card: Card, otherwise: str) -> list[int]:
    """The labels as numbers. Text is the exact name of a class. A complaint names the place in a list, but not in a tuple.

    Raises Unprocessable if the model has no labels, or not all of these. `otherwise` says what is taken where classes have no names.
    """
    names = card.data.class_names
    numbers = []
    for i, label in enumerate(labels):
        if isinstance(label, str) and label not in names:
            place = f"label[{i}]" if isinstance(labels, list) else "label"
            unknown = f"the model {card.name} writes no '{shown(label)}': it writes {shortened(names)}"
            raise Unprocessable(f"{place}: {unknown if names else otherwise}.")
        numbers.append(names.index(label) if isinstance(label, str) else label)
    check_labels(numbers, card)
    return numbers


def check_labels(labels: Sequence[int], card: Card) -> None:
    """Raises Unprocessable if the model has no labels, or not all of these."""
    classes, names = card.network.classes, card.data.class_names
    if not classes:
        raise Unprocessable(
            f"label: the model {card.name} has no labels and cannot be told what to write. Leave label out, or name another model."
        )
    if labels and max(labels) >= classes:
        named = f" ({shortened(names)})" if names else ""
        raise Unprocessable(f"label: {max(labels)} is none of the labels of the model {card.name}: 0 to {classes - 1}{named}.")


def shortened(names: Sequence[str]) -> str:
    return ", ".join(names if len(names) <= NAMES_TOLD else [*names[:2], "...", names[-1]])


def refuse_without_label(network: NetworkCard, model: str) -> None:
    """Raises Unprocessable if the model has labels: z alone does not determine one."""
    if network.classes:
        raise Unprocessable(f"label: the model {model} writes what it is told to: send a label with z, 0 to {network.classes - 1}.")


def check_vector(vector: Sequence[float], network: NetworkCard, model: str, which: str = "a vector") -> None:
    """Raises Unprocessable for a z of another length than the model's."""
    if len(vector) != network.z_dim:
        raise Unprocessable(f"z: {which} has {len(vector)} numbers; the model {model} takes {network.z_dim}.")


def writable(card: Card) -> dict[str, int]:
    """The characters that a model can be told to write, and their labels. Raises Unprocessable if there are none."""
    names, classes = card.data.class_names, card.network.classes
    characters = {name: label for label, name in enumerate(card.class_names) if len(name) == 1}
    if not names and classes < DIGITS:
        raise Unprocessable(f"model: {card.name} cannot be told which digit to write. Name another model.")
    if not characters:
        raise Unprocessable(f"model: {card.name} writes no characters: its classes are {shortened(names)}. Name another model.")
    return characters
