"""The encoder: reads a hand. A digit in, the z out with which the generator writes it again, and every other digit in the same hand.

Floats on the way to z, so another machine may read a z that is a step of 1/32 away; from z on, everything is the same everywhere. Knows
neither how it is trained nor requests. NAME.encoder.safetensors lies beside the weights, and belongs to them alone.
"""

import itertools
from pathlib import Path

import numpy as np
import safetensors.torch
import torch
from numpy.typing import NDArray
from pydantic import ValidationError
from torch import Tensor, nn
from torch.nn import functional as F

from models import atomic, latents, tensors
from models.cards import ENCODER_SUFFIX, SUFFIX, EncoderCard
from models.documents import DocumentError, parsed
from models.files import FileError
from models.hands import UNKNOWN
from models.latents import Rows
from models.pixels import SIDE, to_float
from models.weights import Weights, WeightsError, digest


class Encoder(nn.Module):
    """Images [B, 1, 28, 28] in [-1, 1] -> features -> the logits of each class, and with a label z."""

    def __init__(self, z_dim: int, classes: int, width: int = 32, hidden: int = 512) -> None:
        super().__init__()
        widths = (1, width, 2 * width, 4 * width)
        self.classes = classes
        self.convs = nn.ModuleList(
            nn.Conv2d(before, after, 3, stride=1 if before == 1 else 2, padding=1, bias=False)
            for before, after in itertools.pairwise(widths)
        )
        self.norms = nn.ModuleList(nn.BatchNorm2d(after) for after in widths[1:])
        self.dense = nn.Linear(4 * width * (SIDE // 4) ** 2, hidden)
        self.dense_norm = nn.BatchNorm1d(hidden)
        self.label = nn.Linear(hidden, classes)
        self.labelled = nn.Linear(hidden + classes, hidden)
        self.z = nn.Linear(hidden, z_dim)

    def features(self, images: Tensor) -> Tensor:
        x = images
        for conv, norm in zip(self.convs, self.norms, strict=True):
            x = F.relu(norm(conv(x)))  # [B, width, 28, 28] -> [B, 2 width, 14, 14] -> [B, 4 width, 7, 7]
        return F.relu(self.dense_norm(self.dense(x.flatten(1))))  # [B, hidden]

    def logits(self, features: Tensor) -> Tensor:
        """[B, hidden] -> [B, classes]"""
        return self.label(features)  # type: ignore[no-any-return]

    def hand(self, features: Tensor, label: Tensor) -> Tensor:
        """Features [B, hidden] and one-hot labels [B, classes] -> z [B, z_dim]."""
        return self.z(F.relu(self.labelled(torch.cat([features, label], dim=1))))  # type: ignore[no-any-return]


class HandReader:
    """An encoder as the model process calls it, from one thread at a time."""

    def __init__(self, encoder: Encoder) -> None:
        self.encoder = encoder.eval().requires_grad_(False)

    @torch.inference_mode()
    def __call__(self, rows: Rows) -> NDArray[np.float32]:
        """Rows [n, 785] -> [n, z_dim + 2].

        A row is a digit's pixels as MNIST has them, then its label (UNKNOWN: the most probable one is taken). A result is z in standard
        deviations, on its grid, then the label and how probable the encoder finds it.
        """
        images = to_float(torch.from_numpy(rows[:, :-1].reshape(-1, SIDE, SIDE)))
        features = self.encoder.features(images)
        probable = self.encoder.logits(features).softmax(dim=1)  # [n, classes]
        told = torch.from_numpy(rows[:, -1].astype(np.int64))
        label = torch.where(told == UNKNOWN, probable.argmax(dim=1), told)
        z = self.encoder.hand(features, F.one_hot(label, self.encoder.classes).float())
        steps = latents.from_numbers(z.numpy())
        certain = probable.gather(1, label[:, None]).numpy()
        return np.concatenate([latents.as_numbers(steps), label[:, None].numpy(), certain], axis=1, dtype=np.float32)


def file_beside(weights: Path) -> Path:
    return weights.with_name(weights.name.removesuffix(SUFFIX) + ENCODER_SUFFIX)


def save(path: Path, encoder: Encoder, card: EncoderCard) -> None:
    """Writes one file atomically, its numbers as float16."""
    kept = {name: tensor.detach().cpu().contiguous() for name, tensor in encoder.state_dict().items()}
    kept = {name: tensor.half() if tensor.is_floating_point() and "running" not in name else tensor for name, tensor in kept.items()}
    text = card.model_dump_json()
    atomic.write(path, tensors.in_order(safetensors.torch.save(kept, {"card": text, "sha256": digest(kept, text)})))


def load(path: Path, generator: Weights) -> tuple[EncoderCard, Encoder] | None:
    """The encoder and its card; None if there is no file. Raises WeightsError if it is broken, or reads for another generator."""
    remedy = f"Remove it, or train one: python -m training encoder {generator.card.name}"
    try:
        stored = tensors.read(path)
        text = stored.texts.get("card", "")
        parsed(text)
        card = EncoderCard.model_validate_json(text)
        if digest(stored.tensors, text) != stored.texts.get("sha256"):
            raise WeightsError(f"{path} was changed after it was written: its content does not match its SHA-256. {remedy}")
        if card.tensors_sha256 != generator.tensors_sha256:
            raise WeightsError(f"{path} reads hands for other weights than those of {generator.card.name}. {remedy}")
        if (card.z_dim, card.classes) != (generator.card.network.z_dim, generator.card.network.classes):
            raise WeightsError(f"{path} reads hands for another generator than {generator.card.name}. {remedy}")
        with torch.device("meta"):
            tensors.check_fit(path, Encoder(card.z_dim, card.classes, card.width, card.hidden).state_dict(), stored.tensors)
    except FileNotFoundError:
        return None
    except FileError as error:
        raise WeightsError(f"{error} Or train one: python -m training encoder {generator.card.name}") from None
    except (DocumentError, ValidationError):
        raise WeightsError(f"{path} has no card of an encoder that this version understands. {remedy}") from None
    encoder = Encoder(card.z_dim, card.classes, card.width, card.hidden)
    encoder.load_state_dict(stored.tensors)
    return card, encoder.eval().requires_grad_(False)
