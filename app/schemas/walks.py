"""Requests for walks, planes and sums in latent space. Knows no model."""

import re
from collections.abc import Sequence
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from app.schemas.fields import (
    GRID,
    WHOLE,
    WHOLE_NUMBER,
    AnimationFormat,
    Count,
    Label,
    Path,
    ScaledRequest,
    Seed,
    Vector,
    check_pixels,
    split_at_commas,
)
from models.cards import CLASS_NAME_MAX
from models.pixels import sheet_pixels

FRAMES_MAX = 1024
SEEDS_MAX = 64
GIF_MS_MAX = 655_350  # of one frame; equal frames are merged into one
BETWEEN = ".."  # the labels of both ends
ENDS_MAX = 2 * CLASS_NAME_MAX + len(BETWEEN)
NUMBER = r"[0-9]{1,2}"
ENDS_ALLOWED = "should be a digit, or two with .. between them"


def read_ends(value: Any) -> Any:
    """`3` or `3..8`, a number, or the same with names of classes."""
    value = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if isinstance(value, str) and not all(map(may_be_label, value.split(BETWEEN, 1))):
        raise PydanticCustomError("ends", ENDS_ALLOWED)
    return value


def may_be_label(text: str) -> bool:
    return bool(text) and (not WHOLE_NUMBER.fullmatch(text) or re.fullmatch(NUMBER, text) is not None)


ENDS_SCHEMA = {"anyOf": [{"type": "string", "minLength": 1, "maxLength": ENDS_MAX}, {"type": "integer", "minimum": 0, "maximum": 99}]}
Ends = Annotated[str, Field(max_length=ENDS_MAX), BeforeValidator(read_ends), WithJsonSchema(ENDS_SCHEMA)]

HELP = {
    "from": "the seed to set out from",
    "to": f"the seed to go to, or up to {SEEDS_MAX} of them one after another, separated by commas",
    "frames": f"pictures from each point to the next, both ends among them, 2 to {FRAMES_MAX}; {FRAMES_MAX} in all",
    "path": "slerp (along the arc, where random points lie) or lerp (straight, through a region where none lie)",
    "format": "png, a strip; apng, gif or webp, animated",
    "ms": "milliseconds a frame is seen, 10 to 10000",
    "loop": "how often an animation is shown, 0 to 1000; 0: for ever",
    "label": "the digit that is held (3), or the one at the start and the one at the end (3..8), mixed in between; "
    "without it those of the first and the last seed. Of a model whose classes have names, by number or name",
    "seeds": "three seeds: the square's upper left, upper right and lower left corner",
    "plane n": "digits along each side, 2 to 32",
    "point": f"seeds, or z as lists of numbers, in standard deviations; {GRID}",
}


def as_label(text: str) -> Label:
    return int(text) if WHOLE_NUMBER.fullmatch(text) else text


class Walk(ScaledRequest):
    """The fields of every walk."""

    path: Path = Field("slerp", description=HELP["path"])
    label: Ends | None = Field(None, description=HELP["label"], examples=["3", "3..8"])
    frames: Annotated[int, Field(ge=2, le=FRAMES_MAX), WHOLE] = Field(16, description=HELP["frames"])
    format: Literal["png", AnimationFormat] = Field("png", description=HELP["format"])
    columns: Count | None = Field(None, description="columns of a strip; without it one row")
    ms: Annotated[int, Field(ge=10, le=10_000), WHOLE] = Field(80, description=HELP["ms"])
    loop: Annotated[int, Field(ge=0, le=1000), WHOLE] = Field(0, description=HELP["loop"])

    def ends(self, names: Sequence[str]) -> tuple[Label, Label] | None:
        """The labels at the start and at the end. A name may have dots of its own."""
        if self.label is None:
            return None
        first, _, last = (self.label, "", "") if self.label in names else self.label.partition(BETWEEN)
        return as_label(first), as_label(last or first)

    @property
    def legs(self) -> int:
        raise NotImplementedError

    @property
    def count(self) -> int:
        return self.legs * (self.frames - 1) + 1

    @property
    def width(self) -> int:
        """The width of the strip, in digits."""
        return min(self.columns or self.count, self.count)

    @model_validator(mode="after")
    def fits(self) -> Self:
        if self.count > FRAMES_MAX:
            raise PydanticCustomError("frames", f"the way would have {self.count} frames; {FRAMES_MAX} are allowed")
        if self.format == "gif" and self.paper == "transparent":
            raise PydanticCustomError("gif", "a gif's ink cannot fade into nothing: take apng or webp, or another paper")
        if self.format == "gif" and (self.ms % 10 or self.ms * self.count > GIF_MS_MAX):
            raise PydanticCustomError(
                "gif_ms", f"a gif counts in tens of milliseconds, to {GIF_MS_MAX:,} at most: round ms, or take apng or webp"
            )
        check_pixels(sheet_pixels(self.count, self.width, self.scale))
        return self


class WalkQuery(Walk):
    """The query of GET /walk."""

    from_: Seed = Field(alias="from", description=HELP["from"], examples=[1])
    to: Annotated[list[Seed], Field(min_length=1, max_length=SEEDS_MAX, fail_fast=True), BeforeValidator(split_at_commas)] = Field(
        description=HELP["to"], examples=["2"]
    )

    @property
    def legs(self) -> int:
        return len(self.to)


class WalkBody(Walk):
    """The JSON of POST /walk."""

    model_config = ConfigDict(strict=True, json_schema_extra={"examples": [{"z": [[0.5] * 64, [-0.5] * 64], "label": 3, "frames": 8}]})

    z: list[Seed | Vector] = Field(
        min_length=2, max_length=SEEDS_MAX, fail_fast=True, description=f"the way's points: 2 to {SEEDS_MAX} {HELP['point']}"
    )

    @property
    def legs(self) -> int:
        return len(self.z) - 1


class PlaneQuery(ScaledRequest):
    """The query of GET /plane."""

    path: Path = Field("slerp", description=HELP["path"])
    seeds: Annotated[list[Seed], Field(min_length=3, max_length=3, fail_fast=True), BeforeValidator(split_at_commas)] = Field(
        description=HELP["seeds"], examples=["1,2,3"]
    )
    n: Annotated[int, Field(ge=2, le=32), WHOLE] = Field(9, description=HELP["plane n"])
    label: Label | None = Field(None, description="the digit; without it that of the first seed")

    @model_validator(mode="after")
    def fits(self) -> Self:
        check_pixels(sheet_pixels(self.n * self.n, self.n, self.scale))
        return self


class ArithmeticBody(ScaledRequest):
    """The JSON of POST /arithmetic."""

    model_config = ConfigDict(strict=True, json_schema_extra={"examples": [{"plus": [1, 2], "minus": [3], "label": 7, "truncation": 0.6}]})

    plus: list[Seed | Vector] = Field(min_length=1, max_length=SEEDS_MAX, fail_fast=True, description=f"1 to {SEEDS_MAX} {HELP['point']}")
    minus: list[Seed | Vector] = Field([], max_length=SEEDS_MAX, fail_fast=True, description=f"up to {SEEDS_MAX} {HELP['point']}")
    label: Label | None = Field(None, description="the digit; without it that of the first seed among plus")
