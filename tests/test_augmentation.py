"""Augmentation: images are moved a little, some are not moved at all, and where to is up to the seed alone."""

import numpy as np
import pytest
import torch
from torch import Tensor

from training.parts.augmentation import Affine

N = 4000
STILL = {"share": 1.0, "rotation": 0.0, "stretch": 0.0, "shear": 0.0, "shift": 0.0}


def drawn(affine: Affine, n: int = N, seed: int = 0) -> Tensor:
    return affine.draw(n, torch.Generator().manual_seed(seed))


def alone(**way: float) -> Tensor:
    """Where images are looked at that are moved in no other way [N, 2, 3]."""
    return drawn(Affine(**{**STILL, **way})).double()


def test_the_share_is_moved_and_the_rest_is_left_as_it_is() -> None:
    affine = Affine(share=0.75)
    images = torch.rand(400, 1, 28, 28) * 2 - 1
    left = (affine(images, drawn(affine, 400)) - images).abs().amax(dim=(1, 2, 3)) < 1e-4
    assert 0.15 < left.float().mean() < 0.35


def test_rotation_turns_by_so_many_degrees_and_does_nothing_else() -> None:
    places = alone(rotation=5.0)[:, :, :2]
    torch.testing.assert_close(places @ places.mT, torch.eye(2).double().expand(N, 2, 2), atol=1e-6, rtol=0)
    degrees = np.degrees(np.arctan2(places[:, 1, 0].numpy(), places[:, 0, 0].numpy()))
    assert degrees.std() == pytest.approx(5.0, rel=0.05)


def test_stretch_is_of_width_and_height_each_by_itself() -> None:
    places = alone(stretch=0.1)
    wide, high = places[:, 0, 0].log(), places[:, 1, 1].log()
    assert [float(wide.std()), float(high.std())] == pytest.approx([0.1, 0.1], rel=0.05)
    assert abs(float(torch.corrcoef(torch.stack([wide, high]))[0, 1])) < 0.05
    assert not places[:, 0, 1].any()
    assert not places[:, 1, 0].any()


def test_shear_is_in_pixels_a_row() -> None:
    places = alone(shear=0.2)
    assert float(places[:, 0, 1].std()) == pytest.approx(0.2, rel=0.05)
    assert not places[:, 1, 0].any()


def test_shift_is_in_pixels_and_no_further() -> None:
    dot = torch.full((400, 1, 28, 28), -1.0)
    dot[:, :, 13:15, 13:15] = 1.0
    affine = Affine(**{**STILL, "shift": 2.0})
    ink, at = (affine(dot, drawn(affine, 400))[:, 0] + 1).double() / 8, torch.arange(28).double() - 13.5
    x, y = ink.sum(dim=1) @ at, ink.sum(dim=2) @ at
    for middle in (x, y):
        assert middle.abs().max() == pytest.approx(2.0, abs=0.05)
        assert middle.std() == pytest.approx(2 / np.sqrt(3), rel=0.1)
    assert abs(float(torch.corrcoef(torch.stack([x, y]))[0, 1])) < 0.15


def test_all_at_once_is_one_after_the_other() -> None:
    turned, sheared, stretched = (alone(**way)[:, :, :2] for way in ({"rotation": 7.0}, {"shear": 0.15}, {"stretch": 0.08}))
    together = drawn(Affine(1.0, rotation=7.0, stretch=0.08, shear=0.15)).double()
    torch.testing.assert_close(together[:, :, :2], turned @ sheared @ stretched, atol=1e-6, rtol=0)


def test_beyond_the_edge_there_is_paper() -> None:
    affine = Affine(1.0, shift=6.0)
    paper = torch.full((50, 3, 28, 28), -1.0)
    assert torch.equal(affine(paper, drawn(affine, 50)), paper)


def test_the_seed_decides() -> None:
    assert torch.equal(drawn(Affine()), drawn(Affine()))
    assert not torch.equal(drawn(Affine()), drawn(Affine(), seed=1))


def test_generated_images_are_moved_as_exactly_as_real_ones() -> None:
    """Those are made in bfloat16, in whose places a discriminator would tell them."""
    affine, images = Affine(), torch.rand(50, 1, 28, 28)
    with torch.autocast("cpu", torch.bfloat16):
        inside = affine(images, drawn(affine, 50))
    assert torch.equal(inside, affine(images, drawn(affine, 50)))


def test_gradients_pass() -> None:
    affine, images = Affine(), torch.rand(50, 1, 28, 28, requires_grad=True)
    affine(images, drawn(affine, 50))[:, :, 10:18, 10:18].sum().backward()
    assert images.grad is not None
    assert (images.grad.abs().sum(dim=(1, 2, 3)) > 1).all()


@pytest.mark.parametrize(
    ("way", "value"), [("share", 7), ("share", -1), ("rotation", -5), ("shift", float("nan")), ("shear", float("inf"))]
)
def test_what_cannot_be_drawn_is_refused(way: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"{way} is {value}; choose"):
        Affine(**{way: value})
