"""The judge: a classifier that scores generators. Sets of images are compared in the space of its features. Knows no generator.

The shipped judge knows the ten digits. For other images, `training judge --data PATH` trains one that knows them.

Judges differ, so a score means something only beside its floor: the same score of real digits against real digits.
"""

import itertools
import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import safetensors.torch
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from models import atomic, tensors
from models.files import FileError
from models.pixels import Pixels
from training.data.dataset import CLASSES_MAX
from training.measuring.classifier import Classifier, ClassifierError, chunks

FILE = Path(__file__).parent.parent / "weights" / "judge.safetensors"
FEATURES = 128
DIGITS = range(10)
SMOOTHING = 0.05  # of the labels it is taught


class Judge(Classifier):
    """Images [B, 1, 28, 28] in [-1, 1] -> features [B, 128] -> logits [B, classes], by the linear layer `classes`."""

    def __init__(self, classes: int = 10) -> None:
        super().__init__(classes)
        widths = (1, 32, 64, 64, 128)
        self.convs = nn.ModuleList(nn.Conv2d(a, b, 3, padding=1, bias=False) for a, b in itertools.pairwise(widths))
        self.norms = nn.ModuleList(nn.BatchNorm2d(width) for width in widths[1:])
        self.dense = nn.Linear(128 * 3 * 3, FEATURES)
        self.dropout = nn.Dropout(0.3)
        self.classes = nn.Linear(FEATURES, classes)

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
    """The judge's features and labels of n images."""

    features: NDArray[np.float64]  # [n, 128]
    labels: NDArray[np.int64]  # [n], the most probable class


def new(seed: int, classes: int = 10) -> Judge:
    torch.manual_seed(seed)
    return Judge(classes)


@torch.inference_mode()
def judged(judge: Judge, images: Pixels) -> Judged:
    """uint8 [n, 28, 28] -> features and labels. Computes in float32."""
    judge.eval()
    features, labels = [], []
    for chunk in chunks(judge, images):
        found = judge.features(chunk)
        features.append(found.cpu().double().numpy())
        labels.append(judge.classes(found).argmax(dim=1).cpu().numpy())
    return Judged(np.concatenate(features), np.concatenate(labels))


def save(path: Path, judge: Judge, card: dict[str, Any]) -> None:
    learnt = {name: tensor.detach().cpu().contiguous() for name, tensor in judge.state_dict().items()}
    atomic.write(path, safetensors.torch.save(learnt, {"card": json.dumps(card)}))


def load(path: Path = FILE) -> Judge:
    """Raises ClassifierError for a missing or foreign file."""
    try:
        stored = tensors.read(path)
        judge = Judge(min(len(stored.tensors.get("classes.bias", DIGITS)), CLASSES_MAX))
        tensors.check_fit(path, judge.state_dict(), stored.tensors)
    except FileNotFoundError:
        raise ClassifierError(f"{path} does not exist. Train a judge: python -m training judge") from None
    except FileError as error:
        raise ClassifierError(f"No judge of this version: {error} Or train one: python -m training judge") from None
    judge.load_state_dict(stored.tensors)
    return judge.to(memory_format=torch.channels_last).eval().requires_grad_(False)  # type: ignore[call-overload, no-any-return]
