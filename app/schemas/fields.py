"""The types and limits of request fields that do not depend on the model. (`digits.checks` checks labels and the length of z.)

JSON is strict: `true`, `1.5` and `"7"` are no seeds, but `7.0` and `7e0` are 7, since JSON has only one kind of number. A query is text, so
it is parsed leniently.
"""

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo
from pydantic_core import PydanticCustomError, PydanticKnownError

from models.cards import CLASS_NAME_MAX
from models.latents import LIMIT, SEED_MAX, STEPS

N_MAX = 1024
SCALE_MAX = 32
PIXELS_MAX = 16_000_000
Z_MAX = 1_000_000.0
GRID = f"they are rounded to steps of 1/{STEPS}, and beyond ±{LIMIT / STEPS} clipped"  # the numbers of z
EXPONENT = re.compile(r"[+-]?[0-9]+(\.[0-9]*)?[eE][+-]?[0-9]{1,3}")
WHOLE_NUMBER = re.compile(r"[+-]?[0-9]+")
EACH = "each"
DIGITS = 10  # that `each` stands for, of a model that writes digits

ALLOWED = {
    "seed": f"a whole number from 0 to {SEED_MAX}; without it one is drawn, and told",
    "z": f"one latent vector, or a list of 1 to {N_MAX} of them: as many numbers as the model has dimensions, in standard deviations, each "
    f"from -{Z_MAX:,.0f} to {Z_MAX:,.0f}; {GRID}",
    "label": "the digit to write: one for all, or a list with one for each; without it each seed draws its own; "
    f'"{EACH}": each seed writes all ten in a row of its own. '
    "Of a model whose classes have names (class_names at /models): a number or a name",
    "n": f"how many digits, 1 to {N_MAX}; with label={EACH} how many rows of ten, 1 to {N_MAX // DIGITS}, or of as many as the model has",
    "columns": f"columns of the sheet, 1 to {N_MAX}; without it the sheet is as square as can be",
    "scale": f"whole pixels a pixel becomes, 1 to {SCALE_MAX}",
    "model": "the name of a model, see /models, or name@version for that version alone; without it the default one",
    "paper": "black (ink bright on black, as in MNIST), white (ink dark on white) or transparent (black ink, nothing behind it)",
    "truncation": "z is multiplied by it, 0 to 1: towards 0 all digits come closer to the model's average one, with less variety",
}


def as_whole(value: Any, info: ValidationInfo) -> Any:
    """Turns 7.0 into 7: many clients have only floating-point numbers. Leaves other values as they are."""
    if isinstance(value, str) and not (info.config or {}).get("strict"):
        refuse_underscore(value, "int_parsing")
        if len(value) > CLASS_NAME_MAX:  # sixty-five zeros are no label, nor any other number that a request needs
            raise PydanticKnownError("int_parsing")
        value = float(value) if EXPONENT.fullmatch(value) else value
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) <= SEED_MAX else value


def as_real(value: Any) -> Any:
    if isinstance(value, str):
        refuse_underscore(value, "float_parsing")
    return value


def refuse_underscore(text: str, kind: Literal["int_parsing", "float_parsing"]) -> None:
    """Pydantic reads 1_0 as 10, as Python does. No other language writes numbers so, so it is a mistake in a request."""
    if "_" in text:
        raise PydanticKnownError(kind)


def refuse_number(text: str) -> str:
    """A whole number is a label's number, so no class can be asked for by such a name."""
    if WHOLE_NUMBER.fullmatch(text) or EXPONENT.fullmatch(text):
        raise PydanticKnownError("int_type")
    return text


WHOLE = BeforeValidator(as_whole)  # comes after the limits of an int in its annotation
REAL = BeforeValidator(as_real)  # the same for a float
Seed = Annotated[int, Field(ge=0, le=SEED_MAX), WHOLE]
Count = Annotated[int, Field(ge=1, le=N_MAX), WHOLE]
Scale = Annotated[int, Field(ge=1, le=SCALE_MAX), WHOLE]
Truncation = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False), REAL]
Paper = Literal["black", "white", "transparent"]
Path = Literal["slerp", "lerp"]
AnimationFormat = Literal["apng", "gif", "webp"]
LabelNumber = Annotated[int, Field(ge=0, le=SEED_MAX), WHOLE]  # how many there are, the model says
ClassName = Annotated[str, Field(min_length=1, max_length=CLASS_NAME_MAX), AfterValidator(refuse_number)]  # which there are, the model says
Label = Annotated[LabelNumber | ClassName, Field(union_mode="left_to_right")]
Labels = Annotated[list[Label], Field(min_length=1, max_length=N_MAX, fail_fast=True)]
Number = Annotated[float, Field(ge=-Z_MAX, le=Z_MAX, allow_inf_nan=False)]
Vector = Annotated[list[Number], Field(min_length=1, max_length=4096, fail_fast=True)]
Vectors = Annotated[list[Vector], Field(min_length=1, max_length=N_MAX, fail_fast=True)]


def split_at_commas(value: Any) -> Any:
    """`?label=1,2,3` and `?label=1&label=2&label=3` are the same list."""
    value = [value] if isinstance(value, str) else value
    if value == [EACH]:
        return EACH
    if not isinstance(value, list):
        return value
    return [part for text in value for part in str(text).split(",") if part] or None


def check_pixels(pixels: int) -> None:
    if pixels > PIXELS_MAX:
        raise PydanticCustomError("pixels", f"the picture would have {pixels:,} pixels; {PIXELS_MAX:,} are allowed: ask for less")


def check_last_seed(first: int | None, count: int, told: str) -> None:
    """Checks the last of `count` seeds. `told` names it in the error."""
    if first is not None and first + count - 1 > SEED_MAX:
        raise PydanticCustomError("last_seed", f"{told} may be at most {SEED_MAX}")


class DigitRequest(BaseModel):
    """The fields of every request for digits."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    paper: Paper = Field("black", description=ALLOWED["paper"])
    truncation: Truncation = Field(1.0, description=ALLOWED["truncation"])
    model: str | None = Field(None, description=ALLOWED["model"])


class ScaledRequest(DigitRequest):
    """The fields of requests whose pictures are magnified by whole pixels."""

    scale: Scale = Field(1, description=ALLOWED["scale"])
