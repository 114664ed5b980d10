"""Requests to read a hand from pictures of its digits. Knows no model."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from app.schemas.fields import ALLOWED, Label, Paper, Scale

DIGITS_MAX = 10
EXAMPLE = (  # a 7 of 12x12 pixels
    "iVBORw0KGgoAAAANSUhEUgAAAAwAAAAMCAAAAABzHgM7AAAAHklEQVR4AWPAB/5DAVgNlP0fzIEQ/5E4lLAhpmGQAEzcG+XzA3+oAAAAAElFTkSuQmCC"
)
HELP = {
    "label": "which digit it is; without it the most probable one. Of a model whose classes have names, a number or a name",
    "image": "the picture in base64, a data: URL or without its head: PNG, JPEG, WebP, GIF or BMP",
    "digits": f"1 to {DIGITS_MAX} digits of one hand, each an image and, if it is known, its label",
}


class HandRequest(BaseModel):
    """The fields of every request to read a hand."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    paper: Paper = Field("black", description=ALLOWED["paper"])
    scale: Scale = Field(1, description=ALLOWED["scale"])
    model: str | None = Field(None, description=ALLOWED["model"])


class HandQuery(HandRequest):
    """The query of POST /hand with a picture as its body."""

    label: Label | None = Field(None, description=HELP["label"])


class DrawnDigit(BaseModel):
    """A picture of a digit, and which it is."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    image: Annotated[str, Field(min_length=1)] = Field(description=HELP["image"])
    label: Label | None = Field(None, description=HELP["label"])


class HandBody(HandRequest):
    """The JSON of POST /hand."""

    model_config = ConfigDict(strict=True, json_schema_extra={"examples": [{"digits": [{"image": EXAMPLE, "label": 7}]}]})

    digits: list[DrawnDigit] = Field(min_length=1, max_length=DIGITS_MAX, description=HELP["digits"])
