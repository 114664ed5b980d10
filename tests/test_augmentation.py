"""Augmentation: images are moved a little, some are not moved at all, and where to is up to the seed alone."""

import numpy as np
import pytest
import torch
from torch import Tensor

from training.augmentation import Affine

STILL = Affine(share=1.0, rotation=0.0, stretch=0.0, shear=0.0, shift=0.0)


def drawn(affine: Affine, n: int = 400, seed: int = 0) -> Tensor:
    return affine.draw(n, torch.Generator().manual_seed(seed))


def bars(n: int) -> Tensor:
    """Upright bars of 4x12 pixels in the middle, [n, 1, 28, 28]."""
    images = torch.full((n, 1, 28, 28), -1.0)
    images[:, :, 8:20, 12:16] = 1.0
    return images


def moments(images: Tensor) -> dict[str, Tensor]:
    """Each [n], in pixels: the ink's middle, its spread once upright, and its lean to the side a row."""
    ink, at = (images[:, 0] + 1).double(), torch.arange(28) - 13.5
    ink = ink / ink.sum(dim=(1, 2), keepdim=True)
    x, y = ink.sum(dim=1) @ at.double(), ink.sum(dim=2) @ at.double()
    dx, dy = at - x[:, None], at - y[:, None]
    columns, rows, both = (torch.einsum("nij,ni,nj->n", ink, *pair) for pair in ((dy * 0 + 1, dx**2), (dy**2, dx * 0 + 1), (dy, dx)))
    return {"x": x, "y": y, "wide": (columns - both**2 / rows).sqrt(), "high": rows.sqrt(), "lean": both / rows}


def test_the_share_is_moved_and_the_rest_is_left_as_it_is() -> None:
    affine = Affine(share=0.75)
    images = torch.rand(400, 1, 28, 28) * 2 - 1
    seen = affine(images, drawn(affine))
    left = (seen - images).abs().amax(dim=(1, 2, 3)) < 1e-4
    assert 0.15 < left.float().mean() < 0.35


@pytest.mark.parametrize(
    ("affine", "moved"),
    [
        (Affine(1.0, rotation=0.0, stretch=0.0, shear=0.0, shift=2.0), {"x", "y"}),
        (Affine(1.0, rotation=0.0, stretch=0.1, shear=0.0, shift=0.0), {"wide", "high"}),
        (Affine(1.0, rotation=0.0, stretch=0.0, shear=0.2, shift=0.0), {"lean"}),
        (STILL, set()),
    ],
    ids=["shift", "stretch", "shear", "still"],
)
def test_each_way_moves_what_it_says(affine: Affine, moved: set[str]) -> None:
    seen = moments(affine(bars(400), drawn(affine)))
    assert {name for name, values in seen.items() if values.std() > 0.05} == moved


def test_shift_and_rotation_are_in_pixels_and_degrees() -> None:
    shifted = Affine(1.0, rotation=0.0, stretch=0.0, shear=0.0, shift=2.0)
    x = moments(shifted(bars(400), drawn(shifted)))["x"]
    assert 1.9 < x.abs().max() < 2.01
    turned = Affine(1.0, rotation=5.0, stretch=0.0, shear=0.0, shift=0.0)
    angles = np.degrees(np.arcsin(drawn(turned, 4000)[:, 1, 0].numpy()))
    assert angles.std() == pytest.approx(5.0, rel=0.05)


def test_beyond_the_edge_there_is_paper() -> None:
    affine = Affine(1.0, shift=6.0)
    paper = torch.full((50, 3, 28, 28), -1.0)
    assert torch.equal(affine(paper, drawn(affine, 50)), paper)


def test_the_seed_decides_and_half_precision_around_it_changes_nothing() -> None:
    affine, images = Affine(), torch.rand(50, 1, 28, 28)
    assert torch.equal(drawn(affine, 50), drawn(affine, 50))
    assert not torch.equal(drawn(affine, 50), drawn(affine, 50, seed=1))
    with torch.autocast("cpu", torch.bfloat16):
        inside = affine(images, drawn(affine, 50))
    assert torch.equal(inside, affine(images, drawn(affine, 50)))


def test_what_the_discriminator_says_reaches_the_generator() -> None:
    affine, images = Affine(), torch.rand(50, 1, 28, 28, requires_grad=True)
    affine(images, drawn(affine, 50))[:, :, 10:18, 10:18].sum().backward()
    assert images.grad is not None
    assert (images.grad.abs().sum(dim=(1, 2, 3)) > 1).all()
