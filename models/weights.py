"""Weights files: a generator and its card in one safetensors file, written whole or not at all, read strictly.

The card lies in the file's header as JSON and holds all that rebuilds the network and all that is known of it. A generator in integers,
which is served, is stored as it is; of a float one, which is trained, parameters as float16 and batch-norm statistics as they are.
Nothing here is a pickle: a weights file is data. Knows no training and no HTTP.
"""

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch
from pydantic import ValidationError
from torch import Tensor

from models.cards import SUFFIX, Card, IntegersCard, NetworkCard
from models.generators import Generator
from models.integers import ARITHMETIC, IntegerGenerator, UnsoundError, from_tensors, to_tensors
from models.latents import STREAM
from models.networks import networks_of


class WeightsError(Exception):
    """A weights file that cannot be used. The message names the file, the cause and what to do."""


@dataclass(frozen=True)
class Weights:
    """A generator, ready to use (a float one in evaluation mode), its card, and the SHA-256 of its file and of its tensors alone."""

    card: Card
    generator: Generator | IntegerGenerator
    sha256: str
    tensors_sha256: str  # the same whatever the card says


def save(path: Path, generator: Generator | IntegerGenerator, card: Card) -> None:
    """Write one file, atomically: a crash or a full disk leaves the old file or none, never half of one."""
    if isinstance(generator, IntegerGenerator):
        write(path, to_tensors(generator.layers), card)
        return
    statistics = dict(generator.named_buffers())
    tensors = {
        name: tensor.detach().cpu().contiguous().to(tensor.dtype if name in statistics else torch.float16)
        for name, tensor in generator.state_dict().items()
    }
    for name, tensor in tensors.items():
        if not tensor.isfinite().all():
            raise WeightsError(f"{path} was not written: {name} holds NaN, infinity or a number too large for float16.")
    write(path, tensors, card)


def load(path: Path) -> Weights:
    """Rebuild the generator as the card says and fill it, strictly: every tensor there, of its shape, and no other."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        there = ", ".join(sorted(file.name for file in path.parent.glob("*" + SUFFIX))) or "none"
        raise WeightsError(f"{path} does not exist. Weights files in that folder: {there}.") from None
    except OSError as error:
        raise WeightsError(f"{path} cannot be read: {error.strerror}. Check its permissions.") from None
    try:
        tensors = safetensors.torch.load(content)
        header = read_header(content)
    except (safetensors.SafetensorError, ValueError) as error:
        raise WeightsError(
            f"{path} is no whole safetensors file ({error}). It is truncated, damaged or something else: fetch it again."
        ) from None
    card = read_card(path, header)
    if digest(tensors, header["card"]) != header.get("sha256"):
        raise WeightsError(f"{path} was changed after it was written: its content does not match its SHA-256. Fetch it again.")
    generator = in_floats(path, tensors, card) if card.integers is None else in_integers(path, tensors, card.network, card.integers)
    return Weights(card, generator, hashlib.sha256(content).hexdigest(), digest(tensors))


def in_floats(path: Path, tensors: Mapping[str, Tensor], card: Card) -> Generator:
    network = card.network
    generator = networks_of(network.kind, network.z_dim, network.hidden, network.channels).generator(network.classes)
    check_shapes(path, generator.state_dict(), tensors)
    generator.load_state_dict(tensors)
    return generator.eval().requires_grad_(False)


def in_integers(path: Path, tensors: Mapping[str, Tensor], network: NetworkCard, card: IntegersCard) -> IntegerGenerator:
    if (card.stream, card.arithmetic) != (STREAM, ARITHMETIC):
        raise WeightsError(
            f"{path} is for stream {card.stream} and arithmetic {card.arithmetic}; this version has {STREAM} and {ARITHMETIC}. "
            "Use the version that wrote it."
        )
    try:
        generator = from_tensors(tensors, network.z_dim, network.classes, network.kind)
    except UnsoundError as error:
        raise WeightsError(f"{path} holds no sound generator in integers: {error}. Fetch it again.") from None
    if generator.bounds != card.bounds:
        raise WeightsError(f"{path} has sums up to {generator.bounds}, its card says {card.bounds}. Fetch it again.")
    return generator


def rewrite_card(path: Path, **changes: Any) -> Card:
    """Replace fields of the card in a weights file; the tensors stay as they are."""
    card = Card.model_validate({**load(path).card.model_dump(), **changes})
    write(path, safetensors.torch.load_file(path), card)
    return card


def write(path: Path, tensors: dict[str, Tensor], card: Card) -> None:
    text = card.model_dump_json()
    write_atomically(path, in_order(safetensors.torch.save(tensors, {"card": text, "sha256": digest(tensors, text)})))


def in_order(content: bytes) -> bytes:
    """A safetensors file with its header sorted, so that the same generator is the same file; safetensors keeps no order of texts."""
    length = int.from_bytes(content[:8], "little")
    header = json.dumps(json.loads(content[8 : 8 + length]), sort_keys=True, separators=(",", ":")).encode()
    header += b" " * (-len(header) % 8)  # so that the tensors begin at a multiple of 8
    return len(header).to_bytes(8, "little") + header + content[8 + length :]


def read_header(content: bytes) -> dict[str, str]:
    """The text part of a safetensors file: a length of 8 bytes, then JSON with a `__metadata__` of strings."""
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length]).get("__metadata__", {})
    return dict(header)


def read_card(path: Path, header: Mapping[str, str]) -> Card:
    if "card" not in header:
        raise WeightsError(f"{path} has no card in its header, so it was not written by this project. Train one, or remove it.")
    try:
        return Card.model_validate_json(header["card"])
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        field = ".".join(map(str, first["loc"])) or "the whole"
        raise WeightsError(
            f"{path} has a card that this version does not understand ({field}: {first['msg']}). Use the version that wrote it."
        ) from None


def check_shapes(path: Path, expected: Mapping[str, Tensor], found: Mapping[str, Tensor]) -> None:
    for name in sorted(expected.keys() | found.keys()):
        wanted = list(expected[name].shape) if name in expected else "nothing of that name"
        got = list(found[name].shape) if name in found else "nothing of that name"
        if wanted != got:
            raise WeightsError(f"{path} does not fit the network of its card: {name} is {got}, expected {wanted}. Fetch it again.")


def digest(tensors: Mapping[str, Tensor], card: str = "") -> str:
    """SHA-256 over the card's text, then the tensors' names, types, shapes and bytes, in the order of the names."""
    sha256 = hashlib.sha256(card.encode())
    for name in sorted(tensors):
        tensor = tensors[name]
        sha256.update(f"{name} {tensor.dtype} {list(tensor.shape)}\n".encode())
        sha256.update(tensor.contiguous().flatten().view(torch.uint8).numpy().tobytes())
    return sha256.hexdigest()


def write_atomically(path: Path, content: bytes) -> None:
    """Write beside the target, flush to the disk, then rename: the target is the old file or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
