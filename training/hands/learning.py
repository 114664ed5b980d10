"""Teaches an encoder to read hands. Yields its losses; prints nothing, writes nothing.

Half of each batch are digits that the generator writes, whose z is known. The other half are real ones, moved and stretched a little, whose
z nobody knows: there the digit that is written back must be like the one that was read. And the other digits of that hand must be
readable, or a z that copies one digit would do, and write nothing else.
"""

import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from models.encoder import Encoder
from models.pixels import to_float
from models.smooth import SmoothGenerator
from training.data.dataset import Dataset
from training.measuring.judge import Judge
from training.parts.augmentation import Affine
from training.parts.data import Batches

STEPS = 5000
BATCH = 64  # half of it generated
RATE = 2e-3
DECAY = 1e-4


@dataclass(frozen=True)
class Shares:
    """What each loss weighs."""

    pixels: float = 4.0  # of the digit written back, mean squared
    features: float = 0.3  # of the judge, relative to those of the digit that was read
    known_z: float = 0.2  # of generated digits, mean squared
    length: float = 0.03  # of real digits' z, mean squared, so that they stay where random z lie
    others: float = 0.02  # the judge's cross-entropy of another digit in the same hand
    label: float = 0.1  # cross-entropy of the label found


@dataclass(frozen=True)
class Losses:
    """The losses of a step, and the seconds it took."""

    pixels: float
    features: float
    known_z: float
    length: float
    others: float
    label: float
    seconds: float


def learn(
    encoder: Encoder,
    generator: SmoothGenerator,
    judge: Judge,
    dataset: Dataset,
    steps: int = STEPS,
    seed: int = 0,
    batch: int = BATCH,
    shares: Shares = Shares(),
    augmentation: Affine = Affine(),  # noqa: B008 - frozen
) -> Iterator[Losses]:
    """Trains in place. Seeds torch's default generator for nothing: pass an encoder that was made under a seed."""
    random = torch.Generator().manual_seed(seed)
    batches = Batches(dataset, random)
    optimizer = torch.optim.AdamW(encoder.parameters(), weight_decay=DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=steps)
    classes, half = generator.classes, batch // 2
    encoder.train()
    for _ in range(steps):
        began = time.monotonic()
        z_known = torch.randn(half, generator.z_dim, generator=random)
        written = torch.randint(classes, (half,), generator=random)
        with torch.no_grad():
            generated = generator(z_known, one_hot(written, classes))
        images, read = batches.take(half)
        real = to_float(images)
        real = augmentation(real, augmentation.draw(half, random))
        digits, labels = torch.cat([generated, real]), torch.cat([written, read])  # [batch, 1, 28, 28], [batch]
        features = encoder.features(digits)
        z = encoder.hand(features, one_hot(labels, classes))  # [batch, z_dim]
        back = generator(z, one_hot(labels, classes))
        other = torch.randint(classes, (batch,), generator=random)
        with torch.no_grad():
            seen = judge.features(digits)
        losses = {
            "pixels": (back - digits).square().mean(),
            "features": (judge.features(back) - seen).square().mean() / seen.square().mean(),
            "known_z": (z[:half] - z_known).square().mean(),
            "length": z[half:].square().mean(),
            "others": F.cross_entropy(judge.classes(judge.features(generator(z, one_hot(other, classes)))), other),
            "label": F.cross_entropy(encoder.logits(features), labels),
        }
        loss = torch.stack([share * losses[name] for name, share in asdict(shares).items()]).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        yield Losses(**{name: value.item() for name, value in losses.items()}, seconds=time.monotonic() - began)


def one_hot(labels: Tensor, classes: int) -> Tensor:
    return F.one_hot(labels, classes).float()
