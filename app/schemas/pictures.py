"""Requests for one digit or a sheet of digits. Knows no model."""

from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal, Self

from pydantic import BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from app.schemas.fields import (
    ALLOWED,
    DIGITS,
    EACH,
    N_MAX,
    Count,
    Label,
    Labels,
    ScaledRequest,
    Seed,
    Vector,
    Vectors,
    check_last_seed,
    check_pixels,
    split_at_commas,
)
from models.pixels import sheet_pixels, square_columns


class SheetRequest(ScaledRequest):
    """A request for digits side by side. `seed + i` gives digit i, or row i if each seed writes all that the model has `classes` for."""

    default_n: ClassVar[int] = 1
    default_rows: ClassVar[int] = 1  # if each seed writes all digits

    seed: Seed | None = Field(None, description=ALLOWED["seed"], examples=[7])
    n: Count | None = Field(None, description=ALLOWED["n"])
    columns: Count | None = Field(None, description=ALLOWED["columns"])

    @property
    def each(self) -> bool:
        """Whether each seed writes all digits."""
        return False

    @property
    def vectors(self) -> list[list[float]] | None:
        return None

    @property
    def labels(self) -> Sequence[Label] | None:
        """One label per digit, or one for all. A tuple if it came alone, in no list."""
        return None

    @property
    def one_label_for_all(self) -> bool:
        return self.labels is not None and len(self.labels) == 1

    @property
    def draws(self) -> int:
        """The number of seeds or vectors: n, else the length of the lists."""
        if self.n is not None:
            return self.n
        if self.vectors is not None:
            return len(self.vectors)
        if self.each:
            return self.default_rows
        return len(self.labels) if self.labels and len(self.labels) > 1 else self.default_n

    def count(self, classes: int) -> int:
        """The number of digits."""
        return self.draws * classes if self.each else self.draws

    def width(self, classes: int) -> int:
        """The width of the sheet, in digits."""
        count = self.count(classes)
        return min(self.columns or (classes if self.each else square_columns(count)), count)

    def pixels(self, classes: int) -> int:
        """The number of pixels of the sheet, with its empty places."""
        return sheet_pixels(self.count(classes), self.width(classes), self.scale)

    @property
    def single(self) -> bool:
        """Whether this is a request for one seed's digit at its original size."""
        return self.draws == self.scale == self.truncation == 1 and not self.each and self.vectors is None

    @model_validator(mode="after")
    def fits_together(self) -> Self:
        draws, vectors, labels = self.draws, self.vectors, self.labels
        if self.seed is not None and vectors is not None:
            raise PydanticCustomError("both", "seed and z exclude each other: send the one or the other")
        if vectors is not None and len(vectors) != draws:
            raise PydanticCustomError("z_count", f"z holds {len(vectors)} vectors, but n is {draws}: they must be as many")
        if labels is not None and len(labels) != draws and not self.one_label_for_all:
            raise PydanticCustomError("label_count", f"label is a list of {len(labels)}, but there are {draws} digits")
        check_last_seed(self.seed, draws, "seed + n - 1, the last digit's seed,")
        if not self.each:  # else the size depends on the model
            self.check_size(0)
        return self

    def check_size(self, classes: int) -> None:
        """Raises PydanticCustomError if there are too many digits, or too many pixels."""
        count = self.count(classes)
        if count > N_MAX:
            row = "ten" if classes == DIGITS else classes
            raise PydanticCustomError("count", f"that would be {count} digits, {row} in each of {self.draws} rows; {N_MAX} are allowed")
        check_pixels(self.pixels(classes))


class GenerateBody(SheetRequest):
    """The JSON of POST /generate; every field may be left out."""

    model_config = ConfigDict(
        strict=True,
        json_schema_extra={"examples": [{"seed": 7}, {"seed": 100, "n": 64}, {"seed": 7, "n": 10, "label": list(range(10))}]},
    )

    z: Vector | Vectors | None = Field(None, description=ALLOWED["z"])
    label: Label | Labels | Literal["each"] | None = Field(None, description=ALLOWED["label"])

    @property
    def each(self) -> bool:
        return self.label == EACH

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
    def labels(self) -> Sequence[Label] | None:
        if self.label is None or self.each:
            return None
        return self.label if isinstance(self.label, list) else (self.label,)

    @property
    def one_label_for_all(self) -> bool:
        return isinstance(self.labels, tuple)


class GenerateQuery(SheetRequest):
    """The query of GET /generate."""

    label: Annotated[Labels | Literal["each"] | None, BeforeValidator(split_at_commas)] = Field(
        None, description=ALLOWED["label"] + " (label=1,2,3 or label=1&label=2&label=3)"
    )

    @property
    def each(self) -> bool:
        return self.label == EACH

    @property
    def labels(self) -> Sequence[Label] | None:
        return self.label if isinstance(self.label, list) else None


class GridQuery(GenerateQuery):
    """The query of GET /grid: the same, with 64 digits unless told otherwise."""

    default_n: ClassVar[int] = 64
    default_rows: ClassVar[int] = 10

    n: Count | None = Field(None, description=ALLOWED["n"] + "; 64 digits or 10 rows unless given")
