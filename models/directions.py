"""Directions in a generator's latent space, each of which changes one thing about a digit. Needs no torch.

NAME.directions.json lies beside the weights and belongs to them alone: it holds the SHA-256 of their tensors, which does not change with
the card. `python -m training directions` finds the directions.
"""

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from models import atomic, files
from models.cards import NAME, SUFFIX
from models.documents import DocumentError, parsed
from models.files import FileError
from models.sentences import SentenceError

ENDING = ".directions.json"
LIMIT_BYTES = 1 << 24  # of a file; four directions of the longest z take 400 thousand


class DirectionsError(SentenceError):
    """A file of directions cannot be used. The message names the file, the cause and what to do."""


class Direction(BaseModel):
    """z + t * vector changes one thing about the digit, and hardly anything else."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    name: str = Field(description="What changes: thickness, slant, width, height.")
    unit: str = Field(description="Of `change`.")
    change: float = Field(description="By one step, t = 1, on average.")
    explained: float = Field(description="Share of the variance of what changes, within a digit, that is linear in z.")
    vector: list[float] = Field(description="[z_dim], of length 1: along it a random z has a standard deviation of 1.")


class Directions(BaseModel):
    """The directions of a generator."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: Annotated[str, Field(pattern=f"^{NAME}$")]
    tensors_sha256: str = Field(description="Of the tensors that they were found for.")
    digits: int = Field(description="How many they were found from, of seeds 0 to digits - 1.")
    directions: list[Direction]


def file_beside(weights: Path) -> Path:
    return weights.with_name(weights.name.removesuffix(SUFFIX) + ENDING)


def read(file: Path, tensors_sha256: str, z_dim: int) -> Directions | None:
    """The directions; None if there is no file. Raises DirectionsError if it is broken or belongs to other weights."""
    weights = file.with_name(file.name.removesuffix(ENDING) + SUFFIX)
    remedy = f"Remove it, or find them anew: python -m training directions {weights}"
    try:
        content = files.read(file, LIMIT_BYTES)
        parsed(content)
        found = Directions.model_validate_json(content)
    except FileNotFoundError:
        return None
    except FileError as error:
        raise DirectionsError(f"{error} Or find them anew: python -m training directions {weights}") from None
    except DocumentError as error:
        raise DirectionsError(f"{file} holds no directions: it {error}. {remedy}") from None
    except ValidationError as error:
        cause = error.errors(include_input=False, include_url=False)[0]["msg"]
        raise DirectionsError(f"{file} holds no directions ({cause}). {remedy}") from None
    if found.tensors_sha256 != tensors_sha256 or any(len(direction.vector) != z_dim for direction in found.directions):
        raise DirectionsError(f"{file} belongs to other weights of that name. {remedy}")
    return found


def write(file: Path, found: Directions) -> None:
    """Writes one direction per line, so that people can read it."""
    lines = ",\n".join(direction.model_dump_json() for direction in found.directions)
    head = found.model_dump_json(exclude={"directions"}).removesuffix("}")
    atomic.write(file, f'{head},"directions":[\n{lines}\n]}}\n'.encode())
