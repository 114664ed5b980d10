"""What we write is a PNG that others read, pixel for pixel."""

import io

import numpy as np
import pytest
from PIL import Image

from app.encode import png
from app.schemas.fields import Paper
from models.pixels import sheet


@pytest.mark.parametrize("n", [1, 5, 64])
@pytest.mark.parametrize("scale", [1, 3])
def test_pillow_reads_back_every_pixel(n: int, scale: int) -> None:
    digits = np.random.default_rng(0).integers(0, 256, (n, 28, 28), np.uint8)
    content = png.encode(sheet(digits, scale=scale))
    with Image.open(io.BytesIO(content)) as image:
        image.verify()  # the chunks' checksums
    with Image.open(io.BytesIO(content)) as image:
        assert image.mode == "L"
        np.testing.assert_array_equal(np.asarray(image), sheet(digits, scale=scale))


@pytest.mark.parametrize("paper", ["white", "transparent"])
def test_paper_lies_behind_the_ink(paper: Paper) -> None:
    ink = np.arange(256, dtype=np.uint8).reshape(16, 16)
    with Image.open(io.BytesIO(png.encode(ink, paper))) as image:
        expected = 255 - ink if paper == "white" else np.stack([0 * ink, ink], axis=2)
        np.testing.assert_array_equal(np.asarray(image), expected)
