"""The schemas of JSON responses, for the OpenAPI document only: routes write the JSON themselves. Knows no route."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

PICTURE = {"contentEncoding": "base64", "contentMediaType": "image/png"}
CLASS_NAME = "What the label stands for; only where the model's classes have names."
Picture = Annotated[str, Field(description="A PNG in base64.", json_schema_extra=dict(PICTURE))]


class Response(BaseModel):
    model_config = ConfigDict(extra="forbid")


class FromModel(Response):
    """What every response says of the model."""

    model: str
    version: str = Field(description="Of what a seed gives; model@version asks for it alone.")
    sha256: str = Field(description="Of the weights file.")
    scores: dict[str, float]


class Digit(Response):
    """A digit."""

    seed: int | None = Field(description="null where z was sent")
    label: int | None = Field(description="null where the model has no labels")
    class_name: str | None = Field(None, description=CLASS_NAME)
    image: Picture


class DigitList(FromModel):
    """Digits, one by one."""

    images: list[Digit]


class InkBox(Response):
    """The bounding box of a character's ink, in pixels of the picture. For a blank, the space it leaves."""

    character: str
    x: int
    y: int
    width: int
    height: int


class Line(Response):
    """A line of writing."""

    text: str
    seed: int
    width: int
    height: int
    image: Picture
    boxes: list[InkBox]


class WrittenLine(Line, FromModel):
    """A line of writing, and the model that wrote it."""


class WrittenLines(FromModel):
    """Lines of writing."""

    lines: list[Line]


class ReadDigit(Response):
    """A digit of a hand: as it was read, and as it is written back."""

    label: int
    class_name: str | None = Field(None, description=CLASS_NAME)
    probability: float = Field(description="Of this label, as the encoder finds it, 0 to 1.")
    likeness: float = Field(
        description="How much of the ink of `read` and `image` lies in both, 0 to 1: twice the common ink over all ink."
    )
    read: Picture
    image: Picture


class ReadHand(FromModel):
    """A hand, as z, and the digits that it was read from."""

    z: list[float] = Field(description="It can be sent to /generate, /write, /walk and /arithmetic.")
    digits: list[ReadDigit]


class Sum(FromModel):
    """A latent vector, and its digit."""

    label: int | None = Field(description="null where the model has no labels")
    class_name: str | None = Field(None, description=CLASS_NAME)
    z: list[float] = Field(description="It can be sent to /generate.")
    image: Picture
