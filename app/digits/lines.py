"""Typeset lines as JSON, or as a ZIP of PNGs with tables. Knows no request."""

import base64
import dataclasses
import json
from dataclasses import dataclass
from typing import Any

from app.digits.writing import Box
from app.encode.formats import listing
from app.encode.zips import zipped_whole
from app.schemas.writing import CHARACTER_WIDTH

BYTES_A_CHARACTER = 2048  # most memory that a character takes, beside its pixels


@dataclass(frozen=True, slots=True)
class TypesetLine:
    """A line's text, the seed of its hand, the boxes of its characters, and its PNG."""

    text: str
    seed: int
    boxes: list[Box]
    height: int
    width: int
    picture: bytes


def memory_bytes(texts: list[str], height: int) -> int:
    """Most memory that lines take: all of them as PNGs, and one at a time as a picture and its uncompressed PNG data."""
    pixels = [int(len(text) * CHARACTER_WIDTH * height**2) for text in texts]
    return sum(map(len, texts)) * BYTES_A_CHARACTER + 4 * max(pixels) + sum(pixels) // 4


def as_json(text: TypesetLine) -> dict[str, Any]:
    boxes = [dataclasses.asdict(box) for box in text.boxes]
    image = base64.b64encode(text.picture).decode()
    return {"text": text.text, "seed": text.seed, "width": text.width, "height": text.height, "image": image, "boxes": boxes}


def as_list(about: dict[str, Any], texts: list[TypesetLine]) -> bytes:
    """`about`: what the answer tells of the model."""
    return listing(about, "lines", map(as_json, texts))


def as_zip(texts: list[TypesetLine]) -> bytes:
    """PNGs, `labels.csv`, and the same in `metadata.jsonl` for loaders of image folders: from a CSV they would read 007 as a number."""
    files, metadata = [], []
    rows = ["file,text,seed,boxes"]
    for i, text in enumerate(texts):
        name = f"{i:0{len(str(len(texts) - 1))}}.png"
        files.append((name, text.picture))
        boxes = ";".join(f"{box.x} {box.y} {box.width} {box.height}" for box in text.boxes)
        in_quotes = text.text.replace('"', '""')
        rows.append(f'{name},"{in_quotes}",{text.seed},{boxes}')
        as_dicts = [dataclasses.asdict(box) for box in text.boxes]
        metadata.append(json.dumps({"file_name": name, "text": text.text, "seed": text.seed, "boxes": as_dicts}))
    tables = [(name, ("\n".join(lines) + "\n").encode()) for name, lines in (("labels.csv", rows), ("metadata.jsonl", metadata))]
    return zipped_whole([*files, *tables])
