"""Digits to an answer of each media type: pictures, a list, files in a ZIP, arrays. Knows neither requests nor models."""

import base64
import io
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from app.encode import png
from app.encode.tables import tables
from app.encode.zips import zipped_whole
from app.errors import Unprocessable
from app.schemas.fields import Paper
from models.latents import Steps, as_numbers
from models.pixels import Pixels, sheet

PNG, WEBP, JSON, ZIP, NPZ = "image/png", "image/webp", "application/json", "application/zip", "application/x-npz"
BYTES = "application/octet-stream"  # the default's, for clients that know no pictures, as programs write them from OpenAPI's document
WEBP_MAX = 16_383  # pixels along a side
WEBP_PIXELS_MAX = 4_000_000  # for its encoder takes ten times the memory of PNG's
WEBP_OPTIONS: dict[str, Any] = {"lossless": True, "exact": True, "method": 1, "quality": 20}  # more work makes it no smaller
KINDS = (PNG, WEBP, JSON, ZIP, NPZ, BYTES)  # the first is the default
BYTES_A_PIXEL = {PNG: 3, WEBP: 36, JSON: 1, ZIP: 1, NPZ: 0, BYTES: 3}  # that writers take at most, pictures and what they become
BYTES_A_DIGIT = 8192  # beside them


@dataclass(slots=True)
class Digits:
    """What was written, and what there is to tell of it."""

    images: Pixels  # [n, 28, 28]
    steps: Steps  # [n, z_dim], z on its grid
    seeds: list[int] | None  # [n]; None where z was given
    labels: list[int] | None  # [n]; None where the model has none
    columns: int | None = None  # of a sheet; None: as square as can be
    scale: int = 1
    paper: Paper = "black"
    about: dict[str, Any] = field(default_factory=dict)  # the model

    def names(self) -> Iterator[str]:
        """A file name each: seed and label where there are any. No two are alike."""
        for i in range(len(self.images)):
            seed = f"z{i}" if self.seeds is None else f"{self.seeds[i]}"
            yield f"{seed}-{self.labels[i]}" if self.labels is not None else seed

    def each(self) -> Iterator[bytes]:
        """A PNG each."""
        for image in self.images:
            yield png.encode_sheet(image[None], 1, self.scale, self.paper)


def refuse_large(kind: str, pixels: int) -> None:
    """Raises Unprocessable for a picture that would take too much memory to encode."""
    if kind == WEBP and pixels > WEBP_PIXELS_MAX:
        raise Unprocessable(f"A WebP has at most {WEBP_PIXELS_MAX:,} pixels, and this would have {pixels:,}. Ask for less, or for PNG.")


def memory_bytes(kind: str, n: int, pixels: int) -> int:
    """What it takes at most to write so many digits in a picture of so many pixels."""
    return n * BYTES_A_DIGIT + pixels * BYTES_A_PIXEL[kind]


def as_png(digits: Digits) -> bytes:
    return png.encode_sheet(digits.images, digits.columns, digits.scale, digits.paper)


def as_webp(digits: Digits) -> bytes:
    """Without loss. Raises Unprocessable for more pixels than WebP counts along a side."""
    picture = sheet(digits.images, digits.columns, digits.scale)
    if max(picture.shape) > WEBP_MAX:
        raise Unprocessable(f"columns: WebP has at most {WEBP_MAX:,} pixels along a side. Ask for a squarer sheet, or for PNG.")
    inked = png.inked(picture, digits.paper)
    file = io.BytesIO()
    Image.fromarray(inked, "L" if inked.ndim == 2 else "LA").save(file, "WEBP", **WEBP_OPTIONS)
    return file.getvalue()


def as_json(digits: Digits) -> bytes:
    seeds: Sequence[int | None] = digits.seeds or [None] * len(digits.images)
    labels: Sequence[int | None] = digits.labels or [None] * len(digits.images)
    images = (
        {"seed": seed, "label": label, "image": base64.b64encode(image).decode()}
        for seed, label, image in zip(seeds, labels, digits.each(), strict=True)
    )
    return listing(digits.about, "images", images)


def listing(about: dict[str, Any], name: str, items: Iterable[dict[str, Any]]) -> bytes:
    """A JSON object whose last field is a list, item by item, so that no step of a long one keeps the others waiting."""
    before = json.dumps({**about, name: []}).removesuffix("]}")
    return f"{before}{', '.join(map(json.dumps, items))}]}}".encode()


def as_zip(digits: Digits) -> bytes:
    """A PNG a digit, and `labels.csv` and `metadata.csv` beside them."""
    files = [(f"{name}.png", image) for name, image in zip(digits.names(), digits.each(), strict=True)]
    return zipped_whole([*files, *tables([name for name, _ in files], digits.seeds, digits.labels)])


def as_npz(digits: Digits) -> bytes:
    """Arrays, as the generator made them: `images` [n, 28, 28] uint8, `z` [n, z_dim] float32, `labels` and `seeds` [n] int64 where there
    are any. Scale, columns and paper are for pictures."""
    arrays: dict[str, NDArray[Any]] = {"images": digits.images, "z": as_numbers(digits.steps)}
    for name, values in (("labels", digits.labels), ("seeds", digits.seeds)):
        if values is not None:
            arrays[name] = np.array(values, np.int64)
    return zipped_whole((f"{name}.npy", npy(array)) for name, array in arrays.items())


def npy(array: NDArray[Any]) -> bytes:
    """An array as NumPy's file."""
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


WRITERS: dict[str, Callable[[Digits], bytes]] = {PNG: as_png, WEBP: as_webp, JSON: as_json, ZIP: as_zip, NPZ: as_npz, BYTES: as_png}
