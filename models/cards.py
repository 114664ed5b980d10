"""Cards: what is known of a generator, and the names under which it lies. Needs no torch, so that whoever only tells of it needs none.

The card lies in the header of a weights file (`weights`), and is what the service tells of a model.
"""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

FOLDER = Path(__file__).parent / "weights"
SUFFIX = ".safetensors"
FLOAT_SUFFIX = ".float.safetensors"  # of a float generator, from which the one in integers was made
ENCODER_SUFFIX = ".encoder.safetensors"  # of the encoder that reads hands for the generator of that name
GOLDEN = 1024  # seeds 0 to 1,023, whose pixels a weights file is known by
GOLDEN_FIRST = 64  # of them, which a service computes when it starts
CLASS_NAME_MAX = 64  # characters
NAME = "[a-z0-9][a-z0-9_-]{0,63}"
SHA256 = "[0-9a-f]{64}"

Kind = Literal["dense", "convolutional", "refined"]  # of generator, as `networks` builds them


Count = Annotated[int, Field(ge=0, le=2**53)]  # which every reader of JSON holds exactly
Bound = Annotated[int, Field(ge=0, le=2**24)]
ClassName = Annotated[
    str, Field(min_length=1, max_length=CLASS_NAME_MAX, pattern=r"^[^\s\x00-\x1f\x7f]([^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f])?$")
]


class CardPart(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class NetworkCard(CardPart):
    """The arguments that rebuild the generator."""

    kind: Kind
    z_dim: int = Field(ge=1, le=4096)
    classes: int = Field(ge=0, le=62)
    hidden: int = Field(ge=0, le=8192, description="Units of each hidden dense layer; 0 where the kind fixes its widths.")
    width: int = Field(default=0, ge=0, le=192, description="Channels of the 7x7 image, twice those of the 14x14 one; 0: as many as usual.")
    channels: int = Field(default=1, ge=1, le=3, description="Of an image; only those of one channel are served.")


class DataCard(CardPart):
    """What the generator was trained on; the SHA-256 is that of the unpacked training images."""

    name: str
    images: Count
    sha256: str
    class_names: tuple[ClassName, ...] = Field((), max_length=62, description="What the labels 0, 1, ... stand for; empty for digits.")


class IntegersCard(CardPart):
    """What makes the pixels of a generator in integers the same everywhere, and how to check that they are."""

    stream: int = Field(description="Which stream draws z and labels from seeds.")
    arithmetic: int = Field(description="Which arithmetic computes the layers.")
    bounds: list[Bound] = Field(max_length=64, description="How far from 0 the sums of each layer can come; at most 2^24.")
    golden: str = Field(pattern=f"^{SHA256}$", description="SHA-256 of the pixels of seeds 0 to 1,023, told to write all labels in turn.")
    golden_first: str = Field(pattern=f"^{SHA256}$", description="The same of seeds 0 to 63, which every start of the service computes.")


class Card(CardPart):
    """What is known of a generator: how it was made, on what, for how long, and how good it is."""

    name: str = Field(pattern=f"^{NAME}$")
    network: NetworkCard
    recipe: dict[str, str] = Field(description="The five parts: networks, loss, optimizer, data, labels.")
    batch: Count
    seed: int = Field(ge=0, lt=2**63)
    images_seen: Count = Field(description="Images the discriminator learnt from, half of them real.")
    wall_time_s: float = Field(ge=0)
    machine: str
    torch: str
    data: DataCard
    integers: IntegersCard | None = Field(None, description="None for a float generator, which is trained and not served.")
    scores: dict[str, float] = {}
    note: str = ""

    @model_validator(mode="after")
    def check_class_names(self) -> Self:
        names, classes = self.data.class_names, self.network.classes
        if names and (len(names) != classes or len(set(names)) != classes):
            raise ValueError(f"{classes} classes need as many different names, or none")
        return self

    @property
    def class_names(self) -> tuple[str, ...]:
        """What each label stands for; a digit is called by its number."""
        return self.data.class_names or tuple(map(str, range(self.network.classes)))


class EncoderCard(CardPart):
    """What is known of an encoder: which generator it reads for, how it was trained, and how well it reads."""

    model: str = Field(pattern=f"^{NAME}$")
    tensors_sha256: str = Field(description="Of the generator's tensors.")
    z_dim: int = Field(ge=1, le=4096)
    classes: int = Field(ge=1, le=62)
    width: int = Field(ge=1, le=256, description="Channels of its first convolution.")
    hidden: int = Field(ge=1, le=4096, description="Units of its dense layers.")
    batch: Count
    seed: int = Field(ge=0, lt=2**63)
    images_seen: Count = Field(description="Half of them generated, half of the data.")
    wall_time_s: float = Field(ge=0)
    machine: str
    torch: str
    data: DataCard
    scores: dict[str, float] = {}
    note: str = ""
