"""Scans: the digit in any picture of handwriting comes out as MNIST has its own, and a picture that holds none gives a sentence."""

import contextlib
import gzip
import io
import struct
import time
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from app.digits.hands import likeness
from app.digits.ink import NoDigit
from app.digits.scans import LOOKED_AT, MEMORY_BYTES, scan
from app.digits.strokes import BOX, THIN, thickness
from app.encode import sent
from app.encode.sent import NoPicture
from app.errors import Unprocessable
from app.settings import BODY_MEMORY, Settings
from models.pixels import Pixels
from tests.hands import drawn, encoded, magnified, photograph

FEW = Path(__file__).parent / "data"
CHALK, BOARD = (230, 230, 225), (30, 70, 50)


def digits(folder: Path) -> Pixels:
    """Of MNIST's test set."""
    return np.frombuffer(gzip.decompress((folder / "t10k-images-idx3-ubyte.gz").read_bytes()), np.uint8, offset=16).reshape(-1, 28, 28)


REAL = digits(FEW)
PLAIN = Image.fromarray(255 - REAL[0].repeat(10, axis=0).repeat(10, axis=1))


def read(content: bytes) -> Pixels:
    return scan(sent.decoded(sent.opened(content, LOOKED_AT), LOOKED_AT))


def nearly(one: Pixels, other: Pixels) -> float:
    """Their likeness, to a pixel: a centre of mass may lie on either side of a pixel's edge."""
    return max(likeness(np.roll(one, (y, x), (0, 1)), other) for y in (-1, 0, 1) for x in (-1, 0, 1))


def differences(images: Pixels) -> list[float]:
    """Mean absolute differences of images and their scans, in grey levels."""
    return [float(np.abs(scan(Image.fromarray(image)).astype(int) - image).mean()) for image in images]


def test_mnist_comes_back_nearly_as_it_was() -> None:
    found = differences(REAL)
    assert np.mean(found) < 2
    assert np.mean(np.array(found) < 4) > 0.93  # the rest is moved by a pixel, for its centre of mass lies between two


def test_mnist_comes_back_nearly_as_it_was_of_a_thousand(mnist: Path) -> None:
    found = differences(digits(mnist)[:1000])
    assert np.mean(found) < 2
    assert np.median(found) < 1


def test_polarity_does_not_matter() -> None:
    for image in REAL[:50]:
        assert likeness(scan(Image.fromarray(255 - image)), scan(Image.fromarray(image))) > 0.95


@pytest.mark.parametrize(
    "conditions",
    [
        {},
        {"scale": 5},
        {"ink": (60, 60, 60), "paper": (210, 210, 210), "grain": 18},
        {"ink": (20, 20, 30), "paper": (90, 85, 70)},
        {"ink": (200, 30, 30), "paper": (240, 220, 90)},
        {"ink": CHALK, "paper": BOARD},
        {"ink": (165, 165, 165), "paper": (230, 230, 230)},
        {"ink": (200, 110, 110), "paper": (110, 160, 110), "grain": 3},
        {"shade": 0.6},
        {"specks": 30},
    ],
    ids=lambda conditions: ", ".join(conditions) or "plain",
)
def test_photograph_gives_the_digit_that_was_written(conditions: dict[str, float]) -> None:
    """Whatever pen, paper and light: most ink lies where the real digit, magnified and photographed, had it."""
    found = [nearly(scan(photograph(REAL[i], **conditions)), REAL[i]) for i in range(8)]  # type: ignore[arg-type]
    assert np.mean(found) > 0.85, found
    assert min(found) > 0.75, found


@pytest.mark.parametrize("width", [1, 2, 3, 6, 14])
@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
def test_line_as_a_mouse_draws_it_becomes_as_thick_as_a_pens(width: int, mode: str) -> None:
    for label in (2, 4, 7):
        found = scan(drawn(label, width, mode))
        assert THIN < thickness(found.astype(np.float32) / 255) < 3.5
        assert likeness(found, scan(drawn(label, 20))) > 0.6


