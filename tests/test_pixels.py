"""uint8 outside, [-1, 1] inside."""

import numpy as np
import pytest
import torch

from models.pixels import sheet, square_columns, to_float, to_uint8


def test_every_grey_level_survives_the_way_in_and_out() -> None:
    levels = torch.arange(256, dtype=torch.uint8).repeat(784)[: 28 * 28 * 4].view(4, 28, 28)
    inside = to_float(levels)
    assert inside.shape == (4, 1, 28, 28)
    assert inside.min() == -1
    assert inside.max() == 1
    assert torch.equal(to_uint8(inside), levels)


def test_what_lies_beyond_the_range_is_cut_not_wrapped() -> None:
    assert to_uint8(torch.full((1, 1, 28, 28), 1.5)).unique().tolist() == [255]
    assert to_uint8(torch.full((1, 1, 28, 28), -1.5)).unique().tolist() == [0]


@pytest.mark.parametrize(("n", "columns"), [(1, 1), (2, 2), (3, 2), (5, 3), (64, 8), (65, 9), (1024, 32)])
def test_sheet_is_as_square_as_can_be(n: int, columns: int) -> None:
    assert square_columns(n) == columns


def test_sheet_holds_each_digit_at_its_place() -> None:
    digits = np.random.default_rng(0).integers(0, 256, (5, 28, 28), np.uint8)
    picture = sheet(digits, columns=3, scale=2)
    assert picture.shape == (2 * 56, 3 * 56)
    np.testing.assert_array_equal(picture[56:112:2, 56:112:2], digits[4])
    np.testing.assert_array_equal(picture[57:112:2, 57:112:2], digits[4])
    assert not picture[56:, 112:].any()
