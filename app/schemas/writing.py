"""Requests for lines of writing. Knows no model."""

from typing import Annotated, Self

from pydantic import ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from app.schemas.fields import ALLOWED, GRID, REAL, WHOLE, DigitRequest, Seed, Vector, check_last_seed

MARKS = "-.:,/"  # that can be written, beside digits and blanks
CHARACTER_WIDTH = 0.5  # of a line's height, gaps included; few characters take more
LENGTH_MAX = 100
LINES_MAX = 1000
CHARACTERS_MAX = 20_000  # in all lines
LINES_PIXELS_MAX = 64_000_000
HEIGHT_MAX = 512
TEXT = (
    f"1 to {LENGTH_MAX} characters: digits, blanks and {' '.join(MARKS)}; "
    "of a model whose classes have names, those of one character in place of digits"
)
HAND_Z = (
    "the hand that all lines are written in, as many numbers as the model has dimensions, in standard deviations, as /hand tells it; "
    f"{GRID}. The seed then only says how characters are placed, and is 0 unless given"
)
LINES = f"1 to {LINES_MAX} lines, each of {TEXT}; line i is in the hand of seed + i"

Text = Annotated[str, Field(min_length=1, max_length=LENGTH_MAX)]  # of which characters, the model says


class Hand(DigitRequest):
    """The fields of every request for writing."""

    seed: Seed | None = Field(None, description=ALLOWED["seed"], examples=[7])
    height: Annotated[int, Field(ge=16, le=HEIGHT_MAX), WHOLE] = Field(64, description=f"of the picture in pixels, 16 to {HEIGHT_MAX}")
    slant: Annotated[float, Field(ge=-45, le=45, allow_inf_nan=False), REAL] = Field(0, description="degrees to the right, -45 to 45")


class WriteQuery(Hand):
    """The query of GET /write/{text}."""


class WriteBody(Hand):
    """The JSON of POST /write."""

    model_config = ConfigDict(
        strict=True,
        json_schema_extra={
            "examples": [{"lines": ["2026-11-25", "150-0001"], "seed": 7}, {"text": "2026-11-25", "z": [0.5] * 64}],
            "anyOf": [{"required": ["lines"]}, {"required": ["text"]}],
        },
    )

    lines: list[Text] | None = Field(None, min_length=1, max_length=LINES_MAX, fail_fast=True, description=LINES)
    text: Text | None = Field(None, description=f"one line in place of lines, {TEXT}")
    z: Vector | None = Field(None, description=HAND_Z)

    @property
    def texts(self) -> list[str]:
        return [self.text] if self.text is not None else self.lines or []

    @model_validator(mode="after")
    def fits(self) -> Self:
        if (self.lines is None) == (self.text is None):
            raise PydanticCustomError("either", "send either lines, a list, or text, one line")
        check_last_seed(self.seed, len(self.texts), "the last line's seed, seed + lines - 1,")
        if (characters := sum(map(len, self.texts))) > CHARACTERS_MAX:
            raise PydanticCustomError("characters", f"lines: {characters:,} characters in all; {CHARACTERS_MAX:,} are allowed")
        if (pixels := int(characters * CHARACTER_WIDTH) * self.height**2) > LINES_PIXELS_MAX:
            message = (
                f"so many characters at that height are some {pixels:,} pixels; {LINES_PIXELS_MAX:,} are allowed for all lines together"
            )
            raise PydanticCustomError("pixels", message)
        return self
