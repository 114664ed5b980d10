"""Checkpoints: the whole state of a run in one file, so that it can be resumed exactly. Does not know what is in the state.

A checkpoint is not a weights file: only its own run can use it. It is written atomically, and read with torch's restricted reader, which
runs no code. That reader takes damaged numbers as they are, so a SHA-256 of the whole follows at the end.
"""

import hashlib
import io
import pickle
from pathlib import Path
from typing import Any, BinaryIO

import torch

from models import atomic, files
from models.files import FileError
from models.sentences import SentenceError

MARK = b"\nsha256 "
END_BYTES = len(MARK) + 64  # the mark and the digest in hexadecimal
CHUNK = 1 << 24


class CheckpointError(SentenceError):
    """A run cannot be resumed from a checkpoint. The message names the file, the cause and what to do."""


def save(path: Path, identity: dict[str, Any], state: dict[str, Any]) -> None:
    """`identity` identifies the run (recipe, batch, seed, data): only the same run can load the checkpoint."""
    buffer = io.BytesIO()
    torch.save({"identity": identity, "state": state}, buffer)
    content = buffer.getvalue()
    with atomic.written(path) as file:
        file.write(content)
        file.write(MARK + hashlib.sha256(content).hexdigest().encode())


def load(path: Path, identity: dict[str, Any]) -> dict[str, Any]:
    """The state, on the CPU. Raises CheckpointError if the file is missing, broken, or from another run."""
    try:
        with files.opened(path) as file:
            if is_damaged(file):
                raise ValueError
            file.seek(0)
            content = torch.load(file, map_location="cpu", weights_only=True)
        found, state = dict(content["identity"]), dict(content["state"])
    except FileNotFoundError:
        raise CheckpointError(f"{path} does not exist, so there is nothing to resume. Start without --resume.") from None
    except FileError as error:
        raise CheckpointError(str(error)) from None
    except (RuntimeError, EOFError, LookupError, TypeError, ValueError, OSError, pickle.UnpicklingError):
        raise CheckpointError(f"{path} is no whole checkpoint of a run. Remove it and start without --resume.") from None
    if "total of images" in found:  # earlier versions kept the length of a run whose rates fall there
        state.setdefault("total_images", found["total of images"])
    was, wanted = flattened(found), flattened(identity)
    for key in wanted:
        if was.get(key) != wanted[key]:
            raise CheckpointError(
                f"{path} is of another run: its {key} is {was.get(key)!r}, not {wanted[key]!r}. Give the same options, or another --out."
            )
    return state


def is_damaged(file: BinaryIO) -> bool:
    """Whether its content is another than its digest says. One without a digest is of an earlier version, and taken as it is."""
    length = files.size(file) - END_BYTES
    file.seek(max(length, 0))
    end = file.read(END_BYTES)
    if not end.startswith(MARK):
        return False
    file.seek(0)
    sha256 = hashlib.sha256()
    while length > 0 and (chunk := file.read(min(CHUNK, length))):
        sha256.update(chunk)
        length -= len(chunk)
    return sha256.hexdigest().encode() != end.removeprefix(MARK)


def flattened(identity: dict[str, Any]) -> dict[str, Any]:
    """{"recipe": {"loss": ...}, "seed": 0} -> {"recipe's loss": ..., "seed": 0}, so that an error can name what differs."""
    flat: dict[str, Any] = {}
    for key, value in identity.items():
        flat |= {f"{key}'s {part}": inner for part, inner in value.items()} if isinstance(value, dict) else {key: value}
    return flat