def test_digit_fits_its_box_with_its_proportions_and_its_mass_in_the_middle() -> None:
    for image in REAL[:40]:
        for stretched in (1, 2):
            ink = magnified(image, 12)[:, ::stretched]
            found = scan(Image.fromarray(np.uint8(255 - 255 * ink)))
            height, width = (np.ptp(np.flatnonzero(found.any(axis=axis))) + 1 for axis in (1, 0))
            assert max(height, width) == BOX
            rows, columns = (np.flatnonzero((ink >= 0.2).any(axis=axis)) for axis in (1, 0))
            assert width / height == pytest.approx(np.ptp(columns) / np.ptp(rows), abs=0.15)
            middles = [(found.sum(axis=axis) @ (np.arange(28) + 0.5)) / found.sum() for axis in (1, 0)]
            assert all(14 - 1e-6 <= middle < 15 for middle in middles)


@pytest.mark.parametrize("colour", [0, 128, 255])
def test_empty_paper_has_no_ink(colour: int) -> None:
    with pytest.raises(NoDigit, match="No ink was found"):
        scan(Image.new("L", (300, 300), colour))
    grain = np.random.default_rng(7).normal(colour, 8, (300, 300, 3))
    with pytest.raises(NoDigit, match="No ink was found"):
        scan(Image.fromarray(np.clip(grain, 0, 255).astype(np.uint8)))


def test_nothing_on_nothing_has_no_ink() -> None:
    with pytest.raises(NoDigit, match="No ink was found"):
        scan(Image.new("RGBA", (300, 300)))


def test_picture_nearly_all_ink_too_small_or_too_narrow_is_refused() -> None:
    filled = Image.new("L", (300, 300), "white")
    filled.paste(0, (25, 25, 275, 275))
    with pytest.raises(NoDigit, match="nearly all ink"):
        scan(filled)
    with pytest.raises(NoDigit, match="7x30 pixels"):
        scan(Image.new("L", (7, 30)))
    with pytest.raises(NoDigit, match="too narrow"):
        scan(Image.new("L", (10_000, 20)))


def test_largest_noise_is_scanned_in_bounded_time() -> None:
    noise = np.random.default_rng(7).integers(0, 256, (LOOKED_AT, LOOKED_AT, 3), np.uint8)
    began = time.perf_counter()
    with contextlib.suppress(NoDigit):
        scan(Image.fromarray(noise))
    assert time.perf_counter() - began < 3


