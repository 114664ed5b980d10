"""Data sets in shards: whoever makes them, and however often they were interrupted, they are the same bytes."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import fsspec
import httpx
import numpy as np
import pytest

from app.datasets import bulk, shards
from app.datasets.data_set import DataSet
from app.datasets.shards import ForeignShards, ShardPlan
from app.engine.registry import UnknownModel
from app.schemas.datasets import Format
from app.settings import Settings
from models.cards import NetworkCard
from models.latents import Rows
from models.pixels import Pixels
from models.weights import WeightsError
from tests.running import kakite_alone, until

pytestmark = pytest.mark.anyio

NETWORK = NetworkCard(kind="dense", z_dim=8, classes=10, hidden=0)
N, SIZE = 600, 250


def plan(out: Path | str, kind: Format = "npz", n: int = N, first_seed: int = 7, size: int = SIZE) -> ShardPlan:
    return ShardPlan(DataSet(NETWORK, {"model": "fake", "sha256": "ab"}, n, first_seed), kind, size, str(out))


async def compute(rows: Rows) -> Pixels:
    """Images that tell their rows."""
    return np.repeat(rows[:, :1], 28 * 28, axis=1).reshape(-1, 28, 28)


def content(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in sorted(folder.iterdir())}


async def make(wanted: ShardPlan) -> None:
    for shard in shards.begin(wanted):
        await shards.write_shard(wanted, shard, compute)
    shards.finish(wanted)


async def test_shards_are_named_by_their_seeds_and_their_manifests_hold(tmp_path: Path) -> None:
    await make(plan(tmp_path))
    listed = json.loads((tmp_path / "manifest.json").read_text())
    assert [(one["first_seed"], one["last_seed"]) for one in listed["shards"]] == [(7, 256), (257, 506), (507, 606)]
    for one in listed["shards"]:
        file = tmp_path / one["file"]
        assert file.name == f"{one['first_seed']:016}-{one['last_seed']:016}.npz"
        assert one["bytes"] == file.stat().st_size
        assert one["file_sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
        manifest = json.loads(file.with_suffix(".json").read_text())
        assert manifest["model"] == "fake"
        assert manifest["file_sha256"] == one["file_sha256"]


async def test_shards_together_are_the_data_set(tmp_path: Path) -> None:
    await make(plan(tmp_path / "cut"))
    await make(plan(tmp_path / "whole", size=N))
    parts = [np.load(file) for file in sorted((tmp_path / "cut").glob("*.npz"))]
    [whole] = [np.load(file) for file in (tmp_path / "whole").glob("*.npz")]
    for name in ("images", "labels", "seeds"):
        np.testing.assert_array_equal(np.concatenate([part[name] for part in parts]), whole[name])


@pytest.mark.parametrize("lost", [["*.json"], ["manifest.json"], ["0000000000000257*"], ["*257*.json"], ["*257*.npz"], ["*.npz"]])
async def test_run_that_died_goes_on_with_what_is_missing(tmp_path: Path, lost: list[str]) -> None:
    await make(plan(tmp_path / "whole"))
    shutil.copytree(tmp_path / "whole", tmp_path / "died")
    gone = {file for pattern in lost for file in (tmp_path / "died").glob(pattern)}
    for file in gone:
        file.unlink()
    kept = {file: file.stat().st_mtime_ns for file in (tmp_path / "died").glob("*.npz")}
    missing = plan(tmp_path / "died").missing()
    await make(plan(tmp_path / "died"))
    assert content(tmp_path / "died") == content(tmp_path / "whole")
    for file, written in kept.items():
        if file.stem not in [shard.name for shard in missing]:
            assert file.stat().st_mtime_ns == written, "what was there is not made again"


async def test_shard_that_was_cut_short_is_made_again(tmp_path: Path) -> None:
    await make(plan(tmp_path))
    before = content(tmp_path)
    cut = tmp_path / "0000000000000257-0000000000000506.npz"
    cut.write_bytes(before[cut.name][:-100])
    await make(plan(tmp_path))
    assert content(tmp_path) == before


async def test_shard_that_fails_leaves_nothing(tmp_path: Path) -> None:
    async def failing(rows: Rows) -> Pixels:
        if rows[0, 0] != (await compute_first()):
            raise RuntimeError("no more")
        return await compute(rows)

    async def compute_first() -> float:
        return float(wanted.data_of(shard).rows(0, 1)[0, 0])

    wanted = plan(tmp_path)
    [shard, *_] = shards.begin(wanted)
    with pytest.raises(RuntimeError, match="no more"):
        await shards.write_shard(wanted, shard, failing)
    assert content(tmp_path).keys() == {"plan.json"}


async def test_what_a_node_that_died_had_begun_does_not_stay(tmp_path: Path) -> None:
    wanted = plan(tmp_path)
    for shard in shards.begin(wanted):
        await shards.write_shard(wanted, shard, compute)
        (tmp_path / f"{shard.name}.npz.0123abcd.part").write_bytes(b"half")
    shards.finish(wanted)
    assert {name.rsplit(".", 1)[-1] for name in content(tmp_path)} == {"npz", "json"}


async def test_folder_of_another_data_set_is_not_mixed_up(tmp_path: Path) -> None:
    wanted = plan(tmp_path)
    await shards.write_shard(wanted, shards.begin(wanted)[1], compute)  # and no more: it died
    for other in (plan(tmp_path, size=300), plan(tmp_path, n=500), plan(tmp_path, kind="parquet")):
        with pytest.raises(ForeignShards, match=r"choose another --out"):
            shards.begin(other)


async def test_any_place_that_fsspec_knows_will_do(tmp_path: Path) -> None:
    await make(plan(tmp_path))
    await make(plan("memory://bucket/digits"))
    memory = fsspec.filesystem("memory")
    found = {name.rsplit("/", 1)[-1]: memory.cat_file(name) for name in memory.ls("/bucket/digits", detail=False)}
    assert found == content(tmp_path)
    assert plan("memory://bucket/digits").missing() == []


def command(out: Path, *options: str, **environment: str) -> subprocess.Popen[str]:
    line = [sys.executable, "-m", "app", "dataset", "--n", "3000", "--shard", "250", "--first-seed", "3", "--out", str(out), *options]
    settings = {**os.environ, "KAKITE_WEIGHTS": kakite_alone(), **environment}
    return subprocess.Popen(line, env=settings, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


async def test_model_of_a_data_set_is_known_from_its_file_without_a_process(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    served = (await client.get("/models/cgan")).json()

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a process is started")

    monkeypatch.setattr(subprocess, "Popen", refuse)
    for name in ("cgan", f"cgan@{served['version']}"):
        known = bulk.looked_up(Settings(), name)
        assert (known.version, known.sha256) == (served["version"], served["sha256"])
    assert bulk.looked_up(Settings(model="dense"), None).card.name == "dense"
    with pytest.raises(UnknownModel, match=f"it is cgan@{served['version']}"):
        bulk.looked_up(Settings(), "cgan@00000000")
    with pytest.raises(WeightsError, match=r"holds no \.safetensors file"):
        bulk.looked_up(Settings(weights=tmp_path), None)


@pytest.fixture(scope="module")
def single(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What the single process makes."""
    out = tmp_path_factory.mktemp("single")
    told, errors = command(out).communicate(timeout=120)
    assert "3,000 digits" in told, errors
    return content(out)


