"""Encodes digits for each media type: pictures, JSON, a ZIP of files, arrays. Knows neither requests nor models."""

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
BYTES = "application/octet-stream"  # the PNG's bytes, for generated clients that do not know image types
WEBP_MAX = 16_383  # pixels along a side
WEBP_PIXELS_MAX = 4_000_000  # its encoder takes ten times the memory of PNG's
WEBP_OPTIONS: dict[str, Any] = {"lossless": True, "exact": True, "method": 1, "quality": 20}  # more effort does not make files smaller
KINDS = (PNG, WEBP, JSON, ZIP, NPZ, BYTES)  # the first is the default
BYTES_A_PIXEL = {PNG: 3, WEBP: 36, JSON: 1, ZIP: 1, NPZ: 0, BYTES: 3}  # most memory that encoding takes, with the result
BYTES_A_DIGIT = 8192  # in addition


@dataclass(slots=True)
class Digits:
    """Generated digits, and everything an encoder needs to know of them."""

    images: Pixels  # [n, 28, 28]
    steps: Steps  # [n, z_dim], z on its grid
    seeds: list[int] | None  # [n]; None where z was given
    labels: list[int] | None  # [n]; None where the model has none
    columns: int | None = None  # of a sheet; None: as square as possible
    scale: int = 1
    paper: Paper = "black"
    about: dict[str, Any] = field(default_factory=dict)  # the model
    class_names: Sequence[str] = ()  # what the labels 0, 1, ... stand for; none for digits

    def names(self) -> Iterator[str]:
        """A unique file name for each digit, from its seed and label if there are any."""
        for i in range(len(self.images)):
            seed = f"z{i}" if self.seeds is None else f"{self.seeds[i]}"
            yield f"{seed}-{self.labels[i]}" if self.labels is not None else seed

    def each(self) -> Iterator[bytes]:
        """A PNG for each digit."""
        for image in self.images:
            yield png.encode_sheet(image[None], 1, self.scale, self.paper)


def refuse_large(kind: str, pixels: int) -> None:
    """Raises Unprocessable for a picture that would take too much memory to encode."""
    if kind == WEBP and pixels > WEBP_PIXELS_MAX:
        raise Unprocessable(f"A WebP has at most {WEBP_PIXELS_MAX:,} pixels, and this would have {pixels:,}. Ask for less, or for PNG.")


def memory_bytes(kind: str, n: int, pixels: int) -> int:
    """Most memory that encoding `n` digits in a picture of `pixels` pixels takes."""
    return n * BYTES_A_DIGIT + pixels * BYTES_A_PIXEL[kind]


def as_png(digits: Digits) -> bytes:
    return png.encode_sheet(digits.images, digits.columns, digits.scale, digits.paper)


def as_webp(digits: Digits) -> bytes:
    """Lossless. Raises Unprocessable if a side is longer than WebP allows."""
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
        {"seed": seed, **told(label, digits.class_names), "image": base64.b64encode(image).decode()}
        for seed, label, image in zip(seeds, labels, digits.each(), strict=True)
    )
    return listing(digits.about, "images", images)


def told(label: int | None, class_names: Sequence[str]) -> dict[str, int | str | None]:
    """A label in JSON, and the name of its class if it has one."""
    return {"label": label, **({"class_name": class_names[label]} if class_names and label is not None else {})}


def listing(about: dict[str, Any], name: str, items: Iterable[dict[str, Any]]) -> bytes:
    """A JSON object whose last field is a list. It is encoded item by item, so that a long list does not block other threads."""
    before = json.dumps({**about, name: []}).removesuffix("]}")
    return f"{before}{', '.join(map(json.dumps, items))}]}}".encode()


def as_zip(digits: Digits) -> bytes:
    """A PNG per digit, with `labels.csv` and `metadata.csv`."""
    files = [(f"{name}.png", image) for name, image in zip(digits.names(), digits.each(), strict=True)]
    return zipped_whole([*files, *tables([name for name, _ in files], digits.seeds, digits.labels, digits.class_names)])


def as_npz(digits: Digits) -> bytes:
    """The generator's arrays: `images` [n, 28, 28] uint8, `z` [n, z_dim] float32, `labels` and `seeds` [n] int64 and
    `class_names` [classes] if there are any. Scale, columns and paper do not apply."""
    arrays: dict[str, NDArray[Any]] = {"images": digits.images, "z": as_numbers(digits.steps)}
    for name, values in (("labels", digits.labels), ("seeds", digits.seeds)):
        if values is not None:
            arrays[name] = np.array(values, np.int64)
    if digits.class_names:
        arrays["class_names"] = np.array(digits.class_names)
    return zipped_whole((f"{name}.npy", npy(array)) for name, array in arrays.items())


def npy(array: NDArray[Any]) -> bytes:
    """An array in NumPy's file format."""
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


WRITERS: dict[str, Callable[[Digits], bytes]] = {PNG: as_png, WEBP: as_webp, JSON: as_json, ZIP: as_zip, NPZ: as_npz, BYTES: as_png}
