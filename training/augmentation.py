"""Augmentation: the discriminator sees each image, real or generated, moved a little. Knows no network and no data.

A discriminator that sees the same 60,000 images again and again comes to know them by heart, and then teaches the generator what
is peculiar to them instead of what they have in common. Seen a little otherwise each time they are not to be learnt by heart. Some
images are left as they are, so a generator that wrote moved ones itself would be found out (Karras et al. 2020, Training
generative adversarial networks with limited data, section 2.2: "non-leaking").
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from models.pixels import SIDE


@dataclass(frozen=True)
class Affine:
    """Turned, stretched, sheared and shifted at once; the standard deviations of each, and the most that it is shifted either way."""

    share: float = 0.75  # of images that are moved
    rotation: float = 7.0  # degrees
    stretch: float = 0.08  # of width and height, each by itself; of their logarithm
    shear: float = 0.15  # pixels to the side a row
    shift: float = 2.0  # pixels

    def draw(self, n: int, random: torch.Generator) -> Tensor:
        """Where n images are looked at: [n, 2, 3], from a place in the moved image to the one in the image, as `affine_grid` takes them."""
        moved = (torch.rand(n, generator=random, device=random.device) < self.share).float()  # [n]
        turn, wide, high, lean = torch.randn(4, n, generator=random, device=random.device) * moved
        x, y = (torch.rand(2, n, generator=random, device=random.device) * 2 - 1) * moved * self.shift * 2 / SIDE
        cos, sin = torch.cos(turn * math.radians(self.rotation)), torch.sin(turn * math.radians(self.rotation))
        wide, high, lean = torch.exp(wide * self.stretch), torch.exp(high * self.stretch), lean * self.shear
        # rotation @ shear @ stretch, then the shift
        rows = [cos * wide, (cos * lean - sin) * high, x, sin * wide, (sin * lean + cos) * high, y]
        return torch.stack(rows, dim=1).reshape(n, 2, 3)

    def __call__(self, images: Tensor, drawn: Tensor) -> Tensor:
        """Images [n, channels, 28, 28] in [-1, 1], each as it is seen; beyond its edge there is paper, -1."""
        with torch.autocast(images.device.type, enabled=False):  # in bfloat16 the places would be coarse, of generated images alone
            places = F.affine_grid(drawn, list(images.shape), align_corners=False)
            return F.grid_sample(images + 1, places, align_corners=False) - 1
