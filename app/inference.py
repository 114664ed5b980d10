"""The Open Inference Protocol, version 2: its requests to rows, images to its answers. Knows neither models nor routes.

As KServe and Triton speak it over HTTP, with the binary tensor extension: a tensor may lie behind the JSON, little-endian, and
the header `Inference-Header-Content-Length` then tells where the JSON ends.
https://kserve.github.io/website/docs/concepts/architecture/data-plane/v2-protocol
"""

import json
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.schemas.fields import N_MAX, Z_MAX
from models import latents
from models.cards import NetworkCard
from models.latents import SEED_MAX, Rows
from models.pixels import SIDE, Pixels

LENGTH_HEADER = "Inference-Header-Content-Length"
DTYPES: dict[str, np.dtype[Any]] = {"FP32": np.dtype("<f4"), "INT64": np.dtype("<i8")}
KINDS = {"z": "FP32", "seed": "INT64", "label": "INT64"}


class BadInference(Exception):
    """A request that cannot be answered."""


class Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    parameters: dict[str, Any] = {}


class InputTensor(Part):
    name: str
    shape: Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=1, max_length=2)]
    datatype: str
    data: list[Any] | None = None


class OutputTensor(Part):
    name: str


class InferenceRequest(Part):
    id: str | None = None
    inputs: Annotated[list[InputTensor], Field(min_length=1, max_length=3)]
    outputs: list[OutputTensor] | None = None

    @property
    def wants_binary(self) -> bool:
        """Whether `image` is to lie behind the JSON."""
        for output in self.outputs or []:
            if "binary_data" in output.parameters:
                return bool(output.parameters["binary_data"])
        return bool(self.parameters.get("binary_data_output", False))


def metadata(name: str, version: str, network: NetworkCard) -> dict[str, Any]:
    inputs = [
        {"name": "z", "datatype": "FP32", "shape": [-1, network.z_dim]},
        {"name": "seed", "datatype": "INT64", "shape": [-1]},
        *([{"name": "label", "datatype": "INT64", "shape": [-1]}] if network.classes else []),
    ]
    outputs = [{"name": "image", "datatype": "UINT8", "shape": [-1, SIDE, SIDE]}]
    return {"name": name, "versions": [version], "platform": "kakite_pytorch", "inputs": inputs, "outputs": outputs}


def read(body: bytes, header_length: str | None) -> tuple[InferenceRequest, dict[str, NDArray[Any]]]:
    """The request, and its tensors by name. Raises BadInference."""
    length = len(body) if header_length is None else int(header_length) if header_length.isdecimal() and len(header_length) < 12 else -1
    if not 0 <= length <= len(body):
        raise BadInference(f"{LENGTH_HEADER} is no number of bytes from 0 to the body's {len(body)}.")
    try:
        request = InferenceRequest.model_validate_json(body[:length])
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise BadInference(f"{'.'.join(map(str, first['loc'])) or 'body'}: {first['msg']}.") from None
    if any(output.name != "image" for output in request.outputs or []):
        raise BadInference("outputs: there is one, image.")
    tensors, rest = {}, memoryview(body)[length:]
    for tensor in request.inputs:
        if tensor.name not in KINDS:
            raise BadInference(f"inputs: there is none of that name; there are {', '.join(KINDS)}.")
        if tensor.datatype != KINDS[tensor.name]:
            raise BadInference(f"{tensor.name}: its datatype is {KINDS[tensor.name]}.")
        size = tensor.parameters.get("binary_data_size")
        if size is None:
            tensors[tensor.name] = listed(tensor)
        else:
            if not isinstance(size, int) or not 0 <= size <= len(rest):
                raise BadInference(f"{tensor.name}: binary_data_size is more than the {len(rest)} bytes that are left.")
            tensors[tensor.name] = shaped(tensor, np.frombuffer(rest[:size], np.uint8))
            rest = rest[size:]
    if len(rest):
        raise BadInference(f"There are {len(rest)} bytes more than the inputs tell of.")
    return request, tensors


def listed(tensor: InputTensor) -> NDArray[Any]:
    try:
        values = np.array(tensor.data)
        if values.dtype.kind not in ("iu" if tensor.datatype == "INT64" else "iuf"):
            raise ValueError
        return values.astype(DTYPES[tensor.datatype]).reshape(tensor.shape)
    except (ValueError, TypeError, OverflowError):
        raise BadInference(f"{tensor.name}: data is no list of {tensor.datatype} of the shape {tensor.shape}.") from None


def shaped(tensor: InputTensor, content: NDArray[np.uint8]) -> NDArray[Any]:
    try:
        return content.view(DTYPES[tensor.datatype]).reshape(tensor.shape)
    except ValueError:
        raise BadInference(f"{tensor.name}: {len(content)} bytes are no {tensor.datatype} of the shape {tensor.shape}.") from None


def rows(tensors: dict[str, NDArray[Any]], network: NetworkCard) -> Rows:
    """Rows [n, z_dim + classes]. Raises BadInference."""
    if ("z" in tensors) == ("seed" in tensors):
        raise BadInference("inputs: send either z or seed.")
    given = tensors.get("z", tensors.get("seed"))
    assert given is not None
    n = len(given)
    if not 1 <= n <= N_MAX:
        raise BadInference(f"inputs: a request is for 1 to {N_MAX} images.")
    if "z" in tensors:
        if given.shape != (n, network.z_dim):
            raise BadInference(f"z: its shape is [n, {network.z_dim}].")
        if not (np.abs(given) <= Z_MAX).all():  # nor NaN
            raise BadInference(f"z: its numbers are finite, from -{Z_MAX:g} to {Z_MAX:g}.")
        z, drawn = latents.from_numbers(given.astype(np.float64)), None
    else:
        if given.ndim != 1 or given.min() < 0 or given.max() > SEED_MAX:
            raise BadInference(f"seed: a list of numbers from 0 to {SEED_MAX}.")
        draws = [latents.draw(int(seed), 1, network.z_dim, network.classes) for seed in given]
        z, drawn = np.concatenate([draw.z for draw in draws]), np.concatenate([draw.label for draw in draws])
    if not network.classes:
        if "label" in tensors:
            raise BadInference("label: this model has no labels and cannot be told what to write.")
        return latents.rows(z, latents.one_hot(np.zeros(n, np.int64), 0))
    label = tensors.get("label", drawn)
    if label is None:
        raise BadInference("label: this model writes what it is told to: send a label with each z.")
    if label.shape != (n,) or label.min() < 0 or label.max() >= network.classes:
        raise BadInference(f"label: as many numbers as images, from 0 to {network.classes - 1}.")
    return latents.rows(z, latents.one_hot(label, network.classes))


def answer(request: InferenceRequest, name: str, version: str, images: Pixels) -> tuple[bytes, dict[str, str]]:
    """The body, and the headers that it needs."""
    output: dict[str, Any] = {"name": "image", "datatype": "UINT8", "shape": list(images.shape)}
    told: dict[str, Any] = {"model_name": name, "model_version": version, "outputs": [output]}
    if request.id is not None:
        told["id"] = request.id
    if not request.wants_binary:
        output["data"] = images.ravel().tolist()
        return json.dumps(told).encode(), {"Content-Type": "application/json"}
    output["parameters"] = {"binary_data_size": images.size}
    head = json.dumps(told).encode()
    return head + images.tobytes(), {"Content-Type": "application/octet-stream", LENGTH_HEADER: str(len(head))}
