"""Trains a digit classifier of any architecture, and reads digits with it. Knows no generator."""

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from models.device import has_bfloat16
from models.pixels import Pixels, to_float
from models.sentences import SentenceError
from training.parts.data import Batches, Dataset

CHUNK = 1000


class ClassifierError(SentenceError):
    """A classifier cannot be trained or used. The message says what to do."""


class Classifier(nn.Module):
    """Images [B, 1, 28, 28] in [-1, 1] -> logits [B, classes]."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.count = classes


def teach(
    classifier: Classifier, dataset: Dataset, device: torch.device, epochs: int, seed: int, batch: int = 128, smoothing: float = 0.0
) -> Iterator[float]:
    """Trains with AdamW and a one-cycle learning rate, on digits shifted by up to two pixels. Yields the share done every 100 steps.
    Raises ClassifierError."""
    if dataset.classes > classifier.count or len(dataset.images) < batch:
        raise ClassifierError(
            f"A classifier learns at least {batch} images, this one of at most {classifier.count} classes; "
            f"{dataset.name} has {len(dataset.images):,} of {dataset.classes}."
        )
    classifier.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    steps = epochs * (len(dataset.images) // batch)
    optimizer = torch.optim.AdamW(classifier.parameters(), weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=4e-3, total_steps=steps)
    random = torch.Generator(device).manual_seed(seed)
    batches = Batches(dataset.to(device), random)
    for step in range(1, steps + 1):
        images, labels = batches.take(batch)
        with torch.autocast(device.type, torch.bfloat16, enabled=has_bfloat16(device)):
            logits = classifier.train()(shifted(to_float(images), random))
        optimizer.zero_grad()
        F.cross_entropy(logits.float(), labels, label_smoothing=smoothing).backward()
        optimizer.step()
        schedule.step()
        if step % 100 == 0 or step == steps:
            yield step / steps


def shifted(images: Tensor, random: torch.Generator, reach: int = 2) -> Tensor:
    """Shifts each image by up to `reach` whole pixels in each direction: [B, 1, 28, 28] -> [B, 1, 28, 28]."""
    padded = F.pad(images, (reach,) * 4, value=-1.0)
    rows, columns = torch.randint(0, 2 * reach + 1, (2, len(images), 1), generator=random, device=images.device)
    at = torch.arange(images.shape[-1], device=images.device)
    index = torch.arange(len(images), device=images.device)
    return padded[index[:, None, None], 0, (rows + at)[:, :, None], (columns + at)[:, None, :]].unsqueeze(1)


def chunks(classifier: nn.Module, images: Pixels) -> Iterator[Tensor]:
    """uint8 [n, 28, 28] -> float chunks [at most CHUNK, 1, 28, 28], channels last, on the classifier's device."""
    device = next(classifier.parameters()).device
    for start in range(0, len(images), CHUNK):
        yield to_float(torch.from_numpy(images[start : start + CHUNK]).to(device)).contiguous(memory_format=torch.channels_last)


@torch.inference_mode()
def read(classifier: nn.Module, images: Pixels) -> NDArray[np.int64]:
    """uint8 [n, 28, 28] -> the most probable digit of each [n]. Computes in float32."""
    classifier.eval()
    return np.concatenate([classifier(chunk).argmax(dim=1).cpu().numpy() for chunk in chunks(classifier, images)])


def accuracy(classifier: nn.Module, dataset: Dataset) -> float:
    """The share of digits that the classifier reads right."""
    return float((read(classifier, dataset.images.numpy()) == dataset.labels.numpy()).mean())
