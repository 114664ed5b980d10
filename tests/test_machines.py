"""The same bytes whatever the processor can do: the real ways in processes that may use no more than an older processor has."""

import json
import os
import subprocess
import sys

import pytest
import torch

from models.computing import Int8

MODELS = ("cgan", "dcgan", "dense", "kakite")
SIZES = "1,2,3,5,8,13,32,47,64,100,256"
WITHOUT_VNNI = ("AVX2", "AVX512_CORE")
WITH_VNNI = {"AVX2_VNNI": "avx_vnni", "AVX512_CORE_VNNI": "avx512_vnni", "AVX512_CORE_BF16": "avx512_bf16"}


def has(capability: str) -> bool:
    return bool(torch.cpu.get_capabilities().get(capability))


def differing(way: str, isa: str, threads: int, sizes: str = SIZES, models: tuple[str, ...] = MODELS) -> dict[str, int]:
    """Bytes of 1,024 digits, by model, in batches of those sizes."""
    command = [sys.executable, "-m", "tests.every_batch", way, str(threads), sizes, *models]
    environment = os.environ | {"GOMP_SPINCOUNT": "1000"} | ({"ONEDNN_MAX_CPU_ISA": isa} if isa else {})
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


needs_int8 = pytest.mark.skipif(not Int8.is_for(torch.device("cpu")), reason="this processor has no VNNI")


@needs_int8
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("isa", ["", *WITH_VNNI])
def test_same_seed_same_bytes_in_every_batch_as_int8(isa: str, threads: int) -> None:
    if isa and not has(WITH_VNNI[isa]):
        pytest.skip(f"this processor has no {isa}")
    assert differing("int8", isa, threads) == dict.fromkeys(MODELS, 0)


@pytest.mark.parametrize("isa", ["", "AVX2"])
def test_same_seed_same_bytes_in_every_batch_as_float32(isa: str) -> None:
    assert differing("float32", isa, 2, "1,7,64,256") == dict.fromkeys(MODELS, 0)


@needs_int8
@pytest.mark.parametrize("isa", WITHOUT_VNNI)
def test_int8_without_vnni_gives_other_bytes_and_so_is_found_out(isa: str) -> None:
    """Its pairs of products overflow. This shows, too, that the comparison above can fail."""
    if isa == "AVX512_CORE" and not has("avx512_vnni"):
        pytest.skip("this processor has no AVX-512")
    assert all(differing("int8", isa, 1, "64", ("dcgan", "kakite")).values())


@needs_int8
def test_service_on_a_processor_without_vnni_takes_float32_and_says_so() -> None:
    environment = os.environ | {"ONEDNN_MAX_CPU_ISA": "AVX2"}
    done = subprocess.run([sys.executable, "-m", "app", "verify"], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "int8     gives other bytes, so it is not taken" in done.stdout
    assert "float32  agrees" in done.stdout
    assert "All agree" in done.stdout
