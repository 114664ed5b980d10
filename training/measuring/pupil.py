"""The pupil: a classifier that is taught by nothing but the digits it is given, and examined on real ones.

"Train on synthetic, test on real" (Esteban et al. 2017, section 4.1). What it learns tells how good the digits are to learn
from: a digit with the wrong label teaches it wrong, a style of writing that is missing is never learnt. Knows no generator and no judge.
"""

import torch
from torch import Tensor, nn

from training.measuring.classifier import CLASSES, accuracy, teach
from training.parts.data import Dataset

EPOCHS = 5


class Pupil(nn.Module):
    """LeNet-5's idea (LeCun et al. 1998), wider and with batch norm: images [B, 1, 28, 28] in [-1, 1] -> logits [B, 10].

    Another architecture than the judge's on purpose: strided 5x5 convolutions, where the judge pools after 3x3 ones.
    """

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(1, 32, 5, stride=2, padding=2, bias=False), nn.BatchNorm2d(32), nn.ReLU(),  # [B, 32, 14, 14]
            nn.Conv2d(32, 32, 3, padding=1, bias=False), nn.BatchNorm2d(32), nn.ReLU(),  # [B, 32, 14, 14]
            nn.Conv2d(32, 64, 5, stride=2, padding=2, bias=False), nn.BatchNorm2d(64), nn.ReLU(),  # [B, 64, 7, 7]
            nn.Flatten(), nn.Linear(64 * 7 * 7, 256, bias=False), nn.BatchNorm1d(256), nn.ReLU(),  # [B, 256]
            nn.Dropout(0.3), nn.Linear(256, CLASSES),
        )  # fmt: skip

    def forward(self, images: Tensor) -> Tensor:
        return self.layers(images)  # type: ignore[no-any-return]


def examined(lessons: Dataset, examination: Dataset, device: torch.device, seed: int, batch: int = 128) -> float:
    """The share of the examination's digits that a pupil reads right after `EPOCHS` passes over the lessons."""
    torch.manual_seed(seed)
    pupil = Pupil()
    for _ in teach(pupil, lessons, device, EPOCHS, seed, batch):
        pass
    return accuracy(pupil, examination)
