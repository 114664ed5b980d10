"""The same bytes whatever the processor can do: the real sampler in processes that may use no more than an older processor has."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from models.cards import FOLDER
from models.computing import Int8

MODELS = ("cgan", "dcgan", "dense", "kakite")
SIZES = "1,5,8,13,21,32,47,64,100,256"
# What oneDNN is limited to, the capability that a processor needs for it, and the way that is taken then.
LIMITS = {
    "AVX2": ("avx2", "float32"),
    "AVX2_VNNI": ("avx_vnni", "int8"),
    "AVX512_CORE": ("avx512_vnni", "float32"),
    "AVX512_CORE_VNNI": ("avx512_vnni", "int8"),
    "AVX512_CORE_BF16": ("avx512_bf16", "int8"),
}

needs_int8 = pytest.mark.skipif(not Int8.is_for(torch.device("cpu")), reason="this processor has no VNNI")


def limited(limit: str) -> dict[str, str]:
    """The environment of a process whose oneDNN may use no more than that. Skips the test where the processor has less."""
    capability, _ = LIMITS[limit]
    if not torch.cpu.get_capabilities().get(capability):
        pytest.skip(f"this processor has no {capability}")
    return os.environ | {"ONEDNN_MAX_CPU_ISA": limit}


def every_batch(environment: dict[str, str], *arguments: str) -> dict[str, list[object]]:
    """By model: the way that was taken, and how many bytes differ, of 1,024 digits together and of 256 in batches of each size."""
    command = [sys.executable, "-m", "tests.every_batch", *arguments]
    done = subprocess.run(command, env=environment | {"GOMP_SPINCOUNT": "1000"}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


@pytest.mark.parametrize("threads", ["1", "2"])
def test_same_seed_same_bytes_alone_or_in_a_batch(threads: str) -> None:
    way = "int8" if Int8.is_for(torch.device("cpu")) else "float32"
    assert every_batch(dict(os.environ), "auto", threads, SIZES, *MODELS) == {model: [way, 0] for model in MODELS}


@needs_int8
@pytest.mark.parametrize("threads", ["1", "2"])
@pytest.mark.parametrize("limit", [limit for limit in LIMITS if limit != "AVX512_CORE"])  # where AVX2 stands for both
def test_same_seed_same_bytes_on_older_processors(limit: str, threads: str) -> None:
    assert every_batch(limited(limit), "auto", threads, SIZES, *MODELS) == {model: [LIMITS[limit][1], 0] for model in MODELS}


@needs_int8
@pytest.mark.parametrize("limit", ["AVX2", "AVX512_CORE"])
def test_int8_without_vnni_gives_other_bytes_and_so_is_found_out(limit: str) -> None:
    """Its pairs of products overflow. This shows, too, that the comparisons above can fail."""
    found = every_batch(limited(limit), "int8", "1", "64", "dcgan", "kakite")
    assert {model: bool(differing) for model, (_, differing) in found.items()} == {"dcgan": True, "kakite": True}


@needs_int8
def test_who_has_no_vnni_is_told_that_float32_agrees(tmp_path: Path) -> None:
    shutil.copy(FOLDER / "kakite.safetensors", tmp_path)
    environment = limited("AVX2") | {"KAKITE_WEIGHTS": str(tmp_path)}
    done = subprocess.run([sys.executable, "-m", "app", "verify"], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "int8                 gives other bytes" in done.stdout
    assert "float32 is taken" in done.stdout
    assert "All agree" in done.stdout
