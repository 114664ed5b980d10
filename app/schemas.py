"""What a request may ask for: every limit that needs no model, checked before anything is queued.

JSON is strict (`true`, `1.5` and `"7"` are no seeds); a query is text, so it is read leniently and an empty value
means "not given". What depends on the model (its labels, the length of z) is checked in `latents`.
"""

import math
from typing import Annotated, Any, ClassVar, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from models.latents import SEED_MAX
from models.pixels import SIDE, square_columns

N_MAX = 1024
SCALE_MAX = 32
LABEL_MAX = 61
PIXELS_MAX = 16_000_000
Z_MAX = 1_000_000.0

ALLOWED = {
    "seed": f"a whole number from 0 to {SEED_MAX}; without it the server draws one",
    "z": f"one latent vector, or a list of 1 to {N_MAX} of them: finite numbers, as many as the model has dimensions",
    "label": "the digit to write: one for all, or a list with one for each; without it each seed draws its own",
    "n": f"how many digits, 1 to {N_MAX}",
    "columns": f"columns of the sheet, 1 to {N_MAX}; without it the sheet is as square as can be",
    "scale": f"whole pixels a pixel becomes, 1 to {SCALE_MAX}",
    "model": "the name of a model, see /models; without it the default one",
}

Seed = Annotated[int, Field(ge=0, le=SEED_MAX)]
Count = Annotated[int, Field(ge=1, le=N_MAX)]
Scale = Annotated[int, Field(ge=1, le=SCALE_MAX)]
Label = Annotated[int, Field(ge=0, le=LABEL_MAX)]
Labels = Annotated[list[Label], Field(min_length=1, max_length=N_MAX, fail_fast=True)]
Number = Annotated[float, Field(ge=-Z_MAX, le=Z_MAX, allow_inf_nan=False)]
Vector = Annotated[list[Number], Field(min_length=1, max_length=4096, fail_fast=True)]
Vectors = Annotated[list[Vector], Field(min_length=1, max_length=N_MAX, fail_fast=True)]


def absent_if_empty(value: Any) -> Any:
    return None if value == "" else value


def split_at_commas(value: Any) -> Any:
    """`?label=1,2,3` and `?label=1&label=2&label=3` are the same list."""
    value = [value] if isinstance(value, str) else value
    if not isinstance(value, list):
        return value
    return [part for text in value for part in str(text).split(",") if part] or None


class Wanted(BaseModel):
    """What every request for a picture can say. `seed + i` draws image i."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    default_n: ClassVar[int] = 1

    seed: Seed | None = Field(None, description=ALLOWED["seed"])
    n: Count | None = Field(None, description=ALLOWED["n"])
    columns: Count | None = Field(None, description=ALLOWED["columns"])
    scale: Scale = Field(1, description=ALLOWED["scale"])
    model: str | None = Field(None, description=ALLOWED["model"])

    @property
    def vectors(self) -> list[list[float]] | None:
        return None

    @property
    def labels(self) -> list[int] | None:
        """As many as there are images, or one for all of them."""
        return None

    @property
    def one_label_for_all(self) -> bool:
        return self.labels is not None and len(self.labels) == 1

    @property
    def count(self) -> int:
        """How many images: n, or as many as the lists are long."""
        if self.n is not None:
            return self.n
        if self.vectors is not None:
            return len(self.vectors)
        return len(self.labels) if self.labels and len(self.labels) > 1 else self.default_n

    @property
    def pixels(self) -> int:
        """Of the whole picture, empty places included."""
        columns = self.columns or square_columns(self.count)
        return columns * math.ceil(self.count / columns) * (SIDE * self.scale) ** 2

    @model_validator(mode="after")
    def fits_together(self) -> Self:
        if self.seed is not None and self.vectors is not None:
            raise PydanticCustomError("both", "seed and z exclude each other: send the one or the other")
        if self.vectors is not None and len(self.vectors) != self.count:
            raise PydanticCustomError("z_count", f"z holds {len(self.vectors)} vectors, but n is {self.count}: they must be as many")
        if self.labels is not None and len(self.labels) != self.count and not self.one_label_for_all:
            raise PydanticCustomError("label_count", f"label is a list of {len(self.labels)}, but there are {self.count} digits")
        if self.seed is not None and self.seed + self.count - 1 > SEED_MAX:
            raise PydanticCustomError("last_seed", f"seed + n - 1, the last digit's seed, may be at most {SEED_MAX}")
        if self.pixels > PIXELS_MAX:
            raise PydanticCustomError(
                "pixels",
                f"the picture would have {self.pixels:,} pixels; {PIXELS_MAX:,} are allowed: ask for less",
            )
        return self


class GenerateBody(Wanted):
    """The JSON of POST /generate; every field may be left out."""

    model_config = ConfigDict(
        strict=True,
        json_schema_extra={"examples": [{"seed": 7}, {"seed": 100, "n": 64}, {"seed": 7, "n": 10, "label": list(range(10))}]},
    )

    z: Vector | Vectors | None = Field(None, description=ALLOWED["z"])
    label: Label | Labels | None = Field(None, description=ALLOWED["label"])

    @property
    def vectors(self) -> list[list[float]] | None:
        match self.z:
            case None:
                return None
            case [[*_], *_]:
                return self.z  # type: ignore[return-value]
            case _:
                return [self.z]  # type: ignore[list-item]

    @property
    def labels(self) -> list[int] | None:
        return [self.label] if isinstance(self.label, int) else self.label

    @property
    def one_label_for_all(self) -> bool:
        return isinstance(self.label, int)


class GenerateQuery(Wanted):
    """The query of GET /generate."""

    seed: Annotated[Seed | None, BeforeValidator(absent_if_empty)] = Field(None, description=ALLOWED["seed"], examples=[7])
    n: Annotated[Count | None, BeforeValidator(absent_if_empty)] = Field(None, description=ALLOWED["n"] + "; 1 unless given")
    columns: Annotated[Count | None, BeforeValidator(absent_if_empty)] = Field(None, description=ALLOWED["columns"])
    scale: Annotated[Scale, BeforeValidator(lambda value: value or 1)] = Field(1, description=ALLOWED["scale"])
    model: Annotated[str | None, BeforeValidator(absent_if_empty)] = Field(None, description=ALLOWED["model"])
    label: Annotated[Labels | None, BeforeValidator(split_at_commas)] = Field(
        None, description=ALLOWED["label"] + " (label=1,2,3 or label=1&label=2&label=3)"
    )

    @property
    def labels(self) -> list[int] | None:
        return self.label


class GridQuery(GenerateQuery):
    """The query of GET /grid: the same, with 64 digits unless told otherwise."""

    default_n: ClassVar[int] = 64

    n: Annotated[Count | None, BeforeValidator(absent_if_empty)] = Field(None, description=ALLOWED["n"] + "; 64 unless given")
