"""A packed generator is the same function as the folded one, as near as its arithmetic."""

import platform

import pytest
import torch
from torch import Tensor, nn

from app.sampler import Sampler
from models.folding import Step, fold
from models.networks import Networks
from models.packing import PackedConv, PackedLinear, can_pack, pack
from models.pixels import to_uint8
from tests.test_folding import KINDS, inputs, lived_in

CPU = torch.device("cpu")


def grey(images: Tensor) -> Tensor:
    return to_uint8(images.float()).int()


@pytest.mark.skipif(not can_pack(CPU, torch.float32), reason="nothing is packed on this machine")
@pytest.mark.parametrize("networks", KINDS, ids=repr)
def test_packing_moves_no_pixel_by_more_than_a_grey_level(networks: Networks) -> None:
    generator = lived_in(networks, 10)
    rows = torch.cat(inputs(10, torch.float32), dim=1)
    assert (grey(fold(generator)(rows)) - grey(pack(fold(generator))(rows))).abs().max() <= 1


@pytest.mark.skipif(not can_pack(CPU, torch.bfloat16), reason="nothing is packed in bfloat16 on this machine")
@pytest.mark.parametrize("networks", KINDS, ids=repr)
def test_packing_brings_bfloat16_no_further_from_float32(networks: Networks) -> None:
    generator = lived_in(networks, 10)
    rows = torch.cat(inputs(10, torch.float32), dim=1)
    exact, short = grey(fold(generator)(rows)), rows.to(torch.bfloat16)
    plain, packed = fold(generator).to(torch.bfloat16), pack(fold(generator).to(torch.bfloat16))
    off_plain, off_packed = ((grey(net(short)) - exact).abs().float().mean() for net in (plain, packed))
    assert off_packed <= 1.05 * off_plain


@pytest.mark.skipif(platform.machine() != "x86_64", reason="tried on these processors only")
@pytest.mark.parametrize("networks", KINDS, ids=repr)
def test_service_packs_every_layer(networks: Networks) -> None:
    sampler = Sampler(lived_in(networks, 10), CPU, "float32")
    kinds = {type(module) for module in sampler.folded.modules()}
    assert kinds & {PackedLinear, PackedConv}
    assert not kinds & {Step, nn.Linear, nn.Conv2d}


def test_only_what_onednn_computes_here_is_packed() -> None:
    assert not can_pack(torch.device("cuda"), torch.bfloat16)
    assert not can_pack(CPU, torch.float64)
