"""Weights files: a generator and its card in one safetensors file, written atomically, read strictly. Knows neither training nor HTTP.

The card is JSON in the file's header. It holds everything needed to rebuild the network, and how it was made. An integer generator, which
is served, is stored as it is. A float generator, which is trained, has its parameters stored as float16 and its batch-norm statistics
unchanged. Nothing here is a pickle: a weights file is only data.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from pydantic import ValidationError
from torch import Tensor

from models import atomic, files, tensors
from models.cards import ENCODER_SUFFIX, SUFFIX, Card, IntegersCard
from models.documents import DocumentError, parsed
from models.files import FileError
from models.generators import Generator
from models.integers import ARITHMETIC, IntegerGenerator, UnsoundError, from_tensors, to_tensors
from models.latents import STREAM
from models.networks import networks_of
from models.sentences import SentenceError
from models.tensors import LONGEST_NAME


class WeightsError(SentenceError):
    """A weights file cannot be used. The message names the file, the cause and what to do."""


@dataclass(frozen=True)
class Weights:
    """A generator ready to use (a float one in evaluation mode), its card, and the SHA-256 of its file and of its tensors alone."""

    card: Card
    generator: Generator | IntegerGenerator
    sha256: str
    tensors_sha256: str  # does not depend on the card
    size_bytes: int  # of the file


def save(path: Path, generator: Generator | IntegerGenerator, card: Card) -> None:
    """Writes one file atomically: a crash or a full disk leaves the old file or none, never half of one."""
    if isinstance(generator, IntegerGenerator):
        write(path, to_tensors(generator.layers), card)
        return
    statistics = dict(generator.named_buffers())
    kept = {
        name: tensor.detach().cpu().contiguous().to(tensor.dtype if name in statistics else torch.float16)
        for name, tensor in generator.state_dict().items()
    }
    for name, tensor in kept.items():
        if not tensor.isfinite().all():
            raise WeightsError(f"{path} was not written: {name} holds NaN, infinity or a number too large for float16.")
    write(path, kept, card)


def load(path: Path) -> Weights:
    """Rebuilds the generator from its card, and loads its tensors strictly: all of them, of the right shape, and no others."""
    try:
        stored = tensors.read(path)
        card = read_card(path, stored.texts)
        if digest(stored.tensors, stored.texts["card"]) != stored.texts.get("sha256"):
            raise WeightsError(f"{path} was changed after it was written: its content does not match its SHA-256. Fetch it again.")
        generator = in_floats(path, stored.tensors, card) if card.integers is None else in_integers(path, stored.tensors, card)
    except FileNotFoundError:
        raise WeightsError(f"{path} does not exist. Weights files in that folder: {neighbours(path)}.") from None
    except FileError as error:
        raise WeightsError(str(error)) from None
    return Weights(card, generator, hashlib.sha256(stored.content).hexdigest(), digest(stored.tensors), len(stored.content))


def load_served(path: Path) -> tuple[Weights, IntegerGenerator, IntegersCard]:
    """A file whose generator can be served, since it is in integers: also that generator and its part of the card."""
    loaded = load(path)
    if loaded.card.network.channels != 1:
        raise WeightsError(
            f"{path} makes images of {loaded.card.network.channels} channels; only greyscale models are served. Move it away."
        )
    told = loaded.card.integers
    if not isinstance(loaded.generator, IntegerGenerator) or told is None:
        raise WeightsError(
            f"{path} holds a float generator, and only those in integers are served. Make one of it: python -m training integers {path}"
        )
    return loaded, loaded.generator, told


def neighbours(path: Path) -> str:
    try:
        there = [file.name for file in files.listed(path.parent, SUFFIX) if not file.name.endswith(ENCODER_SUFFIX)]
    except (FileError, OSError):
        return "none"
    return ", ".join(there) or "none"


def in_floats(path: Path, found: Mapping[str, Tensor], card: Card) -> Generator:
    network = card.network
    networks = networks_of(network.kind, network.z_dim, network.hidden, network.channels, network.width)
    with torch.device("meta"):  # so that the largest network takes no memory
        tensors.check_fit(path, networks.generator(network.classes).state_dict(), found)
    generator = networks.generator(network.classes)
    generator.load_state_dict(found)
    return generator.eval().requires_grad_(False)


def in_integers(path: Path, found: Mapping[str, Tensor], card: Card) -> IntegerGenerator:
    network, told = card.network, card.integers
    assert told is not None
    if (told.stream, told.arithmetic) != (STREAM, ARITHMETIC):
        raise WeightsError(
            f"{path} is for stream {told.stream} and arithmetic {told.arithmetic}; this version has {STREAM} and {ARITHMETIC}. "
            "Use the version that wrote it."
        )
    try:
        generator = from_tensors(found, network.z_dim, network.classes, network.kind)
    except UnsoundError as error:
        raise WeightsError(f"{path} holds no sound generator in integers: {error}. Fetch it again.") from None
    if generator.bounds != told.bounds:
        raise WeightsError(f"{path} has sums up to {generator.bounds}, its card says {told.bounds}. Fetch it again.")
    return generator


def rewrite_card(path: Path, **changes: Any) -> Card:
    """Replaces fields of the card in a weights file. The tensors stay as they are."""
    card = Card.model_validate({**load(path).card.model_dump(), **changes})
    write(path, tensors.read(path).tensors, card)
    return card


def write(path: Path, content: dict[str, Tensor], card: Card) -> None:
    absent = {"data": set() if card.data.class_names else {"class_names"}, "network": set() if card.network.width else {"width"}}
    text = card.model_dump_json(exclude=absent)  # a card that does without these fields stays as it was before there were any
    atomic.write(path, tensors.in_order(safetensors.torch.save(content, {"card": text, "sha256": digest(content, text)})))


def read_card(path: Path, header: Mapping[str, str]) -> Card:
    if "card" not in header:
        raise WeightsError(f"{path} has no card in its header, so it was not written by this project. Train one, or remove it.")
    try:
        parsed(header["card"])
        return Card.model_validate_json(header["card"])
    except DocumentError as error:
        cause = f"it {error}"
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        field = ".".join(map(str, first["loc"]))[:LONGEST_NAME] or "the whole"
        cause = f"{field}: {first['msg']}"
    raise WeightsError(f"{path} has a card that this version does not understand ({cause}). Use the version that wrote it.")


def digest(content: Mapping[str, Tensor], card: str = "") -> str:
    """SHA-256 over the card's text, then the tensors' names, types, shapes and bytes, in the order of the names."""
    sha256 = hashlib.sha256(card.encode())
    for name in sorted(content):
        tensor = content[name]
        sha256.update(f"{name} {tensor.dtype} {list(tensor.shape)}\n".encode())
        sha256.update(tensor.contiguous().flatten().view(torch.uint8).numpy().tobytes())
    return sha256.hexdigest()