@pytest.fixture(scope="module")
def cluster() -> Iterator[tuple[str, list[Callable[[], None]]]]:
    """Ray's own cluster of a head that computes nothing and two nodes of a core each: its address, and how to kill a node."""
    pytest.importorskip("ray")
    from ray.cluster_utils import Cluster

    running = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    try:
        nodes = [running.add_node(num_cpus=1) for _ in range(2)]
        yield running.address, [lambda node=node: running.remove_node(node, allow_graceful=False) for node in nodes]  # type: ignore[misc]
    finally:
        running.shutdown()


@pytest.mark.filterwarnings("ignore")
def test_shards_made_by_ray_on_two_nodes_are_those_of_the_single_process_though_one_is_killed(
    tmp_path: Path, single: dict[str, bytes], cluster: tuple[str, list[Callable[[], None]]]
) -> None:
    address, kill = cluster
    process = command(tmp_path, "--engine", "ray", RAY_ADDRESS=address)
    until(lambda: len(list(tmp_path.glob("0*.json"))) >= 4, process)
    assert len(list(tmp_path.glob("0*.json"))) < 12
    kill[0]()
    told, errors = process.communicate(timeout=240)
    assert process.returncode == 0, errors
    assert "3,000 digits" in told
    assert content(tmp_path) == single


def test_ctrl_c_keeps_what_is_whole_and_the_command_goes_on(tmp_path: Path, single: dict[str, bytes]) -> None:
    process = command(tmp_path)
    until(lambda: len(list(tmp_path.glob("0*.json"))) > 0, process)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 130
    assert 0 < len(list(tmp_path.glob("0*.json"))) < 12
    assert not list(tmp_path.glob("*.part"))
    told, errors = command(tmp_path).communicate(timeout=120)
    assert "of them there before" in told, errors
    assert content(tmp_path) == single
