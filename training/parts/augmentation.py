"""Augmentation: the discriminator sees most images, real or generated, moved a little. Knows no network and no data.

A discriminator that sees the same 60,000 images again and again comes to know them by heart, and then teaches the generator what
is peculiar to them instead of what they have in common. Seen a little otherwise each time they are harder to learn by heart. Some
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
    """A share of the images is turned, stretched, sheared and shifted at once.

    Turn, stretch and shear are normal, with these standard deviations; the shift is uniform, up to `shift` along x and along y.
    """

    share: float = 0.75
    rotation: float = 7.0  # degrees
    stretch: float = 0.08  # of the logarithms of width and of height, drawn separately
    shear: float = 0.15  # pixels to the side a row
    shift: float = 2.0  # pixels

    def __post_init__(self) -> None:
        """Raises ValueError for what cannot be drawn."""
        if not 0 <= self.share <= 1:
            raise ValueError(f"share is {self.share}; choose a share of the images, from 0 to 1.")
        for name in ("rotation", "stretch", "shear", "shift"):
            if not 0 <= getattr(self, name) < math.inf:
                raise ValueError(f"{name} is {getattr(self, name)}; choose a finite number that is not negative, 0 for none.")

    def draw(self, n: int, random: torch.Generator) -> Tensor:
        """Where n images are looked at: [n, 2, 3], from a place in the moved image to the one in the image, as `affine_grid` takes them."""
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
        """Images [n, channels, 28, 28] in [-1, 1], each as it is seen; beyond its edge there is paper, -1."""
        # Generated images are made under autocast, real ones are not: by coarser places D could tell them apart.
        with torch.autocast(images.device.type, enabled=False):
            places = F.affine_grid(drawn, list(images.shape), align_corners=False)
            return F.grid_sample(images + 1, places, align_corners=False) - 1
