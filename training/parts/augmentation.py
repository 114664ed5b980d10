"""Augmentation: most images, real and generated, are transformed a little before the discriminator sees them. Knows no network and no data.

A discriminator that sees the same 60,000 images many times memorises them, and then teaches the generator their peculiarities instead
of what they have in common. Random transformations make memorising harder. Some images are not transformed, so that a generator which
imitated the transformations would be recognised (Karras et al. 2020, "Training generative adversarial networks with limited data",
section 2.2: "non-leaking").
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from models.pixels import SIDE


@dataclass(frozen=True)
class Affine:
    """Rotates, stretches, shears and shifts a random share of the images.

    Rotation, stretch and shear are normally distributed with these standard deviations. The shift is uniform, up to `shift` along x and y.
    """

    share: float = 0.75
    rotation: float = 7.0  # degrees
    stretch: float = 0.08  # of the logarithms of width and of height, drawn separately
    shear: float = 0.15  # pixels to the side a row
    shift: float = 2.0  # pixels

    def __post_init__(self) -> None:
        """Raises ValueError for an impossible share or standard deviation."""
        if not 0 <= self.share <= 1:
            raise ValueError(f"share is {self.share}; choose a share of the images, from 0 to 1.")
        for name in ("rotation", "stretch", "shear", "shift"):
            if not 0 <= getattr(self, name) < math.inf:
                raise ValueError(f"{name} is {getattr(self, name)}; choose a finite number that is not negative, 0 for none.")

    def draw(self, n: int, random: torch.Generator) -> Tensor:
        """Random affine maps [n, 2, 3] for `affine_grid`: from a position in the transformed image to one in the original."""
        moved = (torch.rand(n, generator=random, device=random.device) < self.share).float()  # [n]
        turn, wide, high, lean = torch.randn(4, n, generator=random, device=random.device) * moved
        # [n] each; x and y as `affine_grid` counts, where half a side is 1
        x, y = (torch.rand(2, n, generator=random, device=random.device) * 2 - 1) * moved * self.shift * 2 / SIDE
        cos, sin = torch.cos(turn * math.radians(self.rotation)), torch.sin(turn * math.radians(self.rotation))
        wide, high, lean = torch.exp(wide * self.stretch), torch.exp(high * self.stretch), lean * self.shear
        # Of places rotation @ shear @ stretch, then the shift; what is seen there undergoes the inverse.
        rows = [cos * wide, (cos * lean - sin) * high, x, sin * wide, (sin * lean + cos) * high, y]
        return torch.stack(rows, dim=1).reshape(n, 2, 3)

    def __call__(self, images: Tensor, drawn: Tensor) -> Tensor:
        """Transforms images [n, channels, 28, 28] in [-1, 1] by the maps that `draw` gave. Beyond an image's edge is paper, -1."""
        # Generated images are made under autocast, real ones are not: by coarser places D could tell them apart.
        with torch.autocast(images.device.type, enabled=False):
            places = F.affine_grid(drawn, list(images.shape), align_corners=False)
            return F.grid_sample(images + 1, places, align_corners=False) - 1
