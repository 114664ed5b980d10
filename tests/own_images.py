"""Small data sets in every form in which people have images."""

import csv
import gzip
import io
import json
import struct
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet
from numpy.typing import NDArray
from PIL import Image

from models.pixels import Pixels

TYPES = {"u1": 0x08, "i1": 0x09, "i2": 0x0B, "i4": 0x0C, "f4": 0x0D, "f8": 0x0E}


def drawn(labels: Sequence[int], side: int = 28) -> Pixels:
    """Images [N, side, side], each different, so that a mixed-up order shows."""
    images = np.random.default_rng(7).integers(0, 100, (len(labels), side, side), np.uint8)
    images[:, 0, 0] = labels
    return images


def idx(values: Any, kind: str = "u1") -> bytes:
    array: NDArray[Any] = np.asarray(values).astype(f">{kind}")
    return struct.pack(f">BBBB{array.ndim}I", 0, 0, TYPES[kind], array.ndim, *array.shape) + array.tobytes()


def idx_folder(folder: Path, images: Pixels, labels: Sequence[int], test: int) -> Path:
    """MNIST's four files, packed; the last `test` images are the test set."""
    folder.mkdir(parents=True, exist_ok=True)
    cut = len(labels) - test
    for stem, rows in (("train", slice(0, cut)), ("t10k", slice(cut, None))):
        (folder / f"{stem}-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx(images[rows])))
        (folder / f"{stem}-labels-idx1-ubyte.gz").write_bytes(gzip.compress(idx(labels[rows])))
    return folder


def table(file: Path, images: Pixels, labels: Sequence[object], header: bool) -> Path:
    """A CSV of labels and pixels."""
    with file.open("w", newline="") as text:
        rows = csv.writer(text)
        if header:
            rows.writerow(["label", *(f"pixel{i}" for i in range(images[0].size))])
        rows.writerows([label, *image.ravel().tolist()] for image, label in zip(images, labels, strict=True))
    return file


def png(image: Pixels, kind: str = "PNG") -> bytes:
    file = io.BytesIO()
    Image.fromarray(image).save(file, kind)
    return file.getvalue()


def class_folders(folder: Path, images: Pixels, labels: Sequence[object]) -> Path:
    for i, (image, label) in enumerate(zip(images, labels, strict=True)):
        (folder / str(label)).mkdir(parents=True, exist_ok=True)
        (folder / str(label) / f"{i:05}.png").write_bytes(png(image))
    return folder


def parquet(file: Path, images: Pixels, labels: Sequence[object], names: Sequence[str] = (), image: str = "image") -> Path:
    """As Hugging Face's `datasets` writes it."""
    column = pa.array([{"bytes": png(pixels), "path": None} for pixels in images])
    made = pa.table({image: column, "label": pa.array(labels)})
    if names:
        features = {"info": {"features": {"label": {"names": list(names)}}}}
        made = made.replace_schema_metadata({"huggingface": json.dumps(features)})
    pyarrow.parquet.write_table(made, file)
    return file


def packed(file: Path, folder: Path) -> Path:
    """The folder as a ZIP."""
    with zipfile.ZipFile(file, "w") as archive:
        for member in sorted(folder.rglob("*")):
            archive.write(member, member.relative_to(folder))
    return file
