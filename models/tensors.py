"""Reads safetensors files strictly: the header is checked before the rest is read. Knows neither cards nor generators.

A safetensors file is the length of its header in 8 bytes, the header in JSON (each tensor's name, type, shape and place; texts under
`__metadata__`), then the numbers.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
from torch import Tensor

from models import files
from models.documents import DocumentError, parsed
from models.files import FileError

LIMIT_BYTES = 1 << 28  # of a file; the largest network that a card can describe takes 224 million bytes
HEADER_LIMIT_BYTES = 1 << 20
TENSORS_MAX = 1000
DIMENSIONS = 8
LONGEST_NAME = 200
TYPES = ("F16", "BF16", "F32", "F64", "I8", "U8", "I16", "I32", "I64")
METADATA = "__metadata__"


class DamagedError(Exception):
    """The header is invalid. The message says why."""


@dataclass(frozen=True)
class Stored:
    """A file's bytes, its tensors, and the texts of its header."""

    content: bytes
    tensors: dict[str, Tensor]
    texts: dict[str, str]


def read(path: Path) -> Stored:
    """Raises FileNotFoundError if nothing has that name, and FileError."""
    with files.opened(path) as file:
        size = files.size(file)
        files.check_size(path, size, LIMIT_BYTES)
        try:
            head = file.read(8)
            length = int.from_bytes(head, "little")
            if len(head) < 8 or length > size - 8:
                raise DamagedError(f"it has {size:,} bytes, its header alone would have {length:,}")
            if length > HEADER_LIMIT_BYTES:
                raise DamagedError(f"its header has {length:,} bytes; at most {HEADER_LIMIT_BYTES:,} are read")
            header = file.read(length)
            described = parsed(header)
            promised = 8 + length + check_header(described)
            if promised != size:
                raise DamagedError(f"it has {size:,} bytes, its header promises {promised:,}")
            content = head + header + file.read(size - 8 - length)
            return Stored(content, safetensors.torch.load(content), described.get(METADATA, {}))
        except DocumentError as error:
            raise damaged(path, f"its header {error}") from None
        except (DamagedError, safetensors.SafetensorError, ValueError, OverflowError, RuntimeError) as error:
            raise damaged(path, str(error)) from None


def damaged(path: Path, cause: str) -> FileError:
    return FileError(f"{path} is no whole safetensors file ({cause}). It is truncated, damaged or something else: fetch it again.")


def check_header(header: Mapping[str, Any]) -> int:
    """The number of bytes after the header. Whether tensors overlap, safetensors checks itself. Raises DamagedError."""
    kept = header.get(METADATA, {})
    if not isinstance(kept, dict) or not all(isinstance(text, str) for text in kept.values()):
        raise DamagedError("the texts of its header are none")
    described = {name: tensor for name, tensor in header.items() if name != METADATA}
    if len(described) > TENSORS_MAX:
        raise DamagedError(f"it has {len(described):,} tensors; at most {TENSORS_MAX:,} are read")
    end = 0
    for name, tensor in described.items():
        if not name.isprintable() or len(name) > LONGEST_NAME:
            raise DamagedError(f"the name of a tensor is longer than {LONGEST_NAME} characters, or has some that are not printed")
        try:
            kind, shape, (_, last) = tensor["dtype"], tensor["shape"], tensor["data_offsets"]
        except (KeyError, TypeError, ValueError):
            raise DamagedError(f"of {name} it does not say type, shape and place") from None
        if kind not in TYPES:
            raise DamagedError(f"{name} is of a type that is not read; those are {', '.join(TYPES)}")
        if not isinstance(shape, list) or len(shape) > DIMENSIONS or not all(whole(number) for number in (*shape, last)):
            raise DamagedError(f"the shape or place of {name} cannot be")
        end = max(end, last)
    return end


def whole(number: object) -> bool:
    """Whether this can be a size or a place in a file."""
    return type(number) is int and 0 <= number <= LIMIT_BYTES


def in_order(content: bytes) -> bytes:
    """A safetensors file with a sorted header, so that the same generator gives the same file: safetensors keeps no order of texts."""
    length = int.from_bytes(content[:8], "little")
    header = json.dumps(json.loads(content[8 : 8 + length]), sort_keys=True, separators=(",", ":")).encode()
    header += b" " * (-len(header) % 8)  # so that the tensors begin at a multiple of 8
    return len(header).to_bytes(8, "little") + header + content[8 + length :]


def check_fit(path: Path, expected: Mapping[str, Tensor], found: Mapping[str, Tensor]) -> None:
    """Checks that the tensors fit a network: the same names, shapes and kinds of numbers, and no NaN or infinity. Raises FileError."""
    for name in sorted(expected.keys() | found.keys()):
        wanted = list(expected[name].shape) if name in expected else "nothing of that name"
        got = list(found[name].shape) if name in found else "nothing of that name"
        if wanted != got:
            raise FileError(f"{path} does not fit its network: {name} is {got}, expected {wanted}. Fetch it again.")
        tensor, is_float = found[name], expected[name].is_floating_point()
        if tensor.is_floating_point() != is_float:
            told = "floats" if is_float else "whole numbers"
            raise FileError(f"{path} does not fit its network: {name} is of {tensor.dtype}, expected {told}. Fetch it again.")
        if not bool(tensor.to(expected[name].dtype).isfinite().all()):
            raise FileError(f"{path} holds NaN or infinity in {name}, so it writes nothing. Fetch it again, or train it anew.")
        if name.endswith("running_var") and bool((tensor < 0).any()):
            raise FileError(f"{path} holds a variance below 0 in {name}. Fetch it again, or train it anew.")
