"""The folder of weights files: each is read and checked, before the first is warmed up. Computes nothing."""

from pathlib import Path
from typing import NamedTuple

from app.settings import Settings
from models import directions, encoder, weights
from models.cards import ENCODER_SUFFIX, FLOAT_SUFFIX, SUFFIX, Card, EncoderCard, IntegersCard
from models.directions import Directions
from models.encoder import Encoder
from models.files import FileError, listed
from models.integers import IntegerGenerator
from models.weights import WeightsError


class Loaded(NamedTuple):
    """A weights file that is read and can be served, but is not yet warm."""

    file: Path
    card: Card
    golden: IntegersCard
    generator: IntegerGenerator
    sha256: str
    size_bytes: int
    directions: Directions | None
    hand: tuple[EncoderCard, Encoder] | None  # the encoder that reads hands for it


def read_all(settings: Settings) -> dict[str, Loaded]:
    """Reads all files before the first is warmed up, which takes longer. Raises WeightsError if there is none, one is broken, two have the
    same name, an encoder is of other weights, or the default model is missing; DirectionsError if directions belong to other weights."""
    read: dict[str, Loaded] = {}
    for file in files(settings.weights):
        one = read_file(file)
        if one.card.name in read:
            raise WeightsError(f"{file} is a second model named {one.card.name}. Remove one of the two.")
        read[one.card.name] = one
    if settings.model not in read:
        there = ", ".join(read)
        raise WeightsError(f"The default model {settings.model} is not in {settings.weights}. Set KAKITE_MODEL to one of: {there}.")
    return read


def files(folder: Path) -> list[Path]:
    """Raises WeightsError."""
    try:
        every = [file for file in listed(folder, SUFFIX) if not file.name.endswith(ENCODER_SUFFIX)]
    except FileError as error:
        raise WeightsError(str(error)) from None
    except OSError:
        raise WeightsError(f"{folder} is no folder. Set KAKITE_WEIGHTS to one that holds {SUFFIX} files.") from None
    there = [file for file in every if not file.name.endswith(FLOAT_SUFFIX)]
    if every and not there:
        raise WeightsError(
            f"{folder} holds only float generators, which are not served. Make integers of one: python -m training integers {every[0]}"
        )
    if not there:
        raise WeightsError(f"{folder} holds no {SUFFIX} file. Train one, or set KAKITE_WEIGHTS to a folder that has some.")
    return there


def read_file(file: Path) -> Loaded:
    """Raises WeightsError and DirectionsError."""
    loaded, generator, golden = weights.load_served(file)
    card = loaded.card
    ways = directions.read(directions.file_beside(file), loaded.tensors_sha256, card.network.z_dim)
    hand = encoder.load(encoder.file_beside(file), loaded)
    return Loaded(file, card, golden, generator, loaded.sha256, loaded.size_bytes, ways, hand)
