"""Requests for data sets. Knows no model."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from app.schemas.fields import ALLOWED, WHOLE, Labels, Seed, check_last_seed, split_at_commas
from models.latents import SEED_MAX

Format = Literal["idx", "npz", "zip", "folders", "parquet", "parquet-png"]

DIGITS_MAX = 10_000_000
IDX_MIN = 7
ZIP_MAX = 100_000  # digits; a ZIP's central directory stays in memory until its end
OF_PNGS = ("zip", "folders")
HELP = {
    "n": f"how many digits, 1 to {DIGITS_MAX} (in shards, from the command line, more); as PNGs "
    f"(zip, folders) at most {ZIP_MAX}: ask for the rest by first_seed",
    "first_seed": f"digit i comes from first_seed + i; 0 to {SEED_MAX}",
    "format": "idx: a ZIP of MNIST's four files, the last seventh of the seeds as the test set; npz: NumPy's arrays; zip: a PNG a digit, "
    "labels.csv and metadata.csv, a Hugging Face imagefolder; folders: the same in a folder a label; parquet: image (28 * 28 bytes), label "
    "and seed; parquet-png: the same with images as Hugging Face's datasets knows them",
    "label": "balanced: each equally often, in turn; seed: as each seed draws it; or labels that are taken in turn (3, or 1,2,3), "
    "of a model whose classes have names by number or name",
}


class DatasetQuery(BaseModel):
    """The query of GET /dataset."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    n: Annotated[int, Field(ge=1, le=DIGITS_MAX), WHOLE] = Field(60_000, description=HELP["n"], examples=[70])
    first_seed: Seed = Field(0, description=HELP["first_seed"])
    format: Format = Field("idx", description=HELP["format"])
    label: Annotated[
        Literal["balanced", "seed"] | Labels, BeforeValidator(lambda value: value if value in KINDS else split_at_commas(value))
    ] = Field("balanced", description=HELP["label"])
    model: str | None = Field(None, description=ALLOWED["model"])

    @model_validator(mode="after")
    def fits(self) -> Self:
        if self.format in OF_PNGS and self.n > ZIP_MAX:
            raise PydanticCustomError(
                "zip", f"a zip of PNGs holds at most {ZIP_MAX} digits: ask for parts by first_seed, or for idx, npz, parquet or parquet-png"
            )
        if self.format == "idx" and self.n < IDX_MIN:
            raise PydanticCustomError("idx", f"the last seventh of an idx is its test set: ask for n of {IDX_MIN} or more digits")
        check_last_seed(self.first_seed, self.n, "the last digit's seed, first_seed + n - 1,")
        return self


class BulkQuery(DatasetQuery):
    """The parameters of a data set in shards, which may have as many digits as there are seeds."""

    n: Annotated[int, Field(ge=1, le=SEED_MAX + 1), WHOLE] = Field(60_000, description=f"how many digits, 1 to {SEED_MAX + 1}")
    format: Literal["npz", "parquet", "parquet-png"] = Field("parquet", description="npz, parquet or parquet-png, a file a shard")
    shard: Annotated[int, Field(ge=1, le=DIGITS_MAX), WHOLE] = Field(100_000, description=f"digits a file, 1 to {DIGITS_MAX}")


KINDS = ("balanced", "seed")
