"""Checks that a request's labels and z fit the model. Knows no HTTP."""

from collections.abc import Sequence

from app.errors import Unprocessable
from models.cards import NetworkCard


def check_labels(labels: Sequence[int], network: NetworkCard, model: str) -> None:
    """Raises Unprocessable if the model has no labels, or not all of these."""
    if not network.classes:
        raise Unprocessable(
            f"label: the model {model} has no labels and cannot be told what to write. Leave label out, or name another model."
        )
    if labels and max(labels) >= network.classes:
        raise Unprocessable(f"label: {max(labels)} is none of the labels of the model {model}: 0 to {network.classes - 1}.")


def refuse_without_label(network: NetworkCard, model: str) -> None:
    """Raises Unprocessable if the model has labels: z alone does not determine one."""
    if network.classes:
        raise Unprocessable(f"label: the model {model} writes what it is told to: send a label with z, 0 to {network.classes - 1}.")


def check_vector(vector: Sequence[float], network: NetworkCard, model: str, which: str = "a vector") -> None:
    """Raises Unprocessable for a z of another length than the model's."""
    if len(vector) != network.z_dim:
        raise Unprocessable(f"z: {which} has {len(vector)} numbers; the model {model} takes {network.z_dim}.")
