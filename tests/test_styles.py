"""Styles: what is rare has a region of z to itself, and z as a whole is as normal as ever."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy import stats

from training.parts import styles
from training.parts.data import Dataset
from training.parts.labels import Styled
from training.parts.styles import SMALLEST

COMMON, RARE = 300, SMALLEST + 5


def stroke(lean: float = 0.0, shift: int = 0, base: bool = False, height: int = 16, thickness: int = 3) -> NDArray[np.uint8]:
    image = np.zeros((28, 28), np.uint8)
    for y in range(14 - height // 2, 14 + height // 2):
        x = round(14 - lean * (y - 13.5)) + shift - thickness // 2
        image[y, x : x + thickness] = 255
    if base:
        image[20:23, 8 + shift : 21 + shift] = 255
    return image


def ring(width: int, barred: bool = False) -> NDArray[np.uint8]:
    image = np.zeros((28, 28), np.uint8)
    left, right = 14 - width // 2, 14 + width // 2
    image[6:22, left:right] = 255
    image[8:20, left + 2 : right - 2] = 0
    if barred:
        image[12:16, left:right] = 255
    return image


def ones(common: int = COMMON, rare: int = RARE, label: int = 1) -> Dataset:
    """Strokes that lean and stand anywhere; the last ones have a base."""
    random = np.random.default_rng(0)
    images = [stroke(random.uniform(-0.3, 0.3), int(random.integers(-3, 4))) for _ in range(common)]
    images += [stroke(shift=int(random.integers(-3, 4)), base=True) for _ in range(rare)]
    return Dataset(torch.from_numpy(np.stack(images)), torch.full((len(images),), label), "strokes", "")


def test_what_is_rare_is_a_style_of_its_own_wherever_it_stands() -> None:
    codes = styles.find(ones(), halvings=1).codes.numpy()
    assert codes.tolist() == [2] * COMMON + [3] * RARE


def test_slant_place_size_and_thickness_are_no_style() -> None:
    images = [stroke(), stroke(shift=4), stroke(lean=0.3), stroke(height=12), stroke(thickness=5), stroke(base=True)]
    looks = styles.upright(torch.from_numpy(np.stack(images)))
    *same, thicker, based = np.linalg.norm(looks[1:] - looks[0], axis=1)
    assert max(same) < 0.25 * based
    assert thicker < 0.7 * based


def test_width_and_faintness_are_no_style() -> None:
    images = [ring(10), ring(14), ring(10) // 2, ring(10, barred=True)]
    looks = styles.upright(torch.from_numpy(np.stack(images)))
    wide, faint, barred = np.linalg.norm(looks[1:] - looks[0], axis=1)
    assert wide < 0.6 * barred
    assert faint < 0.02 * barred


@pytest.mark.parametrize("halvings", [1, 3])
def test_styles_regions_of_z_have_the_shares_of_their_images(halvings: int) -> None:
    found = styles.find(ones(), halvings=halvings)
    counts = np.bincount(found.codes, minlength=len(found.low))
    shares = (found.high - found.low).prod(dim=1).numpy()
    np.testing.assert_allclose(shares[counts > 0] * len(found.codes), counts[counts > 0], rtol=1e-5)


def test_z_lies_in_its_styles_region_and_is_normal_as_a_whole() -> None:
    found = styles.find(ones(common=2600, rare=400), halvings=2)
    z = found.place(torch.randn(len(found.codes), 5, generator=torch.Generator().manual_seed(0)), found.codes)
    quantiles = torch.special.ndtr(z[:, :2].double())
    assert (quantiles >= found.low[found.codes] - 1e-5).all()
    assert (quantiles <= found.high[found.codes] + 1e-5).all()
    for column in z.T:
        assert stats.kstest(column.numpy(), "norm").pvalue > 0.01


def test_too_few_images_stay_with_their_neighbours() -> None:
    found = styles.find(ones(rare=SMALLEST - 1), halvings=1)
    assert found.codes.tolist() == [2] * (COMMON + SMALLEST - 1)
    assert found.high[2].tolist() == [1.0]


def test_without_halvings_a_style_is_a_label_and_z_is_left_alone() -> None:
    found, z = styles.find(ones(), halvings=0), torch.randn(4, 5)
    assert set(found.codes.tolist()) == {1}
    assert torch.equal(found.place(z, torch.tensor([0, 1, 2, 1])), z)


def test_blank_images_have_a_style_too() -> None:
    found = styles.find(Dataset(torch.zeros(50, 28, 28, dtype=torch.uint8), torch.zeros(50, dtype=torch.int64), "blank", ""), 2)
    assert found.low.isfinite().all()
    assert found.codes.tolist() == [0] * 50


def test_the_extremes_of_z_stay_finite() -> None:
    found = styles.find(ones(), halvings=1)
    assert found.place(torch.tensor([[9.0, 0.0], [-9.0, 0.0]]), torch.tensor([3, 2])).isfinite().all()


def test_generator_is_told_the_label_and_the_discriminator_the_style_as_well() -> None:
    labels = Styled(classes=3, halvings=1)
    assert labels.columns == 9
    assert labels.encode(torch.tensor([4])).tolist() == [[0, 0, 1, 0, 0, 0, 0, 1, 0]]
