"""A data set in shards: files of consecutive seeds, each with a manifest. Knows no engine.

A shard is a pure function of the weights and its seeds, so any machine can make it. Files are written atomically, first the shard, then its
manifest. An interrupted run resumes with the shards that have no manifest.
"""

import asyncio
import hashlib
import json
from collections.abc import Iterator
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any

import fsspec
from fsspec import AbstractFileSystem
from fsspec.implementations.local import LocalFileSystem

from app.datasets.data_set import Compute, DataSet
from app.datasets.files import SUFFIXES, as_one_file
from app.errors import ServiceError
from app.schemas.datasets import Format
from models import atomic
from models.atomic import PART

MANIFEST = "manifest.json"  # of the whole data set, written last
PLAN = "plan.json"  # written before the first shard
WIDTH = 16  # digits of a seed in a file name, so that files sort by seed


class ForeignShards(ServiceError):
    """The folder holds a different data set. The message says which."""


@dataclass(frozen=True)
class Shard:
    """Seeds first to last, both included."""

    first: int
    last: int

    @property
    def name(self) -> str:
        return f"{self.first:0{WIDTH}}-{self.last:0{WIDTH}}"

    @property
    def digits(self) -> int:
        return self.last - self.first + 1


@dataclass(frozen=True)
class ShardPlan:
    """A data set, its shards, and where they are written."""

    data: DataSet
    kind: Format
    size: int  # digits per shard; the last one may have fewer
    out: str  # a folder, or a URL that fsspec knows (s3://..., gs://...)

    def shards(self) -> Iterator[Shard]:
        stop = self.data.first_seed + self.data.n
        return (Shard(first, min(first + self.size, stop) - 1) for first in range(self.data.first_seed, stop, self.size))

    def data_of(self, shard: Shard) -> DataSet:
        return replace(self.data, first_seed=shard.first, n=shard.digits)

    def manifest_of(self, shard: Shard) -> dict[str, Any]:
        """A shard's manifest, without what is known only once its file is written."""
        return {
            "file": f"{shard.name}.{SUFFIXES[self.kind]}",
            **json.loads(self.data_of(shard).manifest()),
            "format": self.kind,
        }

    def missing(self) -> list[Shard]:
        """The shards without a complete manifest, or whose file has another size than it says. Raises ForeignShards for a shard of another
        plan."""
        fs, root = place(self.out)
        sizes = {entry["name"].rsplit("/", 1)[-1]: entry["size"] for entry in fs.ls(root, detail=True, refresh=True)}
        missing = []
        for shard in self.shards():
            manifest = self.stored_manifest(shard) if f"{shard.name}.json" in sizes else None
            if manifest is None:
                missing.append(shard)
                continue
            self.refuse_other(manifest, self.manifest_of(shard), f"{shard.name}.json")
            if sizes.get(manifest["file"]) != manifest.get("bytes"):
                missing.append(shard)
        return missing

    def stored_manifest(self, shard: Shard) -> dict[str, Any] | None:
        """A shard's manifest from its file; None if that is truncated."""
        fs, root = place(self.out)
        try:
            return dict(json.loads(fs.cat_file(f"{root}/{shard.name}.json")))
        except ValueError:
            return None

    def refuse_other(self, found: dict[str, Any], wanted: dict[str, Any], name: str) -> None:
        for field, value in wanted.items():
            if found.get(field) != value:
                raise ForeignShards(f"{self.out}/{name} has {field} {found.get(field)!r}, not {value!r}: choose another --out.")

    def summary(self) -> dict[str, Any]:
        return {**json.loads(self.data.manifest()), "format": self.kind, "shard": self.size}


def begin(plan: ShardPlan) -> list[Shard]:
    """Writes the plan if there is none, removes partial files of killed processes, and returns the missing shards.

    Raises ForeignShards if the folder has another plan.
    """
    fs, root = place(plan.out)
    fs.makedirs(root, exist_ok=True)
    if fs.exists(f"{root}/{PLAN}"):
        plan.refuse_other(json.loads(fs.cat_file(f"{root}/{PLAN}")), plan.summary(), PLAN)
    else:
        with whole(fs, f"{root}/{PLAN}") as file:
            file.write(json.dumps(plan.summary(), indent=1).encode())
    clear_away_parts(fs, root)
    return plan.missing()


async def write_shard(plan: ShardPlan, shard: Shard, compute: Compute) -> None:
    """Writes the shard's file, then its manifest with the length and SHA-256 of that file. (The field `sha256` is the weights'.)"""
    fs, root = place(plan.out)
    manifest = plan.manifest_of(shard)
    digest, length = hashlib.sha256(), 0
    with whole(fs, f"{root}/{manifest['file']}") as file:
        async with aclosing(as_one_file(plan.data_of(shard), plan.kind, compute)) as pieces:
            async for piece in pieces:
                await asyncio.to_thread(file.write, piece)
                digest.update(piece)
                length += len(piece)
    with whole(fs, f"{root}/{shard.name}.json") as file:
        file.write(json.dumps({**manifest, "file_sha256": digest.hexdigest(), "bytes": length}, indent=1).encode())


def finish(plan: ShardPlan) -> None:
    """Writes the manifest of the whole data set, once no shard is missing, and removes partial files of nodes that died."""
    fs, root = place(plan.out)
    clear_away_parts(fs, root)
    manifests = [json.loads(content) for content in fs.cat([f"{root}/{shard.name}.json" for shard in plan.shards()]).values()]
    fields = ("file", "first_seed", "last_seed", "file_sha256", "bytes")
    shards = sorted(
        ({field: manifest[field] for field in fields} for manifest in manifests), key=lambda manifest: int(manifest["first_seed"])
    )
    with whole(fs, f"{root}/{MANIFEST}") as file:
        file.write(json.dumps({**plan.summary(), "shards": shards}, indent=1).encode())


def clear_away_parts(fs: AbstractFileSystem, root: str) -> None:
    """Removes partial files. Call it only when no other process is making shards.

    Only local folders have any: other file systems show a file only once it is complete.
    """
    if isinstance(fs, LocalFileSystem):
        for left in Path(root).glob(f"*{PART}"):
            left.unlink(missing_ok=True)


def place(out: str) -> tuple[AbstractFileSystem, str]:
    """The file system and the path on it. Raises ImportError or ValueError if fsspec cannot open such URLs here."""
    fs, root = fsspec.core.url_to_fs(out)
    return fs, root.rstrip("/")


@contextmanager
def whole(fs: AbstractFileSystem, path: str) -> Iterator[IO[bytes]]:
    """A file that appears only once it is complete, and not at all after an error."""
    if isinstance(fs, LocalFileSystem):  # fsspec would keep the partial file in /tmp, which may be another disk
        with atomic.written(Path(path)) as local:
            yield local
        return
    file = fs.open(path, "wb", autocommit=False)
    try:
        with file:
            yield file
    except BaseException:
        file.discard()
        raise
    file.commit()
