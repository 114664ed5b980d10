"""Animations: APNG, GIF and WebP. Does not know what the frames show."""

import io
from collections.abc import Sequence
from typing import Any

from PIL import Image

from app.schemas.fields import AnimationFormat
from models.pixels import Pixels

MEDIA_TYPES: dict[AnimationFormat, str] = {"apng": "image/apng", "gif": "image/gif", "webp": "image/webp"}
OPTIONS: dict[AnimationFormat, dict[str, Any]] = {
    "apng": {"format": "PNG"},
    "gif": {"format": "GIF", "optimize": False, "disposal": 1},
    "webp": {"format": "WEBP", "lossless": True, "method": 2},
}
BYTES_A_PIXEL: dict[AnimationFormat, int] = {"apng": 12, "gif": 4, "webp": 12}  # most memory that Pillow takes, per pixel of all frames


def memory_bytes(kind: AnimationFormat, pixels: int) -> int:
    """Most memory that encoding takes. `pixels`: of all frames together."""
    return pixels * BYTES_A_PIXEL[kind]


def animate(frames: Sequence[Pixels], kind: AnimationFormat, frame_ms: int, loop: int) -> bytes:
    """Frames [height, width] grey or [height, width, 2] grey and alpha, shown `loop` times; 0: for ever."""
    first, *others = (Image.fromarray(frame, "L" if frame.ndim == 2 else "LA") for frame in frames)
    if kind == "webp":
        first, *others = (image.convert("RGBA" if image.mode == "LA" else "RGB") for image in (first, *others))
    repeated: dict[str, Any] = {"loop": loop}
    if kind == "gif" and loop:  # a GIF counts repetitions, not showings
        repeated = {"loop": loop - 1} if loop > 1 else {}
    file = io.BytesIO()
    first.save(file, save_all=True, append_images=others, duration=frame_ms, **repeated, **OPTIONS[kind])
    return file.getvalue()