@pytest.mark.parametrize(
    ("kind", "mode"),
    [
        *(("PNG", mode) for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16")),
        *(("JPEG", mode) for mode in ("L", "RGB", "CMYK")),
        *(("WebP", mode) for mode in ("RGB", "RGBA")),
        ("GIF", "P"),
        *(("BMP", mode) for mode in ("1", "L", "P", "RGB")),
    ],
)
def test_every_form_of_a_picture_is_read(kind: str, mode: str) -> None:
    if mode == "I;16":
        picture = Image.fromarray(np.asarray(PLAIN).astype(np.uint16) * 257)
    else:
        picture = PLAIN.convert(mode, dither=Image.Dither.NONE)
    assert likeness(read(encoded(picture, kind)), REAL[0]) > (0.85 if mode == "1" else 0.9)


def test_palette_with_a_transparent_colour_is_ink_on_nothing() -> None:
    palette = PLAIN.point(lambda level: level < 128).convert("L").convert("P")
    assert likeness(read(encoded(palette, "PNG", transparency=0)), REAL[0]) > 0.85
    assert likeness(read(encoded(palette, "GIF", transparency=0)), REAL[0]) > 0.85


def test_interlaced_and_progressive_pictures_are_read() -> None:
    assert likeness(read(encoded(PLAIN, "JPEG", progressive=True)), REAL[0]) > 0.9
    assert likeness(read(encoded(PLAIN, "GIF", interlace=1)), REAL[0]) > 0.9


@pytest.mark.parametrize("kind", ["GIF", "WebP", "PNG"])
def test_of_an_animation_the_first_picture_is_read(kind: str) -> None:
    content = encoded(PLAIN.convert("RGB"), kind, save_all=True, append_images=[Image.new("RGB", PLAIN.size)] * 3)
    assert likeness(read(content), REAL[0]) > 0.9


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WebP"])
def test_turned_photograph_is_set_upright(kind: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise
    turned = PLAIN.convert("RGB").transpose(Image.Transpose.ROTATE_90)
    assert likeness(read(encoded(turned, kind, exif=exif)), REAL[0]) > 0.9


def png_of(width: int, height: int) -> bytes:
    """A PNG whose head promises so many pixels, and which holds none."""
    head = struct.pack(">2I5B", width, height, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", head), (b"IDAT", zlib.compress(b"")), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in chunks
    )


def test_size_is_refused_before_pixels_are_decoded() -> None:
    with pytest.raises(NoPicture, match=r"The PNG has 4,000,000,000 pixels; 16,000,000 are allowed\."):
        sent.opened(png_of(40_000, 100_000), LOOKED_AT)
    webp = b"RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0" + bytes(4) + (16_000 - 1).to_bytes(3, "little") * 2
    with pytest.raises(NoPicture, match="The WebP has 256,000,000 pixels"):
        sent.opened(webp, LOOKED_AT)
    gif = b"GIF89a" + struct.pack("<2H", 60_000, 60_000) + bytes(3) + b";"
    with pytest.raises(NoPicture, match="GIF"):
        sent.opened(gif, LOOKED_AT)


def test_large_jpeg_is_decoded_small() -> None:
    """A camera's, whose decoder keeps little of it; a progressive one is kept whole, so that it may be as large as a PNG."""
    paper = Image.new("L", (7000, 7000), 255)
    paper.paste(PLAIN.resize((5000, 5000)), (1000, 1000))
    content = encoded(paper, "JPEG", quality=50)
    opened = sent.opened(content, LOOKED_AT)
    assert opened.file.size == (875, 875)
    assert opened.memory_bytes < 16_000_000
    assert likeness(read(content), REAL[0]) > 0.85
    with pytest.raises(NoPicture, match="JPEG has 49,000,000 pixels; 16,000,000 are allowed"):
        sent.opened(encoded(paper, "JPEG", quality=50, progressive=True), LOOKED_AT)
    with pytest.raises(NoPicture, match="JPEG has 64,000,000 pixels; 50,000,000 are allowed"):
        sent.opened(encoded(Image.new("L", (8000, 8000)), "JPEG"), LOOKED_AT)


@pytest.mark.parametrize("kind", sent.BYTES_A_PIXEL)
def test_largest_picture_and_its_body_fit_into_the_memory_of_a_process(kind: str) -> None:
    settings = Settings()
    picture_bytes = sent.PIXELS_MAX[kind] * sent.BYTES_A_PIXEL[kind]
    assert BODY_MEMORY * settings.body_limit_bytes + picture_bytes + MEMORY_BYTES <= settings.memory_limit_bytes


def test_jpeg_of_thousands_of_scans_is_refused() -> None:
    content = encoded(PLAIN, "JPEG", progressive=True)
    with pytest.raises(NoPicture, match="more scans"):
        sent.opened(content[:-2] + b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00" * 1000 + content[-2:], LOOKED_AT)


@pytest.mark.parametrize("content", [b"", b"%PDF-1.7", b"\0\0\0\x18ftypheic\0\0\0\0", b"<svg/>", b"RIFF\0\0\0\0WAVE", b"\0" * 100])
def test_what_is_no_picture_is_refused_with_what_is_read(content: bytes) -> None:
    with pytest.raises(NoPicture, match="PNG, JPEG, WebP, GIF and BMP") as caught:
        sent.opened(content, LOOKED_AT)
    assert ("HEIC" in str(caught.value)) == (b"heic" in content)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WebP", "GIF", "BMP"])
def test_damaged_pictures_give_a_digit_or_a_sentence(kind: str) -> None:
    """3,000 in all: bytes changed, cut off, doubled."""
    random = np.random.default_rng(7)
    small = Image.fromarray(255 - REAL[0].repeat(2, axis=0).repeat(2, axis=1)).convert("RGB")
    exif = Image.Exif()
    exif[0x0112] = 3
    options = {"exif": exif} if kind in ("PNG", "JPEG", "WebP") else {}
    whole, refused = encoded(small, kind, **options), []
    for i in range(600):
        content = bytearray(whole)
        for place in random.integers(0, len(content) if i % 2 else min(64, len(content)), 1 + i % 4):
            content[place] = random.integers(256)
        if i % 3 == 0:
            del content[random.integers(len(content)) :]
        if i % 50 == 0:
            content *= 2
        try:
            shape = read(bytes(content)).shape
        except Unprocessable as error:
            refused.append(str(error))
        else:
            assert shape == (28, 28)
    assert all(sentence.endswith(".") for sentence in refused)
    assert 0 < len(refused) < 600


def test_picture_given_twice_is_read_twice() -> None:
    """Decoding changes nothing that it is given."""
    content = encoded(PLAIN, "PNG")
    with Image.open(io.BytesIO(content)) as picture:
        first = scan(picture.copy())
    assert (read(content) == first).all()
    assert (read(content) == first).all()
