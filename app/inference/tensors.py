"""The Open Inference Protocol, version 2: decodes requests into rows, encodes images into responses. Knows neither models nor routes.

It follows KServe and Triton, with the binary tensor extension: tensors may follow the JSON, little-endian. Then the header
`Inference-Header-Content-Length` says where the JSON ends.

No step holds Python's lock for long: JSON with more values than any request needs is not parsed, and images are encoded one by one.
"""

import codecs
import itertools
import json
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from app.errors import ServiceError
from app.schemas.fields import N_MAX, Z_MAX
from app.schemas.inference import InferenceRequest, InputTensor
from models import latents
from models.cards import NetworkCard
from models.latents import SEED_MAX, Rows
from models.pixels import Pixels

LENGTH_HEADER = "Inference-Header-Content-Length"
WHOLE: dict[str, np.dtype[Any]] = {
    f"{sign}INT{bits}": np.dtype(f"<{kind}{bits // 8}") for sign, kind in (("", "i"), ("U", "u")) for bits in (64, 32, 16, 8)
}
REAL: dict[str, np.dtype[Any]] = {"FP32": np.dtype("<f4"), "FP64": np.dtype("<f8")}
KINDS = {"z": REAL, "seed": WHOLE, "label": WHOLE}  # the metadata name the first of each
VALUES_MAX = 110_000  # in the JSON; parsing that many takes some hundredths of a second
OTHER_VALUES = 256  # in the JSON, outside tensors
STRUCTURE = b",:[{"  # one of these comes before every JSON value but the first
EMPTY = '"data": []'


class BadInference(ServiceError):
    """A request that breaks the protocol, or does not fit the model."""

    status = 400


def values_max(network: NetworkCard) -> int:
    """How many values the JSON of a request may hold: enough for z and labels of N_MAX images, each in a list of its own, but not more than
    VALUES_MAX."""
    return min(N_MAX * (network.z_dim + 1 + 2), VALUES_MAX) + OTHER_VALUES


def parse(body: bytes, header_length: str | None, values_max: int) -> tuple[InferenceRequest, dict[str, NDArray[Any]]]:
    """The request, and its tensors by name. Raises BadInference."""
    length = len(body) if header_length is None else int(header_length) if header_length.isdecimal() and len(header_length) < 12 else -1
    if not 0 <= length <= len(body):
        raise BadInference(f"{LENGTH_HEADER} is no number of bytes from 0 to the body's {len(body)}.")
    written = body[:length].removeprefix(codecs.BOM_UTF8)
    if length > values_max and length - len(written.translate(None, STRUCTURE)) > values_max:
        raise BadInference(
            f"The JSON holds more than {values_max:,} values: send the tensors behind it (binary_data_size), or ask for fewer images."
        )
    try:
        request = InferenceRequest.model_validate_json(written)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise BadInference(f"{'.'.join(map(str, first['loc'])) or 'body'}: {first['msg']}.") from None
    if any(output.name != "image" for output in request.outputs or []):
        raise BadInference("outputs: there is one, image.")
    return request, dict(tensors(request, memoryview(body)[length:]))


def tensors(request: InferenceRequest, rest: memoryview) -> Iterator[tuple[str, NDArray[Any]]]:
    """Each input by its name. `rest`: the bytes after the JSON. Raises BadInference."""
    known = set()
    for tensor in request.inputs:
        if tensor.name not in KINDS:
            raise BadInference(f"inputs: there is none of that name; there are {', '.join(KINDS)}.")
        if tensor.name in known:
            raise BadInference(f"inputs: {tensor.name} comes more than once.")
        known.add(tensor.name)
        if tensor.datatype not in KINDS[tensor.name]:
            usual, *others = KINDS[tensor.name]
            raise BadInference(f"{tensor.name}: its datatype is {usual}; {', '.join(others)} will do, too.")
        size = tensor.parameter("binary_data_size")
        if size is None:
            yield tensor.name, from_json(tensor)
            continue
        if type(size) is not int or size < 0:
            raise BadInference(f"{tensor.name}: binary_data_size is a number of bytes.")
        if size > len(rest):
            raise BadInference(f"{tensor.name}: binary_data_size is more than the {len(rest)} bytes that are left.")
        yield tensor.name, from_binary(tensor, np.frombuffer(rest[:size], np.uint8))
        rest = rest[size:]
    if len(rest):
        raise BadInference(f"There are {len(rest)} bytes more than the inputs tell of.")


