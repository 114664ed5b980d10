"""The pupil: a classifier trained on the given digits alone, and tested on real ones. Knows no generator and no judge.

"Train on synthetic, test on real" (Esteban et al. 2017, section 4.1). Its accuracy shows how useful the digits are as training data: a
digit with a wrong label teaches a mistake, and a missing style of writing is never learnt.
"""

import torch
from torch import Tensor, nn

from training.measuring.classifier import Classifier, accuracy, teach
from training.parts.data import Dataset

EPOCHS = 5


class Pupil(Classifier):
    """LeNet-5's idea (LeCun et al. 1998), wider and with batch norm: images [B, 1, 28, 28] in [-1, 1] -> logits [B, classes].

    Its architecture differs from the judge's on purpose: strided 5x5 convolutions, where the judge pools after 3x3 ones.
    """

    def __init__(self, classes: int = 10) -> None:
        super().__init__(classes)
        self.layers = nn.Sequential(
            nn.Conv2d(1, 32, 5, stride=2, padding=2, bias=False), nn.BatchNorm2d(32), nn.ReLU(),  # [B, 32, 14, 14]
            nn.Conv2d(32, 32, 3, padding=1, bias=False), nn.BatchNorm2d(32), nn.ReLU(),  # [B, 32, 14, 14]
            nn.Conv2d(32, 64, 5, stride=2, padding=2, bias=False), nn.BatchNorm2d(64), nn.ReLU(),  # [B, 64, 7, 7]
            nn.Flatten(), nn.Linear(64 * 7 * 7, 256, bias=False), nn.BatchNorm1d(256), nn.ReLU(),  # [B, 256]
            nn.Dropout(0.3), nn.Linear(256, classes),
        )  # fmt: skip

    def forward(self, images: Tensor) -> Tensor:
        return self.layers(images)  # type: ignore[no-any-return]


def examined(lessons: Dataset, examination: Dataset, device: torch.device, seed: int, batch: int = 128) -> float:
    """Trains a pupil for `EPOCHS` passes over `lessons`, and returns its accuracy on `examination`."""
    torch.manual_seed(seed)
    pupil = Pupil(examination.classes)
    for _ in teach(pupil, lessons, device, EPOCHS, seed, batch):
        pass
    return accuracy(pupil, examination)
