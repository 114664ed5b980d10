"""The judge: a digit classifier that scores generators, and whose features are the space in which sets of digits are compared.

Judges differ, so a score means nothing without its floor: the same score of real digits against real digits.
Knows no generator.
"""

import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import safetensors.torch
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from models.device import has_bfloat16
from models.pixels import Pixels, to_float
from models.weights import write_atomically
from training.data import Batches, Dataset

FILE = Path(__file__).parent / "weights" / "judge.safetensors"
FEATURES = 128
CLASSES = 10
CHUNK = 1000


class JudgeError(Exception):
    """A judge that cannot be used. The message says what to do."""


class Judge(nn.Module):
    """Images [B, 1, 28, 28] in [-1, 1] -> features [B, 128], from which `classes` are read linearly [B, 10]."""

    def __init__(self) -> None:
        super().__init__()
        widths = (1, 32, 64, 64, 128)
        self.convs = nn.ModuleList(nn.Conv2d(a, b, 3, padding=1, bias=False) for a, b in itertools.pairwise(widths))
        self.norms = nn.ModuleList(nn.BatchNorm2d(width) for width in widths[1:])
        self.dense = nn.Linear(128 * 3 * 3, FEATURES)
        self.dropout = nn.Dropout(0.3)
        self.classes = nn.Linear(FEATURES, CLASSES)

    def features(self, images: Tensor) -> Tensor:
        x = images
        for i, (conv, norm) in enumerate(zip(self.convs, self.norms, strict=True)):
            x = F.relu(norm(conv(x)))
            if i != 1:
                x = F.max_pool2d(x, 2)  # 28 -> 14 -> (14) -> 7 -> 3
        return F.relu(self.dense(x.flatten(1)))  # [B, 128]

    def forward(self, images: Tensor) -> Tensor:
        return self.classes(self.dropout(self.features(images)))  # type: ignore[no-any-return]


class Judged(NamedTuple):
    features: NDArray[np.float64]  # [n, 128]
    labels: NDArray[np.int64]  # [n], the most probable digit


def new(seed: int) -> Judge:
    torch.manual_seed(seed)
    return Judge()


def train(judge: Judge, dataset: Dataset, device: torch.device, epochs: int, seed: int, batch: int = 128) -> Iterator[float]:
    """Yields the share done every hundred steps: AdamW under a one-cycle rate, on digits shifted by up to two pixels."""
    if dataset.classes > CLASSES or len(dataset.images) < batch:
        raise JudgeError(f"A judge learns at least {batch} images of at most {CLASSES} classes: give it MNIST.")
    judge.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    steps = epochs * (len(dataset.images) // batch)
    optimizer = torch.optim.AdamW(judge.parameters(), weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=4e-3, total_steps=steps)
    random = torch.Generator(device).manual_seed(seed)
    batches = Batches(dataset.to(device), random)
    for step in range(1, steps + 1):
        images, labels = batches.take(batch)
        with torch.autocast(device.type, torch.bfloat16, enabled=has_bfloat16(device)):
            logits = judge.train()(shifted(to_float(images), random))
        optimizer.zero_grad()
        F.cross_entropy(logits.float(), labels, label_smoothing=0.05).backward()
        optimizer.step()
        schedule.step()
        if step % 100 == 0 or step == steps:
            yield step / steps


def shifted(images: Tensor, random: torch.Generator, reach: int = 2) -> Tensor:
    """Each image moved by up to `reach` whole pixels in each direction: [B, 1, 28, 28] -> the same."""
    padded = F.pad(images, (reach,) * 4, value=-1.0)
    rows, columns = torch.randint(0, 2 * reach + 1, (2, len(images), 1), generator=random, device=images.device)
    at = torch.arange(images.shape[-1], device=images.device)
    index = torch.arange(len(images), device=images.device)
    return padded[index[:, None, None], 0, (rows + at)[:, :, None], (columns + at)[:, None, :]].unsqueeze(1)


@torch.inference_mode()
def judged(judge: Judge, images: Pixels) -> Judged:
    """uint8 [n, 28, 28] -> features and labels, in float32 on the judge's own device."""
    device = next(judge.parameters()).device
    judge.eval()
    features, labels = [], []
    for start in range(0, len(images), CHUNK):
        found = judge.features(to_float(torch.from_numpy(images[start : start + CHUNK]).to(device)))
        features.append(found.double().cpu().numpy())
        labels.append(judge.classes(found).argmax(dim=1).cpu().numpy())
    return Judged(np.concatenate(features), np.concatenate(labels))


def accuracy(judge: Judge, dataset: Dataset) -> float:
    """The share of digits that it reads right."""
    return float((judged(judge, dataset.images.numpy()).labels == dataset.labels.numpy()).mean())


def save(path: Path, judge: Judge, card: dict[str, Any]) -> None:
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in judge.state_dict().items()}
    write_atomically(path, safetensors.torch.save(tensors, {"card": json.dumps(card)}))


def load(path: Path = FILE) -> Judge:
    """Raises JudgeError for a missing or foreign file."""
    judge = Judge()
    try:
        judge.load_state_dict(safetensors.torch.load_file(path))
    except FileNotFoundError:
        raise JudgeError(f"{path} does not exist. Train a judge: python -m training judge") from None
    except (safetensors.SafetensorError, RuntimeError):
        raise JudgeError(f"{path} is no judge of this version. Train one: python -m training judge") from None
    return judge.eval().requires_grad_(False)