def from_json(tensor: InputTensor) -> NDArray[Any]:
    kind = KINDS[tensor.name][tensor.datatype]
    data = tensor.data or []
    try:
        flat = list(itertools.chain.from_iterable(data)) if data and isinstance(data[0], list) else data
        if not set(map(type, flat)) <= ({int} if kind.kind in "iu" else {int, float}):
            raise TypeError
        with np.errstate(over="ignore"):  # to infinity, which is refused
            return np.array(flat, kind).reshape(tensor.shape)
    except (ValueError, TypeError, OverflowError):
        raise BadInference(f"{tensor.name}: data is no list of {tensor.datatype} of the shape {tensor.shape}.") from None


def from_binary(tensor: InputTensor, content: NDArray[np.uint8]) -> NDArray[Any]:
    try:
        return content.view(KINDS[tensor.name][tensor.datatype]).reshape(tensor.shape)
    except ValueError:
        raise BadInference(f"{tensor.name}: {len(content)} bytes are no {tensor.datatype} of the shape {tensor.shape}.") from None


def to_rows(tensors: dict[str, NDArray[Any]], network: NetworkCard) -> Rows:
    """Rows [n, z_dim + classes]. Raises BadInference."""
    if ("z" in tensors) == ("seed" in tensors):
        raise BadInference("inputs: send either z or seed.")
    source = tensors["z"] if "z" in tensors else tensors["seed"]
    n = len(source)
    if not 1 <= n <= N_MAX:
        raise BadInference(f"inputs: a request is for 1 to {N_MAX} images.")
    if "z" in tensors:
        if source.shape != (n, network.z_dim):
            raise BadInference(f"z: its shape is [n, {network.z_dim}].")
        if not (np.abs(source) <= Z_MAX).all():  # nor NaN
            raise BadInference(f"z: its numbers are finite, from -{Z_MAX:g} to {Z_MAX:g}.")
        z, drawn = latents.from_numbers(source.astype(np.float64)), None
    else:
        if source.size != n or source.min() < 0 or source.max() > SEED_MAX:
            raise BadInference(f"seed: a list of numbers from 0 to {SEED_MAX}, of the shape [n] or [n, 1].")
        z, drawn = latents.draw_each(source.ravel().tolist(), network.z_dim, network.classes)
    if not network.classes:
        if "label" in tensors:
            raise BadInference("label: this model has no labels and cannot be told what to write.")
        return latents.rows(z, latents.one_hot(np.zeros(n, np.int64), 0))
    label = tensors.get("label", drawn)
    if label is None:
        raise BadInference("label: this model writes what it is told: send a label with each z.")
    if label.shape not in ((n,), (n, 1)) or label.min() < 0 or label.max() >= network.classes:
        raise BadInference(
            f"label: as many numbers as images, from 0 to {network.classes - 1}; here {n}, so that its shape is [{n}] or [{n}, 1]."
        )
    return latents.rows(z, latents.one_hot(label.ravel().astype(np.int64), network.classes))


def answer(request: InferenceRequest, name: str, version: str, images: Pixels) -> tuple[bytes, dict[str, str]]:
    """The response's body and its headers."""
    output: dict[str, Any] = {"name": "image", "datatype": "UINT8", "shape": list(images.shape)}
    response: dict[str, Any] = {"model_name": name, "model_version": version, "outputs": [output]}
    if request.id is not None:
        response["id"] = request.id
    if not request.wants_binary:
        output["data"] = []
        before, _, after = json.dumps(response).partition(EMPTY)  # no string in it can contain EMPTY, because quotes are escaped
        numbers = ", ".join(json.dumps(image.ravel().tolist())[1:-1] for image in images)
        return f"{before}{EMPTY[:-1]}{numbers}]{after}".encode(), {"Content-Type": "application/json"}
    output["parameters"] = {"binary_data_size": images.size}
    head = json.dumps(response).encode()
    return head + images.tobytes(), {"Content-Type": "application/octet-stream", LENGTH_HEADER: str(len(head))}
