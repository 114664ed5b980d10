"""The JSON of the Open Inference Protocol and Triton's extensions: requests, responses and errors. Knows no model.

Lists are bounded, and validation stops at their first error, so that a bad request costs little and its error is short.
https://kserve.github.io/website/docs/concepts/architecture/data-plane/v2-protocol
https://github.com/triton-inference-server/server/tree/main/docs/protocol
"""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

SIDE_MAX = 2**31 - 1  # of a tensor
OUTPUTS_MAX = 8
ID_MAX = 1024  # characters

PARAMETER = {"anyOf": [{"type": "string"}, {"type": "number"}, {"type": "boolean"}, {"type": "null"}]}
PARAMETERS = {"anyOf": [{"type": "object", "additionalProperties": PARAMETER}, {"type": "null"}]}
NUMBERS = {"type": "array", "items": {"type": "number"}}
DATA = {
    "anyOf": [NUMBERS, {"type": "array", "items": NUMBERS}, {"type": "null"}],
    "description": "In row-major order, flat or a list a row. Left out where the numbers lie behind the JSON.",
}
SIMPLE = {str, int, float, bool, type(None)}
ID = {"anyOf": [{"type": "string", "maxLength": ID_MAX}, {"type": "integer"}, {"type": "null"}]}
Side = Annotated[int, Field(ge=0, le=SIDE_MAX)]


def simple(parameters: dict[str, Any]) -> dict[str, Any]:
    if not SIMPLE.issuperset(map(type, parameters.values())):
        raise PydanticCustomError("parameters", "A parameter is a text, a number or a boolean")
    return parameters


def as_text(value: Any) -> Any:
    """Some clients number their requests, but the protocol's ids are strings."""
    return str(value) if type(value) is int else value


Parameters = Annotated[Annotated[dict[str, Any], AfterValidator(simple)] | None, WithJsonSchema(PARAMETERS)]


class Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    parameters: Parameters = None

    def parameter(self, name: str) -> Any:
        """The parameter of this name, or None."""
        return self.parameters.get(name) if self.parameters else None


class InputTensor(Part):
    """An input tensor: z, seed or label."""

    name: str = Field(description="z, seed or label", examples=["seed"])
    shape: Annotated[list[Side], Field(min_length=1, max_length=2, fail_fast=True)]
    datatype: str = Field(description="FP32 or FP64 of z, INT64 or another of whole numbers of seed and label", examples=["INT64"])
    data: Annotated[list[Any] | None, WithJsonSchema(DATA)] = None


class OutputTensor(Part):
    """A requested output. There is only one, image."""

    name: str = Field(examples=["image"])


class InferenceRequest(Part):
    """Images from z or seeds, and labels."""

    id: Annotated[Annotated[str, Field(max_length=ID_MAX)] | None, BeforeValidator(as_text), WithJsonSchema(ID)] = Field(
        None, description="is told again in the answer, as a text"
    )
    inputs: Annotated[list[InputTensor], Field(min_length=1, max_length=3, fail_fast=True)]
    outputs: Annotated[list[OutputTensor], Field(max_length=OUTPUTS_MAX, fail_fast=True)] | None = None

    @property
    def wants_binary(self) -> bool:
        """Whether `image` is sent as binary data after the JSON."""
        for output in self.outputs or []:
            if (binary := output.parameter("binary_data")) is not None:
                return bool(binary)
        return bool(self.parameter("binary_data_output"))


class Tensor(BaseModel):
    """An output."""

    name: str
    datatype: str
    shape: list[int]
    data: list[int] | None = Field(None, description="In row-major order; left out where the numbers lie behind the JSON.")
    parameters: Parameters = None


class InferenceAnswer(BaseModel):
    """The images."""

    model_name: str
    model_version: str
    id: str | None = Field(None, description="The request's, if it has one.")
    outputs: list[Tensor]


class InferenceError(BaseModel):
    """Why a request was not served."""

    error: str


class ServerMetadata(BaseModel):
    """The server."""

    name: str
    version: str
    extensions: list[str]


class ServerLive(BaseModel):
    """The server works."""

    live: bool


class ServerReady(BaseModel):
    """The server takes requests."""

    ready: bool


class ModelReady(BaseModel):
    """The model takes requests."""

    name: str
    ready: bool


class ModelNames(BaseModel):
    """All models."""

    models: list[str]


class TensorMetadata(BaseModel):
    """An input or an output."""

    name: str
    datatype: str
    shape: list[int] = Field(description="-1: as many as there are images.")
    parameters: dict[str, str] | None = Field(
        None, description="class_names of label, where classes have names: what 0, 1, ... stand for, as a JSON list."
    )


class ModelMetadata(BaseModel):
    """A model's inputs and outputs."""

    name: str
    versions: list[str]
    platform: str
    inputs: list[TensorMetadata]
    outputs: list[TensorMetadata]


class Reshape(BaseModel):
    """The shape that the model itself sees."""

    shape: list[int]


class ConfiguredTensor(BaseModel):
    """An input or an output in Triton's ModelConfig."""

    name: str
    data_type: str
    dims: list[int] = Field(description="Without the number of images.")
    reshape: Reshape | None = None
    optional: bool | None = None


class ConfiguredParameter(BaseModel):
    """A text."""

    string_value: str


class DynamicBatching(BaseModel):
    """Requests are batched as they arrive. There are no options."""


class ModelConfiguration(BaseModel):
    """A model, as Triton's ModelConfig describes it."""

    name: str
    platform: str
    max_batch_size: int = Field(description="Images of a request.")
    input: list[ConfiguredTensor]
    output: list[ConfiguredTensor]
    dynamic_batching: DynamicBatching
    parameters: dict[str, ConfiguredParameter] | None = Field(None, description="class_names, as in the metadata of label.")


class Duration(BaseModel):
    """How often, and how long in total."""

    count: int
    ns: int


class InferenceDurations(BaseModel):
    """The durations that are measured."""

    queue: Duration = Field(description="Of requests, to their first batch.")
    compute_infer: Duration = Field(description="Of batches, in the model process.")


class ModelStatistics(BaseModel):
    """The statistics of a model, over the requests of all routes. Triton's other fields are left out."""

    name: str
    version: str
    inference_count: int = Field(description="Images written.")
    execution_count: int = Field(description="Batches.")
    inference_stats: InferenceDurations


class Statistics(BaseModel):
    """Statistics since the service started, over all its processes."""

    model_stats: list[ModelStatistics]


class IndexRequest(BaseModel):
    """Which models to list."""

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)

    ready: bool | None = Field(None, description="true: only those that may be asked")


class IndexEntry(BaseModel):
    """A model."""

    name: str
    version: str
    state: Literal["READY", "UNAVAILABLE"]
    reason: str
